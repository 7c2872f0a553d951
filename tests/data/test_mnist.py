"""MNIST against idx files made by hand, a server of this test, and the real set."""

import gzip
import hashlib
import http.server
import re
import struct
import threading
from functools import partial

import numpy as np
import pytest
from pydantic import ValidationError

from lucidag.data import mnist
from lucidag.data.mnist import fetch, read_idx
from lucidag.data.sources.mnist import Mnist
from lucidag.ground.download import Patience
from lucidag.ground.errors import InputError

NAMES = [f"{stem}-{kind}.gz" for stem in ("train", "t10k") for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]


def load(root, **told):
    return Mnist(source="mnist", root=str(root), **told).load()


def idx(values):
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.astype(np.uint8).tobytes()


@pytest.fixture
def tiny(tmp_path):
    """Write a tiny MNIST of 30 + 12 images; give its root and its arrays."""
    rng = np.random.default_rng(0)
    raw = tmp_path / "root" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    arrays = {}
    for stem, n in (("train", 30), ("t10k", 12)):
        arrays[stem] = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), np.arange(n) % 10
        (raw / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(arrays[stem][0])))
        (raw / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(arrays[stem][1])))
    return tmp_path / "root", arrays


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tiny):
    """Serve the tiny MNIST from this machine."""
    handler = partial(Quiet, directory=str(tiny[0] / "MNIST" / "raw"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_first_images_go_where_they_are_asked(tiny):
    root, arrays = tiny
    source = load(root, train=15, val=5, test=7)
    assert source.images.shape == (27, 28, 28, 1)
    assert (source.images[:20, :, :, 0] == arrays["train"][0][:20]).all()
    assert (source.images[20:, :, :, 0] == arrays["t10k"][0][:7]).all()
    assert source.table["split"].tolist() == ["train"] * 15 + ["val"] * 5 + ["test"] * 7
    assert source.table["label"].tolist() == [str(i % 10) for i in [*range(20), *range(7)]]
    assert source.table["image"].tolist()[19:21] == ["train-00019", "test-00000"]
    totals = source.images.reshape(27, -1).sum(axis=1)
    assert source.table["ink"].tolist() == ["thick" if t > np.median(totals) else "thin" for t in totals]


def test_none_takes_all_that_is_left(tiny):
    assert load(tiny[0]).table["split"].value_counts().to_dict() == {"train": 30, "test": 12}
    found = load(tiny[0], val=10).table["split"].value_counts().to_dict()
    assert found == {"train": 20, "val": 10, "test": 12}


def test_unzipped_files_are_read_too(tiny):
    before = load(tiny[0])
    for name in NAMES:
        file = tiny[0] / "MNIST" / "raw" / name
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    assert (load(tiny[0]).images == before.images).all()


def test_missing_files_are_fetched_whole(tiny, mirror, tmp_path, monkeypatch):
    root, arrays = tiny
    raw = root / "MNIST" / "raw"
    digests = {name: hashlib.sha256((raw / name).read_bytes()).hexdigest() for name in NAMES}
    monkeypatch.setattr(mnist, "DIGESTS", digests)
    source = load(tmp_path / "new", download=True, mirrors=[f"{mirror}nothing/", mirror])
    assert (source.images[:30, :, :, 0] == arrays["train"][0]).all()
    raw = tmp_path / "new" / "MNIST" / "raw"
    assert sorted(file.name for file in raw.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (raw / name).read_bytes() == (root / "MNIST" / "raw" / name).read_bytes()
    # what is there is not fetched again: this mirror does not exist
    fetch(raw, mirrors=("http://127.0.0.1:9/",))


def test_a_mirror_with_other_bytes_leaves_nothing(tiny, mirror, tmp_path):
    quick = Patience(tries=2, pause=0.01)
    with pytest.raises(InputError, match=rf"^mnist: {NAMES[0]} could not be downloaded: .*is not the file that was"):
        fetch(tmp_path / "new", (mirror,), patience=quick)  # which has others than those that were published
    assert not [file for file in (tmp_path / "new").iterdir() if file.suffix != ".lock"]
    with pytest.raises(InputError, match="must begin with http"):
        fetch(tmp_path / "new", ("file:///etc/",))
    with pytest.raises(ValidationError, match=r"mirrors\.0"):
        load(tmp_path / "new", mirrors=["file:///etc/"])


@pytest.mark.shared_data
def test_the_digests_are_those_of_the_files_that_torchvision_knows(shared_data):
    """It knows them by their MD5; a copy beside the checkout may be compressed anew."""
    from torchvision.datasets import MNIST

    assert sorted(mnist.DIGESTS) == sorted(NAMES)
    published = dict(MNIST.resources)
    files = [shared_data / "mnist" / "MNIST" / "raw" / name for name in NAMES]
    same = [file for file in files if hashlib.md5(file.read_bytes()).hexdigest() == published[file.name]]
    assert same
    for file in same:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == mnist.DIGESTS[file.name]


def test_missing_and_broken_files_are_named(tiny, tmp_path):
    raw = tiny[0] / "MNIST" / "raw"
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte.gz is missing; .* set `download: true`"):
        load(tmp_path / "nowhere")
    name = raw / "t10k-images-idx3-ubyte.gz"
    whole = name.read_bytes()
    plain = gzip.decompress(whole)
    for content in (
        whole[: len(whole) // 2],
        b"",
        plain,
        gzip.compress(plain[:-1]),
        gzip.compress(plain + b"\0"),
        gzip.compress(plain[:9]),
        gzip.compress(b"\x00\x00\x0d" + plain[3:]),
    ):
        name.write_bytes(content)
        with pytest.raises(InputError, match=re.escape(str(name))):
            load(tiny[0])
    name.write_bytes(gzip.compress(idx(np.zeros((11, 28, 28)))))
    with pytest.raises(InputError, match="do not belong together"):
        load(tiny[0])
    name.write_bytes(whole)
    (raw / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(12))))
    with pytest.raises(InputError, match="label 11 is not a digit"):
        load(tiny[0])


def test_more_than_there_is_cannot_be_asked(tiny):
    with pytest.raises(InputError, match=r"train has 30 images, which does not allow train 28, val 3"):
        load(tiny[0], train=28, val=3)
    with pytest.raises(InputError, match=r"t10k has 12 images, which does not allow test 13"):
        load(tiny[0], test=13)
    with pytest.raises(ValidationError, match=r"greater than or equal to 1"):
        load(tiny[0], test=-1)


def test_read_idx_of_any_rank(tmp_path):
    values = np.arange(24).reshape(2, 3, 4)
    (tmp_path / "x").write_bytes(idx(values))
    assert (read_idx(tmp_path / "x") == values).all()


@pytest.mark.shared_data
def test_the_real_set(shared_data):
    source = load(shared_data / "mnist")
    assert source.images.shape == (70000, 28, 28, 1)
    by_split = source.table.groupby("split")["label"]
    # the histograms that the set is published with
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert by_split.get_group("train").value_counts().sort_index().tolist() == train
    assert by_split.get_group("test").value_counts().sort_index().tolist() == test
    # mean and deviation that every MNIST tutorial normalises with
    assert source.images[:60000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert source.images[:60000].std() / 255 == pytest.approx(0.3081, abs=5e-5)


def test_of_a_file_gzipped_and_not_the_one_that_is_read_is_the_one_that_is_watched(tiny):
    root, arrays = tiny
    plain = root / "MNIST" / "raw" / "t10k-labels-idx1-ubyte"
    plain.write_bytes(idx(9 - arrays["t10k"][1]))
    watched = Mnist(source="mnist", root=str(root)).files()
    assert [file for file in watched if "t10k-labels" in file] == [str(plain)]
    labels = load(root).table["label"].iloc[-12:]
    assert labels.tolist() == [str(9 - digit) for digit in arrays["t10k"][1]]


def test_what_was_downloaded_is_no_new_input(tiny, tmp_path):
    before, after = (Mnist(source="mnist", root=str(root), download=True) for root in (tmp_path / "nothing", tiny[0]))
    assert before.files() == after.files()

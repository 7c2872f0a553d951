import functools
import hashlib
import http.server
import threading
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import DenseNet121_Weights, ResNet18_Weights

from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.weights import load_checkpoint, load_weights, read_classes, read_metadata, save_checkpoint

SMALL = "lucidag.models.small:small_cnn"


def small(classes: int = 3, seed: int = 0, **options: int) -> nn.Module:
    return build(SMALL, classes, {"channels": 1, "width": 4, "depth": 2, **options}, seed)


def same(one: nn.Module, two: nn.Module, but: tuple[str, ...] = ()) -> bool:
    a, b = one.state_dict(), two.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a if key not in but)


class Tied(nn.Module):
    """Two layers that share their weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight


def test_a_checkpoint_comes_back_and_its_bytes_are_the_same_each_time(tmp_path):
    metadata = {"architecture": SMALL, "classes": ["a", "b", "c"], "inputs": {"size": 8}}
    model = small()
    save_checkpoint(tmp_path / "one.safetensors", model, metadata)
    save_checkpoint(tmp_path / "two.safetensors", model.to(memory_format=torch.channels_last), metadata)
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    other = small(seed=1)
    assert not same(model, other)
    assert load_checkpoint(tmp_path / "one.safetensors", other) == metadata
    assert read_metadata(tmp_path / "one.safetensors") == metadata
    assert same(model, other)


def test_tied_weights_stay_tied(tmp_path):
    model = Tied()
    save_checkpoint(tmp_path / "tied.safetensors", model, {})
    other = Tied()
    load_checkpoint(tmp_path / "tied.safetensors", other)
    assert same(model, other)
    assert other.first.weight is other.second.weight


@pytest.mark.parametrize(
    ("suffix", "wrapping"),
    [
        *((suffix, wrapping) for suffix in (".pth", ".pt") for wrapping in ("plain", "module.", "state_dict", "model")),
        (".safetensors", "plain"),
        (".safetensors", "module."),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_files_from_elsewhere(tmp_path, suffix, wrapping, old):
    model = small()
    model.blocks.block1.norm.running_mean.uniform_()
    state = {k: v for k, v in model.state_dict().items() if not (old and k.endswith("num_batches_tracked"))}
    path = tmp_path / f"weights{suffix}"
    if wrapping == "module.":
        state = {f"module.{key}": value for key, value in state.items()}
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({wrapping: state, "epoch": 3} if wrapping in ("state_dict", "model") else state, path)
    other = small(seed=1)
    load_weights(other, str(path), head="fc")
    assert same(model, other)


def test_a_legacy_file_of_torch_save(tmp_path):
    model = small()
    torch.save(model.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    other = small(seed=1)
    load_weights(other, str(tmp_path / "old.pth"))
    assert same(model, other)


def test_another_number_of_classes_needs_a_new_head(tmp_path):
    model = small(classes=10)
    path = str(tmp_path / "ten.pth")
    torch.save(model.state_dict(), path)
    other = small(classes=3, seed=1)
    with pytest.raises(InputError, match=r"ten\.pth.*'fc' is for 10 classes, and the data set has 3.*new_head"):
        load_weights(other, path, head="fc")
    fresh = small(classes=3, seed=1)
    load_weights(other, path, head="fc", new_head=True)
    assert torch.equal(other.fc.weight, fresh.fc.weight)
    assert torch.equal(other.fc.bias, fresh.fc.bias)
    body = model.state_dict()
    assert all(torch.equal(v, body[k]) for k, v in other.state_dict().items() if not k.startswith("fc."))


def test_a_new_head_stays_new_where_the_number_of_classes_is_the_same(tmp_path):
    path = str(tmp_path / "three.pth")
    torch.save(small().state_dict(), path)
    other, fresh = small(seed=1), small(seed=1)
    load_weights(other, path, head="fc", new_head=True)
    assert torch.equal(other.fc.weight, fresh.fc.weight)
    assert same(other, small(), but=("fc.weight", "fc.bias"))


class Trap:
    """A pickle of this writes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


def spoil(path: Path, kind: str) -> None:
    """Write one kind of broken file."""
    state = small().state_dict()
    if kind == "garbage":
        path.write_bytes(b"\x00garbage" * 9)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "truncated":
        torch.save(state, path)
        path.write_bytes(path.read_bytes()[:-300])
    elif kind == "list":
        torch.save([torch.zeros(2)], path)
    elif kind == "nothing inside":
        torch.save({}, path)
    elif kind in ("nan", "inf"):
        state["blocks.block2.conv.weight"][1, 1] = float(kind)
        torch.save(state, path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "there is no such file"),
        ("garbage", "cannot be read"),
        ("empty", "cannot be read"),
        ("truncated", "cannot be read"),
        ("list", "hold no named tensor"),
        ("nothing inside", "hold no named tensor"),
        ("nan", "tensor 'blocks.block2.conv.weight' holds NaN"),
        ("inf", "tensor 'blocks.block2.conv.weight' holds NaN or infinite"),
    ],
)
def test_each_broken_file_is_named_with_its_fault(tmp_path, kind, words):
    path = tmp_path / "broken.pth"
    spoil(path, kind)
    with pytest.raises(InputError, match=words) as caught:
        load_weights(small(), str(path), head="fc")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_never_run(tmp_path, zipped):
    path, mark = tmp_path / "trap.pth", tmp_path / "mark"
    torch.save({"weights": Trap(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match="are refused"):
        load_weights(small(), str(path))
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"garbage that is long enough", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_broken_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"checkpoint\.safetensors does not hold a checkpoint of lucidag"):
        load_checkpoint(path, small())


def test_a_checkpoint_of_another_architecture_says_what_differs(tmp_path):
    path = tmp_path / "resnet.pth"
    torch.save(build("resnet18", 3, {}, 0).state_dict(), path)
    with pytest.raises(InputError) as caught:
        load_weights(build("resnet34", 3, {}, 0), str(path), head="fc")
    assert "missing: layer1.2.conv1.weight" in str(caught.value)
    with pytest.raises(InputError) as caught:
        load_weights(build("resnet50", 3, {}, 0), str(path), head="fc")
    assert "of another shape: layer1.0.conv1.weight (64, 64, 3, 3) instead of (64, 64, 1, 1)" in str(caught.value)
    save_checkpoint(tmp_path / "wide.safetensors", small(width=8), {})
    with pytest.raises(InputError, match=r"wide\.safetensors are not those of this network 'SmallCNN': of another"):
        load_checkpoint(tmp_path / "wide.safetensors", small())


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Serve a folder over HTTP, let torch's hub folder be empty, and give (folder, url)."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def publish(folder: Path, state: object, name: str) -> str:
    """Save under a name that carries the first eight digits of the file's hash, as torchvision does."""
    torch.save(state, folder / "draft.pth")
    digest = hashlib.sha256((folder / "draft.pth").read_bytes()).hexdigest()[:8]
    (folder / "draft.pth").rename(folder / f"{name}-{digest}.pth")
    return f"{name}-{digest}.pth"


@pytest.mark.parametrize("name", ["IMAGENET1K_V1", "DEFAULT", "ResNet18_Weights.IMAGENET1K_V1"])
def test_published_weights_are_downloaded_checked_and_loaded(served, monkeypatch, name):
    folder, url = served
    model = build("resnet18", 1000, {}, seed=3)
    file = publish(folder, model.state_dict(), "resnet18")
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", f"{url}/{file}")
    other = build("resnet18", 1000, {}, seed=4)
    load_weights(other, name, head="fc", architecture="resnet18")
    assert same(model, other)
    few = build("resnet18", 7, {}, seed=4)
    load_weights(few, name, head="fc", new_head=True, architecture="resnet18")  # now from the hub folder
    assert torch.equal(few.conv1.weight, model.conv1.weight)


def test_a_download_that_fails_or_is_not_what_was_published(served, monkeypatch):
    folder, url = served
    entry = ResNet18_Weights.IMAGENET1K_V1.value
    monkeypatch.setattr(entry, "url", f"{url}/missing-01234567.pth")
    with pytest.raises(InputError, match=r"'DEFAULT': missing-01234567.* could not be downloaded: .*status 404"):
        load_weights(build("resnet18", 1000, {}, 0), "DEFAULT", architecture="resnet18")
    (folder / "changed-01234567.pth").write_bytes(b"something else")
    monkeypatch.setattr(entry, "url", f"{url}/changed-01234567.pth")
    with pytest.raises(InputError, match=r"it is not the file that was published \(SHA-256 .*not 01234567"):
        load_weights(build("resnet18", 1000, {}, 0), "DEFAULT", architecture="resnet18")


def test_the_old_names_of_published_densenets(served, monkeypatch):
    folder, url = served
    model = build("densenet121", 1000, {}, seed=3)
    state = model.state_dict()
    old = {}
    for key, value in state.items():
        head, _, tail = key.rpartition("denselayer")
        for part in ("norm1", "norm2", "conv1", "conv2"):
            tail = tail.replace(part, f"{part[:-1]}.{part[-1]}")
        old[f"{head}denselayer{tail}" if head else key] = value
    assert old.keys() != state.keys()
    monkeypatch.setattr(DenseNet121_Weights.IMAGENET1K_V1.value, "url", f"{url}/{publish(folder, old, 'densenet121')}")
    other = build("densenet121", 1000, {}, seed=4)
    load_weights(other, "IMAGENET1K_V1", head="classifier", architecture="densenet121")
    assert same(model, other)


@pytest.mark.parametrize(
    ("source", "architecture", "words"),
    [
        ("IMAGENET1K_V3", "resnet18", "did you mean 'IMAGENET1K_V1'"),
        ("DEFAULT", "lucidag.models.small:small_cnn", "is not torchvision's"),
        ("DEFAULT", "googlenet", "transform_input: true"),
    ],
)
def test_a_wrong_name_of_published_weights(source, architecture, words):
    model = build(architecture, 3, {}, seed=0)
    with pytest.raises(InputError, match=words):
        load_weights(model, source, head="fc", architecture=architecture)


def test_helping_heads_of_googlenet_are_left_out(tmp_path):
    import torchvision

    whole = torchvision.models.googlenet(num_classes=4, init_weights=False)
    torch.save(whole.state_dict(), tmp_path / "googlenet.pth")
    model = build("googlenet", 4, {}, seed=1)
    load_weights(model, str(tmp_path / "googlenet.pth"), head="fc")
    assert torch.equal(model.fc.weight, whole.fc.weight)


def test_a_new_head_needs_a_head(tmp_path):
    with pytest.raises(InputError, match="ends neither in a linear layer nor in a 1 x 1 convolution"):
        load_weights(small(), str(tmp_path / "any.pth"), head=None, new_head=True)


@pytest.mark.shared_data
@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_the_imagenet_weights_beside_the_checkout(shared_data, architecture):
    files = sorted(p for p in (shared_data / "weights").iterdir() if p.name.startswith(architecture))
    files = [p for p in files if p.suffix in (".safetensors", ".pth")]
    assert files
    model = build(architecture, 1000, {}, seed=0)
    fresh = model.conv1.weight.clone()
    load_weights(model, str(files[0]), head="fc", architecture=architecture)
    assert not torch.equal(model.conv1.weight, fresh)


def test_weights_in_the_hub_folder_that_are_not_those_published_are_not_used(served, monkeypatch):
    folder, url = served
    model = build("resnet18", 1000, {}, seed=3)
    file = publish(folder, model.state_dict(), "resnet18")
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", f"{url}/{file}")
    there = Path(torch.hub.get_dir()) / "checkpoints" / file
    there.parent.mkdir(parents=True)
    there.write_bytes(b"cut")
    with pytest.raises(InputError, match=r"is not the file that was published at .*; remove it, and it is fetched"):
        load_weights(build("resnet18", 1000, {}, 0), "DEFAULT", architecture="resnet18")


def test_a_mirror_of_the_environment_is_asked_first(served, monkeypatch):
    folder, url = served
    model = build("resnet18", 1000, {}, seed=3)
    file = publish(folder, model.state_dict(), "resnet18")
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", f"http://127.0.0.1:9/{file}")
    monkeypatch.setenv("LUCIDAG_WEIGHTS_MIRRORS", f"{url}/nothing {url}/")
    other = build("resnet18", 1000, {}, seed=4)
    load_weights(other, "DEFAULT", head="fc", architecture="resnet18")
    assert same(model, other)


@pytest.mark.parametrize("words", ["[]", "1", '"x"', "{", "[" * 100_000, "{}", '{"classes": 3}', '{"classes": [1]}'])
def test_a_checkpoint_of_ones_own_whose_words_are_damaged_is_named(tmp_path, words):
    save_file(small().state_dict(), tmp_path / "c.safetensors", metadata={"lucidag": words})
    with pytest.raises(InputError, match=r"c\.safetensors does not "):
        read_classes(tmp_path / "c.safetensors")


ODD = {
    "sparse": lambda value: value.to_sparse(),
    "on the device 'meta'": lambda value: torch.empty(value.shape, device="meta"),
    "quantised": lambda value: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
    "int8": lambda value: value.to(torch.int8),
    "bool": lambda value: value > 0,
    "complex64": lambda value: value.to(torch.complex64),
    "NaN or infinite": lambda value: value.double() * 1e300,
    "of another shape": lambda _: torch.zeros(1).expand(2**20, 2**20),
    "missing: fc.weight": lambda value: torch.nested.nested_tensor([value[0], value[0, :1]]),
}


@pytest.mark.parametrize("words", ODD)
def test_a_tensor_of_another_kind_is_named_in_one_line(tmp_path, words):
    state = small().state_dict()
    state["fc.weight"] = ODD[words](state["fc.weight"])
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=words) as caught:
        load_weights(small(), str(tmp_path / "w.pth"), head="fc")
    assert len(caught.value.lines) == 1


def test_a_container_that_holds_itself_ends(tmp_path):
    state = {"weights": dict(small().state_dict())}
    state["again"] = state
    torch.save(state, tmp_path / "w.pth")
    load_weights(small(), str(tmp_path / "w.pth"), head="fc")


def test_an_archive_that_grows_is_refused_before_it_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(2**26))
    with pytest.raises(InputError, match="bytes would unpack to 67,108,864"):
        load_weights(small(), str(tmp_path / "w.pth"), head="fc")

"""MNIST from the four idx files in torchvision's folder layout, ``{root}/MNIST/raw``."""

import gzip
import math
import string
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.ink import ink
from lucidag.data.source import Source
from lucidag.ground.download import Patience, download
from lucidag.ground.errors import InputError, told_of
from lucidag.ground.files import is_file

# SHA-256 of the four files as they were published.
DIGESTS = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
LARGEST = 2**24  # bytes of a file


def load(raw: Path, files: Sequence[str], asked: Mapping[str, Mapping[str, int | None]]) -> Source:
    """Give MNIST, or the first images of it.

    Ids are ``train-00000`` and ``test-00000`` by their place in the official file (validation images stand in the
    training file); the metadata column is ``ink``.

    Parameters
    ----------
    raw
        The folder of the files.
    files
        Images and labels for training, then for testing.
    asked
        By ``train`` and ``t10k``: how many images each split takes; None takes what is left.

    Raises
    ------
    InputError
        If a file is missing, truncated or no idx file, or has fewer images than asked for.
    """
    images, labels, ids, splits = [], [], [], []
    for (stem, counts), name, pair in zip(asked.items(), ("train", "test"), (files[:2], files[2:]), strict=True):
        x, y = _pair(*pair)
        wanted = _wanted(raw, stem, len(x), counts)
        number = sum(wanted.values())
        images.append(x[:number])
        labels += [str(label) for label in y[:number]]
        ids += [f"{name}-{row:05d}" for row in range(number)]
        splits += [split for split, count in wanted.items() for _ in range(count)]
    joined = np.concatenate(images)[:, :, :, None]
    table = pd.DataFrame({"image": ids, "label": labels, "split": splits, "ink": ink(joined)})
    return Source(table, tuple(string.digits), joined)


def fetch(
    raw: str | Path,
    mirrors: Sequence[str],
    digests: Mapping[str, str] | None = None,
    patience: Patience | None = None,
) -> None:
    """Download those of the four files that are missing under `raw`, each as it was published and whole.

    Parameters
    ----------
    raw
        The folder of the files.
    mirrors
        Addresses that the name of a file follows.
    digests
        Name of each file to its SHA-256; None: `DIGESTS`.
    patience
        How long a mirror is waited for.

    Raises
    ------
    InputError
        If no mirror gives a file as it was published.
    """
    for name, digest in (digests or DIGESTS).items():
        if not any(is_file(Path(raw) / file) for file in (name, name.removesuffix(".gz"))):
            addresses = [f"{mirror.rstrip('/')}/{name}" for mirror in mirrors]
            with told_of("mnist"):
                download(Path(raw) / name, addresses, digest, patience, LARGEST)


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes (gzipped if its name ends in ``.gz``).

    Raises
    ------
    InputError
        If the file is missing, truncated, or no idx file of unsigned bytes.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    return _parse(content, str(path), str(path).endswith(".gz"))


def _parse(content: bytes, name: str, zipped: bool) -> NDArray[np.uint8]:
    """Parse idx: two zero bytes, the type (8 is unsigned byte), the rank, the sizes, the values."""
    try:
        data = gzip.decompress(content) if zipped else content
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name} is truncated or no gzip file: {error}") from error
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise InputError(f"{name} is no idx file of unsigned bytes: it begins with {data[:4].hex() or 'nothing'}")
    rank = data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise InputError(f"{name} is truncated: {len(data)} bytes, the header alone has {start}")
    shape = struct.unpack(f">{rank}I", data[4:start])
    if len(data) != start + math.prod(shape):
        sizes = " x ".join(str(size) for size in shape)
        raise InputError(f"{name} is truncated or too long: {len(data) - start} values, its header says {sizes}")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)


def _pair(images: str, labels: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images and labels of one official file."""
    x, y = read_idx(images), read_idx(labels)
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
        raise InputError(f"{images} ({x.shape}) and {labels} ({y.shape}) do not belong together")
    if y.max(initial=0) > 9:
        raise InputError(f"{labels}: label {y.max()} is not a digit")
    return x, y


def _wanted(raw: Path, stem: str, there: int, asked: Mapping[str, int | None]) -> dict[str, int]:
    """Resolve None to what is left, and refuse to give more than there is."""
    fixed = sum(count for count in asked.values() if count is not None)
    if fixed > there:
        wish = ", ".join(f"{split} {'all' if count is None else count}" for split, count in asked.items())
        raise InputError(f"{raw}: file {stem} has {there} images, which does not allow {wish}")
    return {split: there - fixed if count is None else count for split, count in asked.items()}

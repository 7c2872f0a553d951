"""MNIST from the four idx files in torchvision's folder layout, ``{root}/MNIST/raw``."""

import gzip
import http.client
import math
import string
import struct
import urllib.request
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.ink import ink
from lucidag.data.source import Source
from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic

MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")


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


def fetch(raw: str | Path, mirrors: Sequence[str] = MIRRORS) -> None:
    """Download those of the four files that are missing under `raw`; each is checked and appears whole.

    Raises
    ------
    InputError
        If no mirror gives a file, or a mirror gives something else than an idx file.
    """
    for stem in ("train", "t10k"):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            name = f"{stem}-{kind}"
            if not any((Path(raw) / file).is_file() for file in (name, f"{name}.gz")):
                content = _download(f"{name}.gz", mirrors)
                with atomic(Path(raw) / f"{name}.gz") as partial:
                    partial.write_bytes(content)


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


def _download(name: str, mirrors: Sequence[str]) -> bytes:
    failures = []
    for mirror in mirrors:
        if not mirror.startswith(("http://", "https://")):
            raise InputError(f"mnist, mirrors: '{mirror}' must begin with http:// or https://")
        try:
            with urllib.request.urlopen(mirror + name, timeout=60) as answer:  # noqa: S310 (http, see above)
                content: bytes = answer.read()
            _parse(content, mirror + name, zipped=True)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{mirror}{name}: {error}")
        except InputError as error:
            failures.append(str(error))
        else:
            return content
    raise InputError(f"MNIST could not be downloaded ({'; '.join(failures)})")

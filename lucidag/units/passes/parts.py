"""What a pass over some images of a probe set gives, and what all of them give together. No torch.

What comes out does not depend on where the images are divided, to the last bit: the greatest values and the best
images of all are among those of the parts, and sums are taken over the file of all images, in its order.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic
from lucidag.ground.join import PIECE, open_part
from lucidag.ground.tensors import read_tensors
from lucidag.units.passes.unit_statistics import LayerStatistics, Pass, Statistics, layer_columns

ROWS = 64  # images whose activations are added up at a time
WHAT = "a part of a pass"


@dataclass(frozen=True)
class LayerPart:
    """The U units of one layer over the n images of a part.

    Attributes
    ----------
    top, top_values
        int64 and float32 U x min(T, n), as in `LayerStatistics`; images by their number in the whole probe set.
    peak
        float32 U: the greatest activation at any position; -inf where there is no image.
    tail
        float32 U x L, the greatest of the activations that thresholds come from, in any order: as many as the rank of
        the threshold among those of the whole probe set, or all that the part has.
    """

    top: NDArray[np.int64]
    top_values: NDArray[np.float32]
    peak: NDArray[np.float32]
    tail: NDArray[np.float32]


@dataclass(frozen=True)
class Part(Pass[LayerPart]):
    """What the pass over a part gives.

    Attributes
    ----------
    ranks
        By layer, the rank from above of the threshold, in the whole probe set.
    top
        How many images are kept a unit, T.
    """

    ranks: Mapping[str, int]
    top: int


def read_part(path: str | Path) -> Part:
    """Read what `lucidag.units.passes.unit_statistics.write_pass` wrote of a part; the layers stay on the disk.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, WHAT) as (_, about):
        return Part(**Part.known(about) | {"layers": _Stored(path, tuple(about["layers"]))})


class _Stored(Mapping[str, LayerPart]):
    """The layers of a part in a file, each read when it is asked for."""

    def __init__(self, path: str | Path, layers: tuple[str, ...]) -> None:
        self._path, self._layers = path, layers

    def __getitem__(self, layer: str) -> LayerPart:
        with read_tensors(self._path, WHAT) as (handle, _):
            return LayerPart(**{field.name: handle.get_tensor(f"{layer}/{field.name}") for field in fields(LayerPart)})

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)


def whole_of(parts: Sequence[Part], activations: str | Path) -> Statistics:
    """Make the statistics of a probe set out of those of its parts.

    It takes the memory of the greatest values of one layer a few times over, whatever the number of parts.

    Parameters
    ----------
    parts
        In the order of the images, one or more; none of them need have an image, but all together.
    activations
        The pooled activations of all images, .npy, float32 N x all units.

    Raises
    ------
    InputError
        If the parts are not of one pass.
    """
    first = parts[0]
    for part in parts[1:]:
        if replace(part, images=(), layers={}) != replace(first, images=(), layers={}):
            raise InputError("the parts of the pass over the probe set are of different passes")
    images = tuple(image for part in parts for image in part.images)
    total, active = _sums(activations)
    layers = {}
    for layer, columns in layer_columns(first.shapes).items():
        best, peak, threshold = _extremes((part.layers[layer] for part in parts), first.top, first.ranks[layer])
        layers[layer] = LayerStatistics(
            top=best[0],
            top_values=best[1],
            threshold=threshold,
            mean=(total[columns] / len(images)).astype(np.float32),
            peak=peak,
            share_active=(active[columns] / len(images)).astype(np.float32),
        )
    return Statistics(images, layers, first.shapes, first.pooling, first.quantile, first.looked_at)


def _extremes(
    parts: Iterable[LayerPart], top: int, rank: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.float32]], NDArray[np.float32], NDArray[np.float32]]:
    """Give the best images with their activations, the peak and the threshold of the units of a layer."""
    parts = iter(parts)
    first = next(parts)
    best, peak, tail = (first.top, first.top_values), first.peak, first.tail
    for part in parts:
        best = best_of((best, (part.top, part.top_values)), top)
        peak = np.maximum(peak, part.peak)
        tail = np.concatenate([tail, part.tail], axis=1)
        if tail.shape[1] > rank:
            tail.partition(tail.shape[1] - rank, axis=1)
            tail = tail[:, -rank:].copy()
    # Which of 0 and -0 comes out depends on the order: it is 0.
    return best, peak + np.float32(0), tail.min(axis=1) + np.float32(0)


def best_of(
    found: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], top: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give the `top` best of images with their activations, each U x any; of equal ones those that come first."""
    rows, values = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
    best = np.argsort(-values, axis=1, kind="stable")[:, :top]
    return np.take_along_axis(rows, best, axis=1), np.take_along_axis(values, best, axis=1)


def join_activations(path: str | Path, parts: Sequence[str | Path]) -> None:
    """Write the pooled activations of all parts as one file, piece by piece.

    Raises
    ------
    InputError
        If a part is missing, cut short or something else, or has another number of units.
    """
    shapes = []
    for part in parts:
        with open_part(part) as file:
            shapes.append(_shape(file, part))
    for part, shape in zip(parts, shapes, strict=True):
        if shape[1] != shapes[0][1]:
            raise InputError(f"{part} holds the activations of {shape[1]} units, and {parts[0]} of {shapes[0][1]}")
    size = (sum(shape[0] for shape in shapes), shapes[0][1])
    with atomic(path) as partial, partial.open("wb") as out:
        about = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": size}
        np.lib.format.write_array_header_1_0(out, about)
        for part in parts:
            with open_part(part) as file:
                _shape(file, part)
                shutil.copyfileobj(file, out, PIECE)


def _sums(path: str | Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Add up the activations of each unit, and count the images where it is above 0."""
    with Path(path).open("rb") as file:
        images, units = _shape(file, path)
        total, active = np.zeros(units), np.zeros(units, np.int64)
        for start in range(0, images, ROWS):
            rows = min(ROWS, images - start)
            values = np.fromfile(file, np.float32, rows * units).reshape(rows, units)
            total += values.sum(axis=0, dtype=np.float64)
            active += (values > 0).sum(axis=0)
    return total, active


def _shape(file: BinaryIO, path: str | Path) -> tuple[int, int]:
    """Read the header of an .npy file of activations: N and the number of units; what follows are the values."""
    try:
        version = np.lib.format.read_magic(file)
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file) if version == (1, 0) else ((), True, None)
    except ValueError as error:
        raise InputError(f"{path} does not hold activations of lucidag: {error}") from error
    if len(shape) != 2 or fortran or kind != np.float32:
        raise InputError(f"{path} does not hold activations of lucidag: it must be float32, images x units")
    if os.fstat(file.fileno()).st_size - file.tell() != shape[0] * shape[1] * kind.itemsize:
        raise InputError(f"{path} does not hold activations of lucidag: it is cut short or has something after them")
    return shape[0], shape[1]

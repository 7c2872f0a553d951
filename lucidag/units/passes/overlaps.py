"""How far the regions of units overlap with concepts, counted in pixels (Network Dissection). No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.tensors import read_tensors, write_tensors

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Overlaps:
    """Pixels that units and concepts share, added over a probe set, in the frame that the network sees.

    Attributes
    ----------
    counts
        int64 by name: ``{layer}/intersection/{category}`` and ``{layer}/union/{category}`` U x C, where images in
        which nothing of a category is labelled count for none of its unions; ``area/{category}`` C, the pixels of
        each concept. ``{layer}/half/intersection/{category}`` and ``{layer}/half/union/{category}``: the same of the
        half of the images that chooses the labels to be tested.
    concepts
        The names of the C concepts of each category.
    layers
        The names of the layers.
    pixels
        By category: all pixels of the images in which something of it is labelled.
    images
        How many images there were.
    quantile
        The share of activations above the threshold of a unit.
    size
        The side S of the frame.
    """

    counts: Mapping[str, Counts]
    concepts: Mapping[str, tuple[str, ...]]
    layers: tuple[str, ...]
    pixels: Mapping[str, int]
    images: int
    quantile: float
    size: int

    def intersection(self, layer: str, category: str) -> Counts:
        """Give the pixels that the units of a layer share with the concepts of a category: U x C."""
        return self.counts[f"{layer}/intersection/{category}"]

    def union(self, layer: str, category: str) -> Counts:
        """Give the pixels of the units of a layer, of the concepts of a category, and of both: U x C."""
        return self.counts[f"{layer}/union/{category}"]

    def area(self, category: str) -> Counts:
        """Give the pixels of the concepts of a category: C."""
        return self.counts[f"area/{category}"]

    def iou(self, layer: str, category: str) -> NDArray[np.float64]:
        """Give intersection over union of the units of a layer: float64 U x C, 0 where the union is empty."""
        return self.intersection(layer, category) / np.maximum(self.union(layer, category), 1)

    def half_iou(self, layer: str, category: str) -> NDArray[np.float64]:
        """Give `iou` of the choosing half of the images (see `lucidag.units.halves.chosen_half`)."""
        half = f"{layer}/half"
        return self.counts[f"{half}/intersection/{category}"] / np.maximum(self.counts[f"{half}/union/{category}"], 1)


def ceilings(overlaps: Overlaps) -> dict[str, NDArray[np.float64]]:
    """Give the greatest IoU that a unit can about reach with each concept: C by category.

    A unit is on in about `quantile` of all pixels: where a concept covers more, or less, even a perfect detector
    has an IoU of the smaller area over the larger. What it is on too much may lie in images in which nothing of the
    category is labelled, where it does not count.
    """
    every, on = overlaps.images * overlaps.size**2, overlaps.quantile
    found = {}
    for category in overlaps.concepts:
        area = overlaps.area(category)
        share, elsewhere = area / every, 1 - overlaps.pixels[category] / every
        counted = np.maximum(share, on - elsewhere)
        found[category] = np.minimum(share, on) / np.where(share > 0, counted, 1)
    return found


def write_overlaps(path: str | Path, content: Overlaps) -> None:
    """Write overlaps as safetensors, whole or not at all; the tensors are `Overlaps.counts`."""
    write_tensors(path, content.counts, {name: known for name, known in vars(content).items() if name != "counts"})


def add_overlaps(parts: Iterable[Overlaps]) -> Overlaps:
    """Add up the overlaps of parts of a probe set.

    Raises
    ------
    InputError
        If the parts are not of the same layers and concepts.
    """

    def added(one: Overlaps, other: Overlaps) -> Overlaps:
        if replace(one, counts={}, pixels={}, images=0) != replace(other, counts={}, pixels={}, images=0):
            raise InputError("the parts of Network Dissection are of different layers or concepts")
        return replace(
            one,
            counts={name: counts + other.counts[name] for name, counts in one.counts.items()},
            pixels={category: count + other.pixels[category] for category, count in one.pixels.items()},
            images=one.images + other.images,
        )

    return reduce(added, parts)


def read_overlaps(path: str | Path) -> Overlaps:
    """Read what `write_overlaps` wrote.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "overlaps") as (handle, about):
        concepts = {category: tuple(names) for category, names in about["concepts"].items()}
        counts = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 (no mapping)
        return Overlaps(counts, **about | {"concepts": concepts, "layers": tuple(about["layers"])})

"""How far the regions of units overlap with concepts, counted in pixels (Network Dissection). No torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.tensors import read_tensors, write_tensors

Counts = NDArray[np.int64]
ABOUT = ("pixels", "images", "quantile", "size")  # what no array holds


@dataclass(frozen=True)
class Overlaps:
    """Pixels that units and concepts share, added over a probe set, in the frame that the network sees.

    Attributes
    ----------
    concepts
        The names of the C concepts of each category.
    intersection, union
        int64 U x C by layer and category. Images in which nothing of a category is labelled count for
        none of its unions.
    area
        int64 C by category: the pixels of each concept.
    pixels
        By category: all pixels of the images in which something of it is labelled.
    images
        How many images there were.
    quantile
        The share of activations above the threshold of a unit.
    size
        The side S of the frame.
    """

    concepts: Mapping[str, tuple[str, ...]]
    intersection: Mapping[str, Mapping[str, Counts]]
    union: Mapping[str, Mapping[str, Counts]]
    area: Mapping[str, Counts]
    pixels: Mapping[str, int]
    images: int
    quantile: float
    size: int

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers."""
        return tuple(self.intersection)

    def iou(self, layer: str, category: str) -> NDArray[np.float64]:
        """Give intersection over union of the units of a layer: float64 U x C, 0 where the union is empty."""
        union = self.union[layer][category]
        return self.intersection[layer][category] / np.maximum(union, 1)


def ceilings(overlaps: Overlaps) -> dict[str, NDArray[np.float64]]:
    """Give the greatest IoU that a unit can about reach with each concept: C by category.

    A unit is on in about `quantile` of all pixels: where a concept covers more, or less, even a perfect detector
    has an IoU of the smaller area over the larger. What it is on too much may lie in images in which nothing of the
    category is labelled, where it does not count.
    """
    every, on = overlaps.images * overlaps.size**2, overlaps.quantile
    found = {}
    for category, area in overlaps.area.items():
        share, elsewhere = area / every, 1 - overlaps.pixels[category] / every
        counted = np.maximum(share, on - elsewhere)
        found[category] = np.minimum(share, on) / np.where(share > 0, counted, 1)
    return found


def write_overlaps(path: str | Path, content: Overlaps) -> None:
    """Write overlaps as safetensors, whole or not at all.

    The tensors are ``{layer}/intersection/{category}`` and ``{layer}/union/{category}`` (U x C) and
    ``area/{category}`` (C).
    """
    tensors = {f"area/{category}": area for category, area in content.area.items()}
    for layer in content.layers:
        for category in content.concepts:
            tensors[f"{layer}/intersection/{category}"] = content.intersection[layer][category]
            tensors[f"{layer}/union/{category}"] = content.union[layer][category]
    about = {name: getattr(content, name) for name in ("concepts", "layers", *ABOUT)}
    write_tensors(path, tensors, about)


def add_overlaps(parts: Iterable[Overlaps]) -> Overlaps:
    """Add up the overlaps of parts of a probe set.

    Raises
    ------
    InputError
        If the parts are not of the same layers and concepts.
    """

    def known(part: Overlaps) -> tuple[object, ...]:
        return part.layers, dict(part.concepts), part.quantile, part.size

    def both(one: Mapping[str, Counts], other: Mapping[str, Counts]) -> dict[str, Counts]:
        return {category: counts + other[category] for category, counts in one.items()}

    def added(one: Overlaps, other: Overlaps) -> Overlaps:
        if known(one) != known(other):
            raise InputError("the parts of Network Dissection are of different layers or concepts")
        return Overlaps(
            concepts=one.concepts,
            intersection={layer: both(one.intersection[layer], other.intersection[layer]) for layer in one.layers},
            union={layer: both(one.union[layer], other.union[layer]) for layer in one.layers},
            area=both(one.area, other.area),
            pixels={category: count + other.pixels[category] for category, count in one.pixels.items()},
            images=one.images + other.images,
            quantile=one.quantile,
            size=one.size,
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

        def of(layer: str, what: str) -> dict[str, Counts]:
            return {category: handle.get_tensor(f"{layer}/{what}/{category}") for category in concepts}

        return Overlaps(
            concepts=concepts,
            intersection={layer: of(layer, "intersection") for layer in about["layers"]},
            union={layer: of(layer, "union") for layer in about["layers"]},
            area={category: handle.get_tensor(f"area/{category}") for category in concepts},
            **{name: about[name] for name in ABOUT},
        )

"""The images whose explanations are compared: joined from several files, checked, stacked by method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.agreement.masks import evidence
from lucidag.explain.store import Explained, Kind, read_explained
from lucidag.ground.errors import InputError


@dataclass(frozen=True)
class Stack:
    """The maps of one method.

    Attributes
    ----------
    method, kind
        Its name, and what its maps are.
    rows
        Which images have such a map, ascending.
    values
        float32 n x P: the evidence of their maps (`lucidag.explain.agreement.masks.evidence`), flat.
    ranked
        n x P: the ranks of their pixels.
    """

    method: str
    kind: Kind
    rows: NDArray[np.intp]
    values: NDArray[np.float32]
    ranked: NDArray  # int32, or float64 for correlations

    def only(self, rows: NDArray[np.intp]) -> "Stack":
        """Return the stack of those `rows` alone."""
        if len(rows) == len(self.rows):
            return self
        at = np.searchsorted(self.rows, rows)
        return replace(self, rows=rows, values=self.values[at], ranked=self.ranked[at])


def read_images(paths: Sequence[str | Path], methods: Sequence[str]) -> list[Explained]:
    """Read the explanations of some images by some methods from all their files; see `joined`."""
    images = joined([read_explained(path) for path in paths])
    return [replace(each, maps={name: each.maps[name] for name in methods if name in each.maps}) for each in images]


def joined(files: Sequence[Sequence[Explained]]) -> list[Explained]:
    """Merge the explanations of the same images from several files.

    Parameters
    ----------
    files
        What each holds; the order is that in which the images first appear.

    Raises
    ------
    InputError
        If an image has two different frames, two maps of one method, or maps that explain different classes.
    """
    merged: dict[str, Explained] = {}
    for explained in (each for file in files for each in file):
        known = merged.get(explained.image)
        merged[explained.image] = explained if known is None else _merged(known, explained)
    return list(merged.values())


def _merged(one: Explained, other: Explained) -> Explained:
    if not np.array_equal(one.frame, other.frame):
        sizes = " and ".join(" x ".join(map(str, each.frame.shape)) for each in (one, other))
        raise InputError(
            f"image '{one.image}' was explained in two different frames ({sizes}): their maps cannot be compared"
        )
    if twice := set(one.maps) & set(other.maps):
        raise InputError(f"image '{one.image}' has two maps of the method '{min(twice)}'")
    targets = [explained.record["target"] for explained in (one, other) if "target" in explained.record]
    if len(targets) == 2 and targets[0] != targets[1]:
        raise InputError(
            f"the maps of image '{one.image}' explain two different classes ({targets[0]} and {targets[1]}): "
            "they cannot be compared"
        )
    return replace(
        one,
        mask=other.mask if one.mask is None else one.mask,
        maps={**one.maps, **other.maps},
        segments=other.segments if one.segments is None else one.segments,
        record={**other.record, **one.record},
        about={**one.about, **other.about},
    )


def methods_of(images: Sequence[Explained]) -> list[str]:
    """Return the methods that any of `images` has a map of, in the order of their first appearance."""
    return list(dict.fromkeys(method for explained in images for method in explained.maps))


def stacked(images: Sequence[Explained], rank: Callable[[NDArray[np.float32], str, str], NDArray]) -> dict[str, Stack]:
    """Stack the maps of each method, with the ranks of their pixels.

    Parameters
    ----------
    images
        In memory each map takes 4 bytes a pixel and its ranks 4 or 8.
    rank
        Gives the ranks of a flat map, from it, the image's id and the method.

    Raises
    ------
    InputError
        If frames differ in size, or a map does not fit its frame or holds NaN or infinity.
    """
    for explained in images:
        check(explained, images[0].frame.shape[1:])
    stacks = {}
    for method in methods_of(images):
        rows = np.array([row for row, explained in enumerate(images) if method in explained.maps])
        kind = images[rows[0]].kind(method)
        maps = [np.asarray(images[row].maps[method], dtype=np.float32).ravel() for row in rows]
        values = np.stack([evidence(each, kind) for each in maps])
        ranked = np.stack([rank(each, images[row].image, method) for row, each in zip(rows, values, strict=True)])
        stacks[method] = Stack(method, kind, rows, values, ranked)
    return stacks


def check(explained: Explained, size: tuple[int, ...]) -> None:
    """Make sure that the frame of an image is of `size`, and that its mask and maps fit and are finite.

    Raises
    ------
    InputError
        If they don't, or a map holds NaN or infinity.
    """
    shapes = {"frame": explained.frame.shape[1:]} | {f"{name} map": each.shape for name, each in explained.maps.items()}
    if explained.mask is not None:
        shapes["mask"] = explained.mask.shape
    for name, shape in shapes.items():
        if shape != size:
            raise InputError(
                f"the {name} of image '{explained.image}' is {' x '.join(map(str, shape))} pixels; "
                f"allowed: {' x '.join(map(str, size))}, as all frames that are compared"
            )
    for method, values in explained.maps.items():
        if not np.isfinite(values).all():
            raise InputError(f"the {method} map of image '{explained.image}' holds NaN or infinity")

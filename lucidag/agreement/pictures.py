"""The pictures whose explanations are compared: joined from several files, checked, stacked by method."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lucidag.errors import InputError
from lucidag.explain.store import Explained


@dataclass(frozen=True)
class Stack:
    """The maps of one method.

    Attributes
    ----------
    method
        Its name.
    rows
        Which pictures have such a map, ascending.
    values
        float32 n x P: their maps, flat.
    ranked
        n x P: the ranks of their pixels.
    """

    method: str
    rows: NDArray[np.intp]
    values: NDArray[np.float32]
    ranked: NDArray  # int32, or float64 for correlations

    def only(self, rows: NDArray[np.intp]) -> "Stack":
        """Return the stack of those `rows` alone."""
        if len(rows) == len(self.rows):
            return self
        at = np.searchsorted(self.rows, rows)
        return replace(self, rows=rows, values=self.values[at], ranked=self.ranked[at])


def joined(cam: Sequence[Explained], lime: Sequence[Explained]) -> list[Explained]:
    """Merge the explanations of the same pictures from two files.

    Parameters
    ----------
    cam, lime
        What two files hold. A picture of one of them alone stays as it is; the order is that of `cam`, then the
        rest of `lime`.

    Raises
    ------
    InputError
        If a picture has two different frames, two maps of one method, or maps that explain different classes.
    """
    others = {picture.image: picture for picture in lime}
    merged = [_merged(picture, others.pop(picture.image, None)) for picture in cam]
    return merged + list(others.values())


def _merged(one: Explained, other: Explained | None) -> Explained:
    if other is None:
        return one
    if not np.array_equal(one.frame, other.frame):
        raise InputError(
            f"picture '{one.image}' was explained in two different frames "
            f"({_size(one.frame)} and {_size(other.frame)}): their maps cannot be compared"
        )
    if twice := set(one.maps) & set(other.maps):
        raise InputError(f"picture '{one.image}' has two maps of the method '{min(twice)}'")
    targets = [picture.record["target"] for picture in (one, other) if "target" in picture.record]
    if len(targets) == 2 and targets[0] != targets[1]:
        raise InputError(
            f"the maps of picture '{one.image}' explain two different classes ({targets[0]} and {targets[1]}): "
            "they cannot be compared"
        )
    return replace(
        one,
        mask=other.mask if one.mask is None else one.mask,
        maps={**one.maps, **other.maps},
        segments=other.segments if one.segments is None else one.segments,
        record={**other.record, **one.record},
    )


def _size(frame: NDArray[np.uint8]) -> str:
    return " x ".join(map(str, frame.shape))


def methods_of(pictures: Sequence[Explained]) -> list[str]:
    """Return the methods that any of `pictures` has a map of, in the order of their first appearance."""
    return list(dict.fromkeys(method for picture in pictures for method in picture.maps))


def stacked(
    pictures: Sequence[Explained], rank: Callable[[NDArray[np.float32], str, str], NDArray]
) -> dict[str, Stack]:
    """Stack the maps of each method, with the ranks of their pixels.

    Parameters
    ----------
    pictures
        In memory each map takes 4 bytes a pixel and its ranks 4 or 8.
    rank
        Gives the ranks of a flat map, from it, the picture's id and the method.

    Raises
    ------
    InputError
        If frames differ in size, or a map does not fit its frame or holds NaN or infinity.
    """
    for picture in pictures:
        check(picture, pictures[0].frame.shape[1:])
    stacks = {}
    for method in methods_of(pictures):
        rows = np.array([row for row, picture in enumerate(pictures) if method in picture.maps])
        values = np.stack([np.asarray(pictures[row].maps[method], dtype=np.float32).ravel() for row in rows])
        ranked = np.stack([rank(each, pictures[row].image, method) for row, each in zip(rows, values, strict=True)])
        stacks[method] = Stack(method, rows, values, ranked)
    return stacks


def check(picture: Explained, size: tuple[int, ...]) -> None:
    """Make sure that the frame of a picture is of `size`, and that its mask and maps fit and are finite.

    Raises
    ------
    InputError
        If they don't, or a map holds NaN or infinity.
    """
    shapes = {"frame": picture.frame.shape[1:]} | {f"{name} map": each.shape for name, each in picture.maps.items()}
    if picture.mask is not None:
        shapes["mask"] = picture.mask.shape
    for name, shape in shapes.items():
        if shape != size:
            raise InputError(
                f"the {name} of picture '{picture.image}' is {' x '.join(map(str, shape))} pixels; "
                f"allowed: {' x '.join(map(str, size))}, as all frames that are compared"
            )
    for method, values in picture.maps.items():
        if not np.isfinite(values).all():
            raise InputError(f"the {method} map of picture '{picture.image}' holds NaN or infinity")

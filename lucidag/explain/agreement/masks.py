"""Explanations as masks, and how far two masks or two maps agree."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.ranks import ranks

# Methods that choose parts of an image instead of grading every pixel.
SELECTIONS = ("lime",)


def above(values: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """Return where a map is greater than `threshold`; maps of CAM methods run from 0 to 1."""
    return values > threshold


def own_mask(
    method: str, values: NDArray[np.floating], threshold: float, selections: Collection[str] = SELECTIONS
) -> NDArray[np.bool_]:
    """Return what a method marks in an image.

    Parameters
    ----------
    method
        Its name.
    values
        Its map, or several.
    threshold
        For graded maps.
    selections
        Methods whose map holds the weights of the parts they chose: their mask is where the weight is positive,
        whatever the threshold.
    """
    return above(values, 0.0 if method in selections else threshold)


def top_area(values: NDArray[np.floating], pixels: int, seed: int | list[int]) -> NDArray[np.bool_]:
    """Return the given number of highest pixels of a map.

    Where the map has fewer positive values than that, pixels drawn at random from its zeros fill the rest.

    Raises
    ------
    InputError
        If the map has fewer pixels.
    """
    if not 0 <= pixels <= values.size:
        raise InputError(f"a map of {values.size} pixels has no {pixels} highest ones")
    return ranks(values, seed) < pixels


def share_in_pixels(area: float, size: int) -> int:
    """Return a share of a frame of `size` pixels as their number, at least 1.

    Raises
    ------
    InputError
        If `area` is not between 0 and 1.
    """
    if not 0 < area < 1:
        raise InputError(f"area is {area}; allowed: a share of the frame between 0 and 1")
    return max(1, round(area * size))


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return intersection over union; NaN for two empty masks, which agree about nothing."""
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else float("nan")


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return twice the intersection over the sum of both areas; NaN for two empty masks."""
    areas = np.count_nonzero(a) + np.count_nonzero(b)
    return float(2 * np.count_nonzero(a & b) / areas) if areas else float("nan")

"""Explanations as masks, and how far two masks or two maps agree."""

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.store import Kind
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.ranks import ranks

SELECTION, SIGNED = "selection", "signed"


def evidence(values: NDArray[np.floating], kind: Kind) -> NDArray[np.floating]:
    """Return what a map says for the class: what ranks its pixels, and what its mask is cut from.

    Parameters
    ----------
    values
        The map, any shape.
    kind
        ``graded``, ``selection``: the map as it is. ``signed``: its positive part as shares of its maximum, so that
        relevance against the class never counts as a hit; all zero where nothing speaks for the class.
    """
    if kind != SIGNED:
        return values
    positive = np.maximum(values, 0)
    most = positive.max()
    return positive / most if most > 0 else positive


def own_mask(said: NDArray[np.floating], kind: Kind, threshold: float) -> NDArray[np.bool_]:
    """Return what a method marks in an image.

    Parameters
    ----------
    said
        The evidence of its map (`evidence`), or of several.
    kind
        A map of weights of chosen parts (``selection``) marks those with a positive weight, whatever the threshold.
    threshold
        Others mark what is above it; 1 is the greatest value.
    """
    return np.asarray(said > (0.0 if kind == SELECTION else threshold))


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
        raise InputError(f"area is {area}; it must be a share of the frame, between 0 and 1")
    return max(1, round(area * size))


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return intersection over union; NaN for two empty masks, which agree about nothing."""
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else float("nan")

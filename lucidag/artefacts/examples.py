"""Which images show best what a finder does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.grading import Flags

FOUND, TRUE, FALSE, MISSED = "found", "right", "wrong", "missed"


@dataclass(frozen=True)
class Example:
    """An image with what a finder saw.

    Attributes
    ----------
    image
        uint8 H x W x 3.
    mask
        bool H x W.
    score
        The finder's.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    score: float


def choose(
    scores: NDArray[np.float64], threshold: float, truth: Flags | None = None, each: int = 3
) -> dict[str, list[int]]:
    """Choose images to look at.

    Parameters
    ----------
    scores
        N scores of one finder.
    threshold
        Above it an image has the artefact.
    truth
        N flags of a person, or None.
    each
        Images of a kind, at most.

    Returns
    -------
    dict
        Rows by kind: ``right`` (finds with the flag, over the whole range of scores), ``wrong`` (the surest finds
        without the flag) and ``missed`` (flags that are not found, over the whole range); without flags only
        ``found``. Of equal scores the first rows.
    """
    order = np.argsort(-scores, kind="stable")
    found = scores[order] > threshold
    if truth is None:
        return {FOUND: _spread(order[found], each)}
    flagged = truth[order]
    return {
        TRUE: _spread(order[found & flagged], each),
        FALSE: order[found & ~flagged][:each].tolist(),
        MISSED: _spread(order[~found & flagged], each),
    }


def _spread(rows: NDArray[np.intp], each: int) -> list[int]:
    places = np.linspace(0, max(len(rows) - 1, 0), min(each, len(rows))).round().astype(int)
    return [int(rows[place]) for place in places]

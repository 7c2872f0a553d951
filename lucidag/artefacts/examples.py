"""The images of an audit's figure: for each finder what it found rightly, wrongly, and missed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.finders import FINDERS
from lucidag.artefacts.grading import Flags, flags
from lucidag.ground.pairs import check_same

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


def shown_examples(
    rows: pd.DataFrame,
    finders: Mapping[str, Mapping[str, Any]],
    table: pd.DataFrame,
    read: Callable[[int], NDArray[np.uint8]],
    each: int,
) -> dict[str, dict[str, list[Example]]]:
    """Choose images for each finder and look for the artefact in them again, for its mask.

    Parameters
    ----------
    rows
        ``artefacts/{dataset}.csv``: a score of each finder for each image.
    finders
        The part ``finders`` of the audit: threshold, and the column with a person's flags or None.
    table
        The manifest's, in the same order.
    read
        A row to its image.
    each
        Images of a kind, at most.

    Returns
    -------
    dict
        Examples by finder and kind (see `choose`).

    Raises
    ------
    InputError
        If `rows` and `table` are not of the same images.
    """
    check_same(rows["image"].tolist(), table["image"].tolist(), "the audit", "the manifest")
    shown: dict[str, dict[str, list[Example]]] = {}
    for name, known in finders.items():
        scores = rows[f"{name}_score"].to_numpy(np.float64)
        truth = flags(table[known["column"]].tolist()) if known["column"] is not None else None
        shown[name] = {
            kind: [Example(image, FINDERS[name].find(image).mask, float(scores[row])) for row, image in found]
            for kind, chosen in choose(scores, known["threshold"], truth, each).items()
            for found in ([(row, read(row)) for row in chosen],)
        }
    return shown


def choose(scores: NDArray[np.float64], threshold: float, truth: Flags | None, each: int) -> dict[str, list[int]]:
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

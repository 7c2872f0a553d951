"""How good the labels are where the truth is known: the units of the last layer, whose truth is their class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.intervals import share
from lucidag.units.compare.summary import plain_name

TOP = (1, 5)


def label_quality(
    scores: NDArray[np.floating], truth: Sequence[int], top: Sequence[int] = TOP, confidence: float = 0.95
) -> dict[str, Any]:
    """Tell how often the true concept is among the best.

    The test of CLIP-Dissect (Oikarinen and Weng, ICLR 2023, section 4.2): units of the last layer, class names among
    the concepts. The rank of the true concept counts those that score at least as high, itself included, so that
    a unit which cannot tell concepts apart is no hit; NaN is the lowest score of all.

    Parameters
    ----------
    scores
        U x M: units by concepts, the greater the better.
    truth
        The column of each unit's true concept; -1 where it is not among the concepts (see `true_columns`).
    top
        The ranks up to which the true concept is a hit.
    confidence
        Of Wilson's interval over units.

    Returns
    -------
    dict
        ``units``, ``concepts``, ``absent`` (units whose truth is not among the concepts; they are left out), ``top`` by
        rank as text (``value``, ``low``, ``high``, ``n``, ``chance``: a random order of the concepts) and
        ``median_rank`` of the true concept, None where no unit has one.

    Raises
    ------
    InputError
        If `scores` and `truth` do not fit together, or a rank is below 1.
    """
    answers = np.asarray(truth, dtype=np.int64)
    if scores.ndim != 2 or len(scores) != len(answers):
        raise InputError(f"label quality: scores are {scores.shape}, but {len(answers)} units have a true concept")
    units, concepts = scores.shape
    if len(answers) and (answers.min() < -1 or answers.max() >= concepts):
        raise InputError(f"label quality: true concepts must be columns -1 to {concepts - 1} of the scores")
    if not top or min(top) < 1:
        raise InputError(f"label quality: ranks must be 1 or more, found {list(top)}")
    rows = np.flatnonzero(answers >= 0)
    known = np.where(np.isnan(scores[rows]), -np.inf, scores[rows])
    true = known[np.arange(len(rows)), answers[rows]]
    rank = (known >= true[:, None]).sum(axis=1)
    return {
        "units": units,
        "concepts": concepts,
        "absent": units - len(rows),
        "top": {
            str(k): share(int((rank <= k).sum()), len(rows), confidence) | {"chance": min(1.0, k / concepts)}
            for k in top
        },
        "median_rank": float(np.median(rank)) if len(rows) else None,
    }


def true_columns(names: Sequence[str], concepts: Sequence[str]) -> NDArray[np.int64]:
    """Find the concept of each class.

    Parameters
    ----------
    names
        The class of each unit, in the order of the units.
    concepts
        The concepts in the order of the columns; compared as `lucidag.units.compare.summary.plain_name` gives them, so
        that class `art_gallery` finds the concept `art gallery`. Of equal ones the first is taken.

    Returns
    -------
    array
        The column of each class, -1 where no concept bears its name.
    """
    columns: dict[str, int] = {}
    for column, concept in enumerate(concepts):
        columns.setdefault(plain_name(concept), column)
    return np.array([columns.get(plain_name(name), -1) for name in names], dtype=np.int64)

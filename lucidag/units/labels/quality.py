"""How good labels are where something else tells: the class of a unit of the last layer, or its region's pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.draws import interval
from lucidag.ground.statistics.intervals import estimate, share
from lucidag.ground.statistics.permutation import two_sided
from lucidag.units.names import plain_name
from lucidag.units.passes.overlaps import Overlaps

TOP = (1, 5)


def label_quality(
    scores: NDArray[np.floating], truth: Sequence[int], confidence: float, top: Sequence[int] = TOP
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
    confidence
        Of Wilson's interval over units.
    top
        The ranks up to which the true concept is a hit.

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
    columns = {plain_name(concepts[column]): column for column in reversed(range(len(concepts)))}
    return np.array([columns.get(plain_name(name), -1) for name in names], dtype=np.int64)


def iou_table(overlaps: Overlaps, layer: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Give the IoU of the units of a layer with every concept of every category: the C names, and U x C."""
    names = tuple(name for own in overlaps.concepts.values() for name in own)
    return names, np.concatenate([overlaps.iou(layer, category) for category in overlaps.concepts], axis=1)


def own_iou(labels: pd.DataFrame, overlaps: Overlaps, layer: str) -> NDArray[np.float64]:
    """Give the IoU of each unit with the concept that it was called.

    Parameters
    ----------
    labels
        The rows of one method (see `lucidag.units.labels.unit_tables`), one per unit.
    overlaps, layer
        The pixels.

    Returns
    -------
    float64, in the order of the rows; NaN where the label is none of the annotated concepts.
    """
    found, iou = _columns(labels, overlaps), iou_table(overlaps, layer)[1]
    return np.where(found >= 0, iou[labels["unit"].to_numpy(), found], np.nan)


def graded(
    labels: pd.DataFrame, overlaps: Overlaps, layer: str, confidence: float, resamples: int, seed: int
) -> dict[str, Any]:
    """Grade the labels of one method by the pixels.

    Parameters
    ----------
    labels, overlaps, layer
        See `own_iou`.
    confidence, resamples, seed
        Of the interval over units, and of the control, which deals the labels out to the units anew.

    Returns
    -------
    dict
        ``units`` whose label is an annotated concept; ``iou`` (value, low, high, n: mean IoU with the own label);
        ``dealt`` (the mean if the labels belonged to other units: value, low, high over draws, and the two-sided p);
        ``best`` (mean of the greatest IoU that any concept has with the unit: no label can do better) and ``first``
        (the share of units whose own label is that concept). None where no unit is graded.
    """
    at, iou = _columns(labels, overlaps), iou_table(overlaps, layer)[1]
    kept = at >= 0
    rows, at = labels["unit"].to_numpy()[kept], at[kept]
    if not len(rows):
        return {"units": 0, "iou": None, "dealt": None, "best": None, "first": None}
    own = iou[rows, at]
    generator = np.random.default_rng(seed)
    dealt = np.array([iou[rows, generator.permutation(at)].mean() for _ in range(resamples)])
    low, high = interval(dealt, confidence)
    return {
        "units": len(rows),
        "iou": estimate(own, confidence, resamples, seed).json(),
        "dealt": {"value": float(dealt.mean()), "low": low, "high": high, "p": two_sided(float(own.mean()), dealt)},
        "best": float(iou[rows].max(axis=1).mean()),
        "first": float((own >= iou[rows].max(axis=1)).mean()),
    }


def _columns(labels: pd.DataFrame, overlaps: Overlaps) -> NDArray[np.int64]:
    """Find the column of each label in `iou_table`: of names that several categories have, that of its own."""
    found = true_columns(labels["concept"].tolist(), [name for own in overlaps.concepts.values() for name in own])
    first = 0
    for category, names in overlaps.concepts.items():
        rows = (labels["category"] == category).to_numpy()
        own = true_columns(labels.loc[rows, "concept"].tolist(), names)
        found[rows] = np.where(own >= 0, first + own, found[rows])
        first += len(names)
    return found

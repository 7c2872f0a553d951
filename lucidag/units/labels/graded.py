"""Words that a CLIP gave to units, graded by the pixels: how well a unit's region covers what it was called."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.statistics.intervals import estimate, interval
from lucidag.ground.statistics.permutation import two_sided
from lucidag.units.labels.quality import true_columns
from lucidag.units.passes.overlaps import Overlaps


def iou_table(overlaps: Overlaps, layer: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Give the IoU of the units of a layer with every concept of every category: the C names, and U x C."""
    names = tuple(name for own in overlaps.concepts.values() for name in own)
    return names, np.concatenate([overlaps.iou(layer, category) for category in overlaps.concepts], axis=1)


def own_iou(labels: pd.DataFrame, overlaps: Overlaps, layer: str) -> NDArray[np.float64]:
    """Give the IoU of each unit with the concept that it was called.

    Parameters
    ----------
    labels
        The rows of one method (see `lucidag.units.labels.tables`), one a unit.
    overlaps, layer
        The pixels.

    Returns
    -------
    float64, in the order of the rows; NaN where the label is none of the annotated concepts.
    """
    found, iou = _columns(labels, overlaps), iou_table(overlaps, layer)[1]
    rows = labels["unit"].to_numpy()
    return np.array([iou[unit, at] if at >= 0 else np.nan for unit, at in zip(rows, found, strict=True)])


def graded(
    labels: pd.DataFrame, overlaps: Overlaps, layer: str, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
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
        "dealt": {
            "value": float(dealt.mean()),
            "low": low,
            "high": high,
            "p": two_sided(float(own.mean()), dealt),
        },
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

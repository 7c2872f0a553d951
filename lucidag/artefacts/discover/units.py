"""Units whose activation goes with a metadata column, with a kind of maps, or with a class inside another class."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, mannwhitneyu, norm

from lucidag.artefacts.discover.kinds import Flags, Vectors, apart

COLUMN, KIND, HALVES = "column", "kind", "halves"
FEWEST = 5  # images with and without
UNITS = ("unit", "kind", "name", "images", "auc_picked", "auc", "p", "p_fdr", "found")


@dataclass(frozen=True)
class Question:
    """What the activation of units may go with, in two sets of images.

    Attributes
    ----------
    kind, name
        `COLUMN` or `KIND`, and which.
    picked, tested
        Whether each image of the one and of the other set has it; NaN where an image is not asked about.
    """

    kind: str
    name: str
    picked: Vectors
    tested: Vectors


def told_apart(features: NDArray[np.floating], has: Vectors, strata: NDArray[np.int64]) -> tuple[Vectors, Vectors]:
    """Ask how well each unit tells images that have something from those that have not, inside each class.

    Parameters
    ----------
    features
        N x K.
    has
        N: 1, 0, or NaN where an image is left out.
    strata
        N class indices; those with fewer than 5 images of a side have no part.

    Returns
    -------
    auc, p
        K each: the chance that an image with it is more active than one without of the same class (weighted by the
        pairs of each), and the two-sided p of the Mann-Whitney tests of all classes together (Stouffer's sum). NaN
        where no class has enough images.
    """
    areas, weights, scores = [], [], []
    for stratum in np.unique(strata):
        yes, no = (features[(strata == stratum) & (has == side)] for side in (1, 0))
        if min(len(yes), len(no)) < FEWEST:
            continue
        found = mannwhitneyu(yes, no, axis=0, method="asymptotic")
        area = found.statistic / (len(yes) * len(no))
        areas.append(area)
        weights.append(len(yes) * len(no))
        p = np.clip(np.nan_to_num(found.pvalue, nan=1.0), 1e-300, 1.0)
        scores.append(norm.isf(p / 2) * np.sign(area - 0.5))
    if not areas:
        return np.full(features.shape[1], np.nan), np.full(features.shape[1], np.nan)
    total = np.sum(scores, axis=0) / np.sqrt(len(scores))
    return np.average(areas, axis=0, weights=weights), 2 * norm.sf(np.abs(total))


def units_table(
    features: Mapping[str, NDArray[np.floating]],
    labels: Mapping[str, NDArray[np.int64]],
    questions: list[Question],
    classes: tuple[str, ...],
    level: float,
) -> pd.DataFrame:
    """Find on one set of images what units go with, and test it on another.

    Parameters
    ----------
    features, labels
        By ``picked`` and ``tested``: N x K and N class indices.
    questions
        What is asked.
    classes
        Names; whether a unit falls into two halves is asked of each.
    level
        The false discovery rate, over all units and questions, on either set.

    Returns
    -------
    DataFrame
        `UNITS`, of what was found on ``picked`` alone. ``kind`` is `COLUMN`, `KIND` or `HALVES` (inside the class
        ``name`` activations fall into two, see `lucidag.artefacts.discover.kinds.apart`; it has no ``auc``).
        ``images``: tested images with it. ``p_fdr`` is corrected over these rows.
    """
    rows = [row for question in questions for row in _asked(question, features, labels)]
    rows += [row for place, name in enumerate(classes) for row in _halves(place, name, features, labels)]
    table = pd.DataFrame(rows, columns=[*UNITS[:-2], "p_picked"])
    table = table[table["p_picked"].notna() & table["p"].notna()]
    if len(table):
        table = table[false_discovery_control(table["p_picked"].to_numpy(dtype=np.float64)) <= level]
    p = table["p"].to_numpy(dtype=np.float64)
    corrected = false_discovery_control(p) if len(p) else p
    table = table.assign(p_fdr=corrected, found=corrected <= level)
    return table[list(UNITS)].reset_index(drop=True)


def halves(picked: Vectors) -> tuple[float, float]:
    """Cut numbers in two so that they vary least inside the halves; return the means of the halves."""
    ordered = np.sort(picked)
    count = np.arange(1, len(ordered))
    below = np.cumsum(ordered)[:-1]
    low, high = below / count, (ordered.sum() - below) / (len(ordered) - count)
    best = int(np.argmax(count * (len(ordered) - count) * (high - low) ** 2))
    return float(low[best]), float(high[best])


def _asked(
    question: Question, features: Mapping[str, NDArray[np.floating]], labels: Mapping[str, NDArray[np.int64]]
) -> list[dict[str, object]]:
    before, p_before = told_apart(features["picked"], question.picked, labels["picked"])
    after, p = told_apart(features["tested"], question.tested, labels["tested"])
    same = np.sign(before - 0.5) == np.sign(after - 0.5)
    shared = {"kind": question.kind, "name": question.name, "images": int(np.nansum(question.tested))}
    return [
        {"unit": unit, **shared, "auc_picked": before[unit], "auc": after[unit]}
        | {"p": p[unit] if same[unit] else 1.0 + 0 * p[unit], "p_picked": p_before[unit]}
        for unit in range(len(before))
    ]


def _halves(
    place: int, name: str, features: Mapping[str, NDArray[np.floating]], labels: Mapping[str, NDArray[np.int64]]
) -> list[dict[str, object]]:
    picked, tested = (np.asarray(features[key][labels[key] == place], dtype=np.float64) for key in ("picked", "tested"))
    rows: list[dict[str, object]] = []
    for unit in range(features["picked"].shape[1]):
        if len(picked) < 2 or picked[:, unit].min() == picked[:, unit].max():
            continue
        low, high = halves(picked[:, unit])
        (p_before, _), (p, _) = (apart((part[:, unit] - low) / (high - low)) for part in (picked, tested))
        row = {"unit": unit, "kind": HALVES, "name": name, "images": len(tested), "p": p, "p_picked": p_before}
        rows.append(row | {"auc_picked": np.nan, "auc": np.nan})
    return rows


def as_question(kind: str, name: str, picked: Flags, tested: Flags) -> Question:
    """Make a question of two sets of flags."""
    return Question(kind, name, picked.astype(np.float64), tested.astype(np.float64))

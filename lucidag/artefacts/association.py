"""What goes with the class: every artefact and every metadata column, tested one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import MonteCarloMethod, chi2_contingency, fisher_exact
from scipy.stats.contingency import association, odds_ratio

from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.intervals import share

DRAWS = 9999  # tables of a Monte Carlo test
FEW = 5  # expected images in a cell, below which the chi-square test is no longer trusted


def associations(
    columns: pd.DataFrame,
    kinds: Mapping[str, str],
    labels: Sequence[str],
    classes: Sequence[str],
    confidence: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Test the association of each column with the class.

    Parameters
    ----------
    columns
        N rows of strings, see `lucidag.artefacts.columns`; constant columns have no result.
    kinds
        What each column is, such as ``metadata`` or ``finder``.
    labels, classes
        The N class names, and all of them: of two classes, the second is the one whose odds are given.
    confidence
        Of the intervals.
    seed
        Of the Monte Carlo tests.

    Returns
    -------
    list of dict
        In the order of the corrected p: ``column``, ``kind``, ``counts`` (by value and class), ``test``
        (``Fisher's exact``, ``chi-square``, ``Fisher's exact, Monte Carlo``), ``p``, ``p_holm`` (corrected for all
        columns: Holm 1979), ``cramers_v``; for two values and two classes ``odds_ratio`` with ``odds_ratio_low`` and
        ``odds_ratio_high`` (conditional maximum likelihood and its exact interval; the word ``inf`` where there is no
        upper limit) of ``class`` with ``value`` against the other; and ``rule``, see `best_rule`. With fewer than two
        classes among the images the list is empty.
    """
    if len(set(labels)) < 2:
        return []
    present = [name for name in classes if name in set(labels)]
    found = []
    for number, name in enumerate(columns.columns):
        counts = counted(columns[name], labels, present)
        if len(counts) < 2:
            continue
        p, test = _test(counts.to_numpy(), np.random.default_rng([seed, number]))
        found.append(
            {
                "column": name,
                "kind": kinds[name],
                "counts": {value: {key: int(n) for key, n in row.items()} for value, row in counts.iterrows()},
                "test": test,
                "p": p,
                "cramers_v": float(association(counts.to_numpy(), method="cramer")),
                **_odds(counts, confidence),
                "rule": best_rule(counts, confidence),
            }
        )
    for one, corrected in zip(found, holm([one["p"] for one in found]), strict=True):
        one["p_holm"] = float(corrected)
    return sorted(found, key=lambda one: (one["p_holm"], one["p"], -one["cramers_v"], one["column"]))


def counted(values: pd.Series, labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """Count the images of each value (rows, sorted) and class (columns)."""
    table = pd.crosstab(values.to_numpy(), np.asarray(labels, dtype=object))
    return table.reindex(columns=list(classes), fill_value=0).sort_index()


def best_rule(counts: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Give the rule "value, therefore class" that tells most about the class.

    That is the highest informedness: the share of the class's images that have the value, less the share among the
    images of other classes; of equal ones that with the highest share of its value.

    Returns
    -------
    dict
        ``value``, ``class``; ``share`` of the images with the value that are of the class, ``share_low``,
        ``share_high`` (Wilson), ``images`` with the value; ``covers``, the share of the class's images that
        have it; ``informedness``.
    """
    table = counts.to_numpy(dtype=np.float64)
    of_class, of_rest = table / table.sum(axis=0), (table.sum(axis=1, keepdims=True) - table)
    gain = of_class - of_rest / of_rest.sum(axis=0)
    # Of two values and two classes, "1, so malignant" and "0, so benign" gain the same: the surer one is told.
    sure = np.where(gain > gain.max() - 1e-9, table / table.sum(axis=1, keepdims=True), -1.0)
    row, column = divmod(int(sure.argmax()), gain.shape[1])
    held = share(int(table[row, column]), int(table[row].sum()), confidence)
    return {
        "value": str(counts.index[row]),
        "class": str(counts.columns[column]),
        "share": held["value"],
        "share_low": held["low"],
        "share_high": held["high"],
        "images": held["n"],
        "covers": float(of_class[row, column]),
        "informedness": float(gain[row, column]),
    }


def _test(table: NDArray[np.integer], rng: np.random.Generator) -> tuple[float, str]:
    if table.shape == (2, 2):
        return float(fisher_exact(table).pvalue), "Fisher's exact"
    result = chi2_contingency(table)
    if result.expected_freq.min() >= FEW:
        return float(result.pvalue), "chi-square"
    drawn = fisher_exact(table, method=MonteCarloMethod(n_resamples=DRAWS, rng=rng))
    # Where a column says the same as the class, scipy gives an array of one number.
    return float(np.asarray(drawn.pvalue).item()), "Fisher's exact, Monte Carlo"


def _odds(counts: pd.DataFrame, confidence: float) -> dict[str, Any]:
    if counts.shape != (2, 2):
        return {}
    # Rows: with the second value, without; columns: of the second class, of the first.
    table = counts.to_numpy()[::-1, ::-1]
    ratio = odds_ratio(table, kind="conditional")
    interval = ratio.confidence_interval(confidence)
    return {
        "value": str(counts.index[1]),
        "class": str(counts.columns[1]),
        "odds_ratio": _limit(ratio.statistic),
        "odds_ratio_low": _limit(interval.low),
        "odds_ratio_high": _limit(interval.high),
    }


def _limit(value: float) -> float | str | None:
    return None if np.isnan(value) else "inf" if np.isinf(value) else float(value)

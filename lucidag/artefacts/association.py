"""What goes with the class: every artefact and every metadata column, tested one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import MonteCarloMethod, chi2_contingency, fisher_exact
from scipy.stats.contingency import association, odds_ratio

from lucidag.ground.statistics.clusters import clustered_share, constant, odds_interval, permuted_ids
from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.intervals import share
from lucidag.ground.statistics.owners import owners

DRAWS = 9999  # tables of a Monte Carlo test
FEW = 5  # expected images in a cell, below which the chi-square test is no longer trusted


def associations(
    columns: pd.DataFrame,
    kinds: Mapping[str, str],
    labels: Sequence[str],
    classes: Sequence[str],
    confidence: float,
    seed: int,
    ids: Sequence[str] | None = None,
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
    ids
        N patients or lesions, or None. Where several images share one, ids are what varies: a column that is constant
        by id, of classes that are too, is tested with each id as one trial; any other by permutations of ids (see
        `lucidag.ground.statistics.clusters`).

    Returns
    -------
    list of dict
        In the order of the corrected p: ``column``, ``kind``, ``counts`` (by value and class), ``test``
        (``Fisher's exact``, ``chi-square``, ``Fisher's exact, Monte Carlo``, each also ``of ids``; ``permutation of
        ids``), ``p``, ``p_holm`` (corrected for all columns: Holm 1979), ``cramers_v``; for two values and two classes
        ``odds_ratio`` with ``odds_ratio_low`` and ``odds_ratio_high`` (conditional maximum likelihood and its exact
        interval, of ids where each is one trial; the word ``inf`` where there is no upper limit; of columns that vary
        within ids the plain ratio and its interval over ids, None with a ``reason`` where there is none) of ``class``
        with ``value`` against the other; and ``rule``, see `best_rule`. With fewer than two classes among the images
        the list is empty.
    """
    if len(set(labels)) < 2:
        return []
    present = [name for name in classes if name in set(labels)]
    owner = owners(ids, len(labels))
    found = []
    for number, name in enumerate(columns.columns):
        counts = counted(columns[name], labels, present)
        if len(counts) < 2:
            continue
        rng = np.random.default_rng([seed, number])
        p, test, odds = _examined(columns[name], labels, counts, owner, confidence, rng)
        rule = best_rule(counts, confidence)
        found.append(
            {
                "column": name,
                "kind": kinds[name],
                "counts": {value: {key: int(n) for key, n in row.items()} for value, row in counts.iterrows()},
                "test": test,
                "p": p,
                "cramers_v": float(association(counts.to_numpy(), method="cramer")),
                **odds,
                "rule": rule | _of_ids(columns[name], labels, rule, owner, _chosen(counts, confidence)),
            }
        )
    for one, corrected in zip(found, holm([one["p"] for one in found]), strict=True):
        one["p_holm"] = float(corrected)
    return sorted(found, key=lambda one: (one["p_holm"], one["p"], -one["cramers_v"], one["column"]))


def _examined(
    values: pd.Series,
    labels: Sequence[str],
    counts: pd.DataFrame,
    owner: NDArray[np.int64] | None,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[float, str, dict[str, Any]]:
    """Give p, the name of the test and the odds ratio of one column."""
    if owner is None:
        return *_test(counts.to_numpy(), rng), _odds(counts, confidence)
    codes, classes = (np.unique(np.asarray(each, str), return_inverse=True)[1] for each in (values, labels))
    if constant(codes, owner) and constant(classes, owner):
        first = np.unique(owner, return_index=True)[1]
        of_ids = counted(values.iloc[first], [labels[row] for row in first], list(counts.columns))
        p, test = _test(of_ids.to_numpy(), rng)
        return p, f"{test}, of ids", _odds(of_ids, confidence)
    p = permuted_ids(codes, classes, owner, DRAWS, rng)
    return p, "permutation of ids", _odds_over_ids(values, labels, counts, owner, confidence)


def _of_ids(
    values: pd.Series,
    labels: Sequence[str],
    rule: Mapping[str, Any],
    owner: NDArray[np.int64] | None,
    confidence: float,
) -> dict[str, Any]:
    """Give the interval of the share of the best rule over ids, at a level of its own; nothing where there are none."""
    if owner is None:
        return {}
    has = values.to_numpy() == rule["value"]
    found = clustered_share((np.asarray(labels) == rule["class"])[has], owner[has], confidence)
    return {"share_low": found["low"], "share_high": found["high"]}


def counted(values: pd.Series, labels: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    """Count the images of each value (rows, sorted) and class (columns)."""
    table = pd.crosstab(values.to_numpy(), np.asarray(labels, dtype=object))
    return table.reindex(columns=list(classes), fill_value=0).sort_index()


def best_rule(counts: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Give the rule "value, therefore class" that tells most about the class.

    That is the highest informedness: the share of the class's images that have the value, less the share among the
    images of other classes; of equal ones that with the highest share of its value.

    The rule is the best of all on these images, and so is its share by chance too. Its interval allows for that as if
    each rule had one and all of them held (Bonferroni), which is wide where a column has many values.

    Returns
    -------
    dict
        ``value``, ``class``; ``share`` of the images with the value that are of the class, ``share_low``,
        ``share_high`` (Wilson, for all rules together), ``images`` with the value; ``covers``, the share of the
        class's images that have it; ``informedness``.
    """
    table = counts.to_numpy(dtype=np.float64)
    of_class, of_rest = table / table.sum(axis=0), (table.sum(axis=1, keepdims=True) - table)
    gain = of_class - of_rest / of_rest.sum(axis=0)
    # Of two values and two classes, "1, so malignant" and "0, so benign" gain the same: the surer one is told.
    sure = np.where(gain > gain.max() - 1e-9, table / table.sum(axis=1, keepdims=True), -1.0)
    row, column = divmod(int(sure.argmax()), gain.shape[1])
    held = share(int(table[row, column]), int(table[row].sum()), _chosen(counts, confidence))
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


def _chosen(counts: pd.DataFrame, confidence: float) -> float:
    """Give the level of one interval for which the intervals of all rules hold together at `confidence`."""
    return 1 - (1 - confidence) / counts.size


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


def _odds_over_ids(
    values: pd.Series, labels: Sequence[str], counts: pd.DataFrame, owner: NDArray[np.int64], confidence: float
) -> dict[str, Any]:
    if counts.shape != (2, 2):
        return {}
    value, name = str(counts.index[1]), str(counts.columns[1])
    low, high, reason = odds_interval(values.to_numpy() == value, np.asarray(labels) == name, owner, confidence)
    (d, c), (b, a) = counts.to_numpy()[::-1, ::-1]
    return {
        "value": value,
        "class": name,
        "odds_ratio": _limit(a * d / (b * c) if b * c else np.inf if a * d else np.nan),
        "odds_ratio_low": _limit(low),
        "odds_ratio_high": _limit(high),
        "reason": reason or None,
    }


def _limit(value: float) -> float | str | None:
    return None if np.isnan(value) else "inf" if np.isinf(value) else float(value)

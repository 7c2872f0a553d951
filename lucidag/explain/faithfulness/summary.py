"""Metrics over all images: means, paired differences, and a ranking that says what cannot be told apart. No torch."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import combinations

import numpy as np
import pandas as pd

from lucidag.explain.faithfulness.floors import floors
from lucidag.explain.faithfulness.metrics import BETTER, CONTROLS, CURVE_COLUMNS, OPPOSITE, read_values, sign
from lucidag.explain.no_class import NOTE, marked
from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.intervals import HAND_PICKED, estimate
from lucidag.ground.statistics.permutation import sign_flip
from lucidag.ground.tables import read_table, write_table

MEAN = ("mean", "low", "high", "n", "undefined", "reason")
SUMMARY_COLUMNS = ("metric", "better", "method", "control", *MEAN, "opposite")
PAIR_COLUMNS = (
    "metric",
    "method_a",
    "method_b",
    "advantage",
    "low",
    "high",
    "n",
    "reason",
    "p",
    "p_holm",
    "distinguishable",
)
RANKING_COLUMNS = (*SUMMARY_COLUMNS, "rank", "better_than", "not_told_apart")


def summary(
    table: pd.DataFrame, confidence: float, resamples: int, seed: int, hand_picked: bool = False
) -> pd.DataFrame:
    """Average each metric of each method over the images.

    Parameters
    ----------
    table
        See `lucidag.explain.faithfulness.metrics.read_values`.
    confidence, resamples, seed, hand_picked
        Of the bootstrap over images, see `lucidag.ground.statistics.intervals.estimate`.

    Returns
    -------
    DataFrame
        metric, better (``higher`` or ``lower``), method, control (whether it looks at neither image nor network),
        mean, low, high (NaN where there is no interval), n, undefined (images with and without a value), reason (why
        there is no interval), opposite (images whose map foretells the opposite of what happens, by infidelity).
    """
    rows = [
        {
            "metric": metric,
            "better": BETTER[str(metric)],
            "method": method,
            "control": method in CONTROLS,
            **asdict(
                estimate(part["value"].to_numpy(np.float64), confidence, resamples, seed, hand_picked=hand_picked)
            ),
            "opposite": int(part["note"].str.contains(OPPOSITE, regex=False).sum()),
        }
        for (metric, method), part in table.groupby(["metric", "method"], sort=False)
    ]
    return pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))


def pairs(table: pd.DataFrame, confidence: float, resamples: int, seed: int, hand_picked: bool = False) -> pd.DataFrame:
    """Compare every two methods by every metric, on the images where both have a value.

    Two methods count as told apart where the two-sided sign-flip test of their paired differences rejects after
    Holm's correction over all pairs of that metric (Holm 1979, Scandinavian Journal of Statistics 6), at the level
    1 - `confidence`. The test is exact for few images: of 5 images nothing is ever told apart at .95. It asks whether
    the differences lie symmetrically around 0.

    Parameters
    ----------
    table, resamples, seed, hand_picked
        See `summary`; the seed is also that of the test. By hand-picked images nothing is told apart.
    confidence
        Of the interval and of the test.

    Returns
    -------
    DataFrame
        metric, method_a, method_b; advantage: the mean difference, above 0 where a is the *better* one whichever way
        the metric runs; low, high: its interval, not corrected; n; reason (why there is no interval); p, p_holm (NaN
        for fewer than two images and for hand-picked ones); distinguishable.
    """
    rows = []
    for metric, part in table.groupby("metric", sort=False):
        wide = part.pivot(index="image", columns="method", values="value").astype(np.float64)
        found = []
        for a, b in combinations(part["method"].unique(), 2):
            gain = (sign(str(metric)) * (wide[a] - wide[b])).dropna().to_numpy()
            own = estimate(gain, confidence, resamples, seed, hand_picked=hand_picked)
            p = float("nan") if hand_picked else sign_flip(gain, seed)
            names = {"metric": metric, "method_a": a, "method_b": b}
            found.append({**names, **own.columns("advantage"), "n": own.n, "reason": own.reason, "p": p})
        for row, corrected in zip(found, holm([row["p"] for row in found]), strict=True):
            row |= {"low": row["advantage_low"], "high": row["advantage_high"]}
            rows.append({**row, "p_holm": corrected, "distinguishable": bool(corrected <= 1 - confidence + 1e-12)})
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))


def ranking(means: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Rank the methods by each metric.

    Parameters
    ----------
    means, differences
        See `summary` and `pairs`.

    Returns
    -------
    DataFrame
        The columns of `means`; rank: 1 + the number of methods (controls do not count) that are told apart from this
        one and better, so that several may share one, NaN for a control and for a method without a value; better_than
        and not_told_apart: the methods and controls that it is told apart from as the better one, and those that it
        cannot be told apart from, each joined by ``;``. Sorted by metric, then from the best mean to the worst.
    """
    turned = differences.rename(columns={"method_a": "method_b", "method_b": "method_a"})
    turned = turned.assign(advantage=-turned["advantage"])
    both = pd.concat([differences, turned]).sort_index(kind="stable")
    rows = []
    for row in means.to_dict("records"):
        own = both[(both["metric"] == row["metric"]) & (both["method_a"] == row["method"])]
        told, wins = own["distinguishable"].astype(bool), own["advantage"] > 0
        worse, better, same = (own["method_b"][which] for which in (told & wins, told & ~wins, ~told))
        rank = 1.0 + len(set(better) - set(CONTROLS)) if row["n"] > 0 and not row["control"] else np.nan
        rows.append({**row, "rank": rank, "better_than": ";".join(worse), "not_told_apart": ";".join(same)})
    table = pd.DataFrame(rows, columns=list(RANKING_COLUMNS))
    metrics = {metric: index for index, metric in enumerate(BETTER)}
    key = table.assign(place=table["metric"].map(metrics), worst=-table["metric"].map(sign) * table["mean"])
    order = key.sort_values(["place", "worst", "method"], na_position="last").index
    return table.loc[order].reset_index(drop=True)


def not_measured(ranks: pd.DataFrame, confidence: float) -> list[str]:
    """Say which methods have no value at all, and whether there are too few images to tell any two apart.

    Parameters
    ----------
    ranks
        See `ranking`.
    confidence
        Of the tests.
    """
    said = []
    own = ranks[~ranks["control"].astype(bool)]
    for method, part in own.groupby("method", sort=False):
        empty = part[part["n"] == 0]["metric"].tolist()
        if empty:
            said.append(f"{method} has no value by {', '.join(empty)}, of no image: its notes say why")
    images = int((ranks["n"] + ranks["undefined"]).max()) if len(ranks) else 0
    if (ranks["reason"] == HAND_PICKED).any():
        said.append(
            "the images are hand-picked, so that nothing is told apart and no mean has an interval: give a number of "
            "images under `explain.images`, and so many are drawn at random"
        )
    elif 2.0 ** (1 - images) > 1 - confidence + 1e-12:
        said.append(
            f"{images} images are too few to tell any two methods apart at {confidence:g}: name more under "
            "`explain.images`"
        )
    return said


def write_summary(
    out: Mapping[str, str], confidence: float, resamples: int, seed: int, hand_picked: bool = False
) -> list[str]:
    """Write what `pairs`, `ranking` and `floors` make of values and curves; return what `not_measured` says.

    Parameters
    ----------
    out
        Paths: ``values`` and ``curves`` are there; ``pairs``, ``ranking`` and ``floors`` are written.
    confidence, resamples, seed, hand_picked
        See `summary`.
    """
    table = read_values(out["values"])
    free = set(table["method"][table["note"].str.contains(NOTE, regex=False)])
    found = pairs(table, confidence, resamples, seed, hand_picked)
    write_table(out["pairs"], marked(found, free))
    ranked = ranking(summary(table, confidence, resamples, seed, hand_picked), found)
    write_table(out["ranking"], marked(ranked, free))
    points = read_table(out["curves"], CURVE_COLUMNS)
    write_table(out["floors"], marked(floors(points, confidence, resamples, seed, hand_picked), free))
    return not_measured(ranked, confidence)

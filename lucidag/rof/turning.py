"""Turning points of a sweep: with how many units a metric is as good as with all, and with how many at its best."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.draws import interval
from lucidag.rof.plateau import MARGIN, retrieved
from lucidag.rof.tables import is_grid

METRICS = ("accuracy", "loss", "worst_accuracy")
FIRST_BEST_REASON = (
    "no interval: on a plateau the first best k is where noise is greatest, and bootstrap intervals of it rarely hold "
    "the population's"
)


def turning_point(curve: NDArray[np.float64], metric: str, numbers: NDArray[np.int64] | None = None) -> int:
    """Return the first k >= 1 at which `curve` (values for k = 0..K, or for the `numbers` k) is at its best.

    The best is the maximum of an accuracy and the minimum of the loss. k = 0, the bias alone, is no
    candidate: it says nothing about units.
    """
    place = int(turning_points(curve[None], metric)[0])
    return place if numbers is None else int(numbers[place])


def turning_points(curves: NDArray[np.float64], metric: str) -> NDArray[np.int64]:
    """Return `turning_point` of each row of B x (K+1) curves."""
    if metric not in METRICS:
        raise InputError(f"metric '{metric}' has no turning point; allowed: {', '.join(METRICS)}")
    if curves.shape[1] < 2:
        raise InputError("a turning point needs a sweep of at least one unit")
    candidates = curves[:, 1:]
    return (candidates.argmin(axis=1) if metric == "loss" else candidates.argmax(axis=1)) + 1


def improvement(to: NDArray[np.float64], since: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Return the gain from `since` to `to`, positive for the better: more accuracy or less loss."""
    return since - to if metric == "loss" else to - since


def describe(
    curve: NDArray[np.float64],
    metric: str,
    bounds: NDArray[np.integer] | None,
    margin: float = MARGIN,
    numbers: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Find the turning point of a curve, with its interval, and the k at which the curve is at its best.

    Parameters
    ----------
    curve
        The metric at k = 0..K.
    metric
        Of `METRICS`.
    bounds
        The interval of n0 (two numbers of units, see `lucidag.rof.plateau.bounds`), or None.
    margin
        How much worse than all units n0 units may be.
    numbers
        The k of the curve where these are a grid.

    Returns
    -------
    dict
        metric; n0, the smallest k at most `margin` worse than all units; units, K; value and baseline, the metric with
        n0 units and with all; gain, how much better n0 units are than all; low and high, the interval of n0, None
        without one; degenerate, whether the interval (without one, n0) reaches K: then it cannot be told from
        all units being needed; margin; first_best, first_best_value and first_best_gain, the same of the paper's
        turning point, the first k of the best value (accuracy: maximum, loss: minimum), and first_best_reason, why
        that has no interval. Of a grid also ``exact_between`` (false) and ``between``, its k before and after n0: the
        curve may cross the margin anywhere between these.
    """
    place, best = int(retrieved(curve[None], metric, margin)[0]), turning_point(curve, metric)
    k = np.arange(len(curve)) if numbers is None else numbers
    low, high = (None, None) if bounds is None else (int(bounds[0]), int(bounds[1]))
    n0 = int(k[place])
    found = {"metric": metric, "n0": n0, **_beside_all(curve, place, metric, numbers), "low": low, "high": high}
    found |= {"degenerate": (n0 if high is None else high) >= found["units"], "margin": margin}
    found |= {
        "first_best": int(k[best]),
        "first_best_value": float(curve[best]),
        "first_best_gain": float(improvement(curve[best], curve[-1], metric)),
        "first_best_reason": FIRST_BEST_REASON,
    }
    return found if numbers is None else found | {"exact_between": False, "between": list(around(place, numbers))}


def around(place: int, numbers: NDArray[np.int64]) -> tuple[int, int]:
    """Give the k of a grid before and after one of them, which is its own where it is the first or the last."""
    return int(numbers[max(place - 1, 0)]), int(numbers[min(place + 1, len(numbers) - 1)])


def select(
    chosen: NDArray[np.float64],
    reported: NDArray[np.float64],
    metric: str,
    drawn: NDArray[np.float64] | None,
    confidence: float,
    numbers: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Choose k on one split and report the metric on another.

    A k chosen and reported on the same images is flattered by the choice; this is not.

    Parameters
    ----------
    chosen, reported
        The metric at k = 0..K on the validation and the test split, with the same order of units.
    metric
        Of `METRICS`.
    drawn
        The gain of the chosen k over all units on B bootstrap samples of the reporting split.
    confidence
        Of the interval of the gain.
    numbers
        The k of the curves where these are a grid.

    Returns
    -------
    dict
        metric, k, units, chosen_value, value, baseline, gain, low, high (the percentile interval of the gain, None
        without draws or where none has a value); of a grid also ``exact_between`` (false).
    """
    if len(chosen) != len(reported):
        raise InputError(
            f"k was chosen among {len(chosen) - 1} units and cannot be reported on a sweep of {len(reported) - 1}"
        )
    place = turning_point(chosen, metric)
    low, high = (None, None) if drawn is None or np.isnan(drawn).all() else interval(drawn, confidence)
    compared = {**_beside_all(reported, place, metric, numbers), "low": low, "high": high}
    k = place if numbers is None else int(numbers[place])
    found = {"metric": metric, "k": k, "units": compared["units"], "chosen_value": float(chosen[place]), **compared}
    return found if numbers is None else found | {"exact_between": False}


def turning_report(
    sweep: pd.DataFrame,
    selection: pd.DataFrame,
    draws: Mapping[str, NDArray],
    confidence: float,
    margin: float = MARGIN,
) -> dict[str, Any]:
    """Return what turning_points.json holds, from what the sweep stage wrote.

    Parameters
    ----------
    sweep, selection
        The tables of `lucidag.rof.stage`; `selection` may be empty.
    draws
        What it drew: intervals of turning points by `bounds_key`, gains of the selected k by `gain_key`.
    confidence
        Of the intervals of the gains.
    margin
        See `describe`.

    Returns
    -------
    dict
        ``turning_points``: one dict for each split, method, seed and metric: these and what
        `describe` gives. ``selection``: one dict for each method and metric: method, ranked_on, chosen_on,
        reported_on and what `select` gives. ``selection_reason``: why there is no selection, or None.
    """
    points = []
    for _, rows in sweep.groupby(["split", "method", "seed"], sort=False, dropna=False):
        split, method, seed = rows[["split", "method", "seed"]].iloc[0]
        key = {"split": split, "method": method, "seed": None if pd.isna(seed) else int(seed)}
        rows = rows.sort_values("k")
        for metric in METRICS:
            bounds = draws.get(bounds_key(split, method, metric)) if key["seed"] is None else None
            points.append(key | describe(rows[metric].to_numpy(), metric, bounds, margin, _grid(rows)))
    reason = None if len(selection) else "no selection: the model has no validation split to choose k on"
    return {
        "turning_points": points,
        "selection": _selected(selection, draws, confidence) if len(selection) else [],
        "selection_reason": reason,
    }


def _selected(selection: pd.DataFrame, draws: Mapping[str, NDArray], confidence: float) -> list[dict[str, Any]]:
    """Select by each method and metric; the table holds the choosing split before the reporting one."""
    ranked_on = str(selection["ranked_on"].iloc[0])
    chosen_on, reported_on = selection["split"].unique()
    found = []
    for method, rows in selection.groupby("method", sort=False):
        by_split = {split: part.sort_values("k") for split, part in rows.groupby("split")}
        for metric in METRICS:
            key = {"method": method, "ranked_on": ranked_on, "chosen_on": chosen_on, "reported_on": reported_on}
            chosen, reported = (by_split[split][metric].to_numpy() for split in (chosen_on, reported_on))
            drawn = draws.get(gain_key(str(method), metric))
            grid = _grid(by_split[chosen_on])
            found.append(key | select(chosen, reported, metric, drawn, confidence, grid))
    return found


def _grid(rows: pd.DataFrame) -> NDArray[np.int64] | None:
    numbers = rows["k"].to_numpy(dtype=np.int64)
    return numbers if is_grid(numbers) else None


def _beside_all(
    curve: NDArray[np.float64], place: int, metric: str, numbers: NDArray[np.int64] | None
) -> dict[str, Any]:
    """Compare the units of a place of the curve with all."""
    units = len(curve) - 1 if numbers is None else int(numbers[-1])
    gain = float(improvement(curve[place], curve[-1], metric))
    return {"units": units, "value": float(curve[place]), "baseline": float(curve[-1]), "gain": gain}


def n0_key(split: str, method: str, metric: str) -> str:
    """Name the B turning points of a sweep among the draws."""
    return f"n0/{split}/{method}/{metric}"


def bounds_key(split: str, method: str, metric: str) -> str:
    """Name the interval of a turning point (two numbers of units) among the draws."""
    return f"bounds/{split}/{method}/{metric}"


def gain_key(method: str, metric: str) -> str:
    """Name the B gains of a selected k among the draws."""
    return f"gain/{method}/{metric}"

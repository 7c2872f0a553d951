"""Turning points of a sweep: with how many units a metric is at its best."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.errors import InputError
from lucidag.rof.bands import interval
from lucidag.rof.result import SweepResult

METRICS = ("accuracy", "loss", "worst_accuracy")
DEGENERATE_FROM = 0.99


def turning_point(curve: NDArray[np.float64], metric: str) -> int:
    """Return the first k >= 1 at which `curve` (values for k = 0..K) is at its best.

    The best is the maximum of an accuracy and the minimum of the loss. k = 0, the bias alone, is no
    candidate: it says nothing about units.
    """
    return int(turning_points(curve[None], metric)[0])


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


@dataclass(frozen=True)
class TurningPoint:
    """Where one metric of one sweep is at its best.

    Attributes
    ----------
    metric
        Of `METRICS`.
    n0
        The turning point.
    units
        K.
    value, baseline
        The metric with n0 units and with all.
    gain
        How much better n0 units are than all; never negative.
    low, high
        Bootstrap percentile interval of n0, where there are draws.
    degenerate
        Whether n0 is so near K that nearly every unit is needed and roles say nothing.
    """

    metric: str
    n0: int
    units: int
    value: float
    baseline: float
    gain: float
    low: float | None
    high: float | None
    degenerate: bool


def describe(
    sweep: SweepResult, metric: str, confidence: float = 0.95, degenerate_from: float = DEGENERATE_FROM
) -> TurningPoint:
    """Find the turning point of `metric` and its bootstrap interval.

    Parameters
    ----------
    sweep
        The metrics at k = 0..K.
    metric
        Of `METRICS`.
    confidence
        Of the interval.
    degenerate_from
        Share of K from which on n0 counts as degenerate.
    """
    curve = getattr(sweep, metric)
    n0, units = turning_point(curve, metric), len(curve) - 1
    low = high = None
    if sweep.draws is not None:
        low, high = interval(turning_points(getattr(sweep.draws, metric), metric), confidence)
    return TurningPoint(
        metric=metric,
        n0=n0,
        units=units,
        value=float(curve[n0]),
        baseline=float(curve[-1]),
        gain=float(improvement(curve[n0], curve[-1], metric)),
        low=low,
        high=high,
        degenerate=n0 >= degenerate_from * units,
    )


def select(chosen_on: SweepResult, reported_on: SweepResult, metric: str, confidence: float = 0.95) -> dict[str, Any]:
    """Choose k on one split and report the metric on another.

    A k chosen and reported on the same images is flattered by the choice; this is not.

    Parameters
    ----------
    chosen_on, reported_on
        Sweeps of the validation and the test split with the same order of units.
    metric
        Of `METRICS`.
    confidence
        Of the bootstrap interval of the gain; k stays as chosen, and k units and all units are compared on
        the same samples of the reporting split.

    Returns
    -------
    dict
        metric, k, units, chosen_value, value, baseline, gain, low, high (None without draws).
    """
    chosen, reported = getattr(chosen_on, metric), getattr(reported_on, metric)
    if len(chosen) != len(reported):
        raise InputError(
            f"k was chosen among {len(chosen) - 1} units and cannot be reported on a sweep of {len(reported) - 1}"
        )
    k = turning_point(chosen, metric)
    low = high = None
    if reported_on.draws is not None:
        drawn = getattr(reported_on.draws, metric)
        low, high = interval(improvement(drawn[:, k], drawn[:, -1], metric), confidence)
    return {
        "metric": metric,
        "k": k,
        "units": len(reported) - 1,
        "chosen_value": float(chosen[k]),
        "value": float(reported[k]),
        "baseline": float(reported[-1]),
        "gain": float(improvement(reported[k], reported[-1], metric)),
        "low": low,
        "high": high,
    }

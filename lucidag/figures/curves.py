"""Accuracy or loss against the number of units switched on, compared with its controls."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from numpy.typing import ArrayLike, NDArray

from lucidag.figures.style import (
    BLACK,
    BLUE,
    FULL_WIDTH,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PURPLE,
    SKY,
    VERMILION,
    figure,
    legend_below,
    note,
    paper,
)
from lucidag.rof.tables import curve_of, is_grid, numbers_of

METHOD_NAMES = {
    "l1": "mean |activation|",
    "l2": "root mean square activation",
    "variance": "variance of activation",
    "contribution": "|weight| × |activation|",
    "forward": "forward selection by loss",
    "random": "random orders",
    "reversed": "mean |activation|, reversed",
    "logit_bias": "logit-bias control",
}
AXIS_NAMES = {
    "accuracy": "accuracy (share of images)",
    "loss": "cross-entropy (nats)",
    "worst_accuracy": "accuracy of the worst group (share of images)",
}
BIAS = "logit_bias"
UNITS_AXIS = "units switched on, k"
RIGHT = 1.01  # the axis ends a little after the last k, so that a mark there shows
# Above this ratio of the greatest to the least loss a linear axis hides the lower end.
LOG_FROM = 30.0


@paper()
def curves(
    sweep: pd.DataFrame,
    bands: pd.DataFrame,
    points: Sequence[Mapping[str, Any]],
    ranking: str,
    metric: str,
    confidence: float,
) -> Figure:
    """Draw one metric of a sweep at every k, a panel each for the splits ``train`` and ``test`` that it has.

    Beside the main order stand two controls: random orders, and the bias control. Other orders are drawn by `rankings`.
    Of a sweep on a grid there are points, and no lines between them.

    Parameters
    ----------
    sweep, bands
        See `lucidag.rof.tables`; `bands` may be empty.
    points
        Turning points: dicts with split, method, metric, n0, units, low, high (None without a bootstrap),
        degenerate, margin, first_best.
    ranking
        The method whose curve is the strong one.
    metric
        ``accuracy`` or ``loss``.
    confidence
        Level of bands and intervals, for their names.
    """
    shown = [split for split in ("train", "test") if (sweep["split"] == split).any()]
    fig = figure(FULL_WIDTH, 3.5)
    axes = list(fig.subplots(1, len(shown), sharey=True, squeeze=False)[0])
    for ax, split in zip(axes, shown, strict=True):
        one = sweep[sweep["split"] == split]
        _main(ax, one, bands, split, ranking, metric, f"its {confidence:.0%} bootstrap band over images")
        _random(ax, one, split, metric)
        if (one["method"] == BIAS).any():
            _order(ax, one, split, BIAS, metric, BLACK, "-.")
        point = _point(points, split, ranking, metric)
        title = "" if point is None else f": {as_good_in_words(point, metric, confidence)}"
        if point is not None:
            mark(ax, point["n0"], point["low"], point["high"], "turning point n₀ and its interval")
            ax.axvline(
                point["first_best"], color=ORANGE, linewidth=0.8, linestyle=":", label="first best k (no interval)"
            )
        ax.set(title=f"{split}{title}", xlabel=UNITS_AXIS, xlim=(0, RIGHT * one["k"].max()))
        ax.label_outer(remove_inner_ticks=False)
    axes[0].set_ylabel(AXIS_NAMES[metric])
    scale_y(axes[0], sweep.loc[sweep["split"].isin(shown), metric].to_numpy(dtype=np.float64), metric)
    legend_below(fig, axes, columns=3)
    return fig


@paper()
def rankings(sweep: pd.DataFrame, bands: pd.DataFrame, ranking: str, confidence: float) -> Figure:
    """Draw the main order beside the other ones, reversed among them: accuracy above, loss below.

    Parameters
    ----------
    sweep, bands, ranking, confidence
        See `curves`.
    """
    others = [method for method in sweep["method"].unique() if method not in (ranking, "random", BIAS)]
    if not others:
        return note("The units were switched on in one order alone, and at random.")
    shown = [split for split in ("train", "test") if (sweep["split"] == split).any()]
    fig = figure(FULL_WIDTH, 5.2)
    grid = fig.subplots(2, len(shown), sharex="col", sharey="row", squeeze=False)
    for row, metric in zip(grid, ("accuracy", "loss"), strict=True):
        for ax, split in zip(row, shown, strict=True):
            one = sweep[sweep["split"] == split]
            _main(ax, one, bands, split, ranking, metric, f"its {confidence:.0%} bootstrap band over images")
            looks = cycle(((GREEN, "-"), (PURPLE, "-"), (SKY, "-"), (ORANGE, "-")))
            for method in others:
                colour, dash = (VERMILION, "--") if method == "reversed" else next(looks)
                _order(ax, one, split, method, metric, colour, dash)
            ax.set(title=split if metric == "accuracy" else "", xlim=(0, RIGHT * one["k"].max()))
            ax.set_xlabel(UNITS_AXIS if metric == "loss" else "")
        row[0].set_ylabel(AXIS_NAMES[metric])
        scale_y(row[0], sweep.loc[sweep["split"].isin(shown), metric].to_numpy(dtype=np.float64), metric)
    legend_below(fig, list(grid.ravel()), columns=3)
    return fig


def as_good_in_words(point: Mapping[str, Any], metric: str, confidence: float) -> str:
    """Say a turning point, its margin and its interval."""
    margin = f"{point['margin']:g} nats" if metric == "loss" else f"{100 * point['margin']:g} points"
    words = f"{point['n0']} of {point['units']} units within {margin} of all"
    if "between" in point:
        before, after = point["between"]
        words += f" (grid: {before}, {point['n0']}, {after})" if after != point["n0"] else f" (grid: {before}, {after})"
    words += "\n"
    if point["low"] is None:
        words += "no interval"
    else:
        words += f"{confidence:.0%} interval {point['low']:.0f} to {point['high']:.0f}"
    return words + ("; degenerate" if point["degenerate"] else "")


def mark(ax: Axes, k: float, low: float | None, high: float | None, label: str) -> None:
    """Mark a number of units by a vertical line and its interval by a light span."""
    if low is not None and high is not None:
        ax.axvspan(low, high, color=ORANGE, alpha=0.18, linewidth=0, zorder=0)
    ax.axvline(k, color=ORANGE, linewidth=1.2, zorder=1.5, label=label)


def draw(ax: Axes, numbers: NDArray[np.int64], values: NDArray[np.float64], **look: Any) -> None:  # noqa: ANN401 (as matplotlib has it)
    """Draw a curve by its numbers of units, or its points where these are a grid."""
    if is_grid(numbers):
        look |= {
            "linestyle": "none",
            "marker": "o",
            "markeredgewidth": 0,
            "markersize": 1.5 + look.get("linewidth", 1.0),
        }
    ax.plot(numbers, values, **look)


def shade(ax: Axes, numbers: NDArray[np.int64], low: ArrayLike, high: ArrayLike, **look: Any) -> None:  # noqa: ANN401
    """Fill the space between two curves, or draw a bar at each number of units where these are a grid."""
    if is_grid(numbers):
        ax.vlines(numbers, low, high, linewidth=2.0, **look)
    else:
        ax.fill_between(numbers, low, high, linewidth=0, **look)


def fill(ax: Axes, bands: pd.DataFrame, split: str, method: str, metric: str, colour: str, label: str) -> None:
    """Draw the bootstrap band of a curve, where there is one."""
    chosen = (bands["split"] == split) & (bands["method"] == method) & (bands["metric"] == metric)
    band = bands[chosen].sort_values("k")
    if len(band):
        shade(ax, band["k"].to_numpy(), band["low"], band["high"], color=colour, alpha=0.25, label=label)


def scale_y(ax: Axes, values: NDArray[np.float64], metric: str) -> None:
    """Give accuracies the whole range from 0 to 1, and a loss a logarithmic axis where its values ask for one."""
    finite = values[np.isfinite(values)]
    if metric != "loss":
        ax.set_ylim(0, 1.02)
    elif finite.size and finite.min() > 0 and finite.max() / finite.min() > LOG_FROM:
        ax.set_yscale("log")
        for place in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
            place(LogFormatter(minor_thresholds=(1, 0.4)))  # plain words: figures read no mathematics
        ax.set_ylim(finite.min() / 1.5, finite.max() * 1.5)
    else:
        ax.set_ylim(bottom=0)


def random_range(sweep: pd.DataFrame, split: str, metric: str) -> tuple[NDArray[np.float64], ...] | None:
    """Return mean, minimum and maximum over the random orders at each k; None without such orders."""
    seeds = sweep.loc[(sweep["split"] == split) & (sweep["method"] == "random"), "seed"].unique()
    if not len(seeds):
        return None
    drawn = np.stack([curve_of(sweep, split, "random", metric, int(seed)) for seed in seeds])
    return drawn.mean(axis=0), drawn.min(axis=0), drawn.max(axis=0)


def _random(ax: Axes, sweep: pd.DataFrame, split: str, metric: str) -> None:
    spread = random_range(sweep, split, metric)
    if spread is not None:
        mean, low, high = spread
        k = np.unique(sweep.loc[sweep["method"] == "random", "k"].to_numpy(dtype=np.int64))
        draw(ax, k, mean, color=GREY, linewidth=0.8, label="random orders, mean")
        shade(ax, k, low, high, color=PALE, alpha=0.6, zorder=0.5, label="random orders, range")


def _order(ax: Axes, sweep: pd.DataFrame, split: str, method: str, metric: str, colour: str, dash: str) -> None:
    values, name = curve_of(sweep, split, method, metric), METHOD_NAMES.get(method, method)
    draw(ax, numbers_of(sweep, split, method), values, color=colour, linestyle=dash, linewidth=0.8, label=name)


def _main(ax: Axes, sweep: pd.DataFrame, bands: pd.DataFrame, split: str, ranking: str, metric: str, band: str) -> None:
    values = curve_of(sweep, split, ranking, metric)
    k = numbers_of(sweep, split, ranking)
    draw(ax, k, values, color=BLUE, linewidth=1.8, label=METHOD_NAMES.get(ranking, ranking), zorder=3)
    fill(ax, bands, split, ranking, metric, BLUE, band)
    ax.axhline(values[-1], color=BLACK, linestyle="--", linewidth=0.8, label="all units on")


def _point(points: Sequence[Mapping[str, Any]], split: str, method: str, metric: str) -> Mapping[str, Any] | None:
    wanted = {"split": split, "method": method, "metric": metric}
    return next((point for point in points if all(point[key] == value for key, value in wanted.items())), None)

"""How far explanations find what masks show, beside two baselines that know nothing of the image."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.explain.agreement.baselines import TITLES
from lucidag.figures.style import BLUE, FULL_WIDTH, GREY, ORANGE, figure, legend_below, note, paper

METRIC_NAMES = {
    "iou": "IoU",
    "pointing_game": "pointing game",
    "mass_accuracy": "relevance mass accuracy",
    "rank_accuracy": "relevance rank accuracy",
}
BASELINES = {"centre": (ORANGE, "s"), "random": (GREY, "^")}
ROW = 4  # panels


@paper()
def localisation(summary: pd.DataFrame, confidence: float, titles: Mapping[str, str]) -> Figure:
    """Draw the mean grade of each method with its interval, a panel for each metric.

    Parameters
    ----------
    summary
        See `lucidag.explain.agreement.summary.localisation_summary`.
    confidence
        Level of the intervals, for their name.
    titles
        Methods to their names for readers.
    """
    if not summary["mean"].notna().any():
        return note("No image has a mask of the truth in its frame, so nothing can be graded.")
    panels, titled = _panels(summary), {**TITLES, **titles}
    methods = [method for method in summary["method"].unique() if method not in BASELINES] + list(BASELINES)
    lines = -(-len(panels) // ROW)
    columns = -(-len(panels) // lines)
    fig = figure(min(FULL_WIDTH, 1.4 + 1.6 * columns), 0.95 + lines * (0.45 + 0.19 * len(methods)))
    grid = fig.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for ax in grid[len(panels) :]:
        ax.remove()
    for ax, (metric, threshold) in zip(grid, panels, strict=False):
        rows = summary[(summary["metric"] == metric) & (summary["threshold"] == threshold)].set_index("method")
        _panel(ax, rows, methods, confidence, titled)
        ax.set_title(_title(metric, threshold, rows))
    for ax in grid[max(0, len(panels) - columns) : len(panels)]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("mean over images")
    legend_below(fig, list(grid[: len(panels)]), columns=2)
    return fig


def _panels(summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Return metric and threshold of each panel: IoU at matched areas and at .5 where there, then the other metrics."""
    pairs = list(summary[["metric", "threshold"]].drop_duplicates().itertuples(index=False, name=None))
    chosen = [("iou", threshold) for threshold in ("area", "0.5") if ("iou", threshold) in pairs]
    return chosen + [pair for pair in pairs if pair[0] != "iou"]


def _title(metric: str, threshold: str, rows: pd.DataFrame) -> str:
    name = METRIC_NAMES.get(metric, metric)
    if threshold:
        name += ", area of the truth" if threshold == "area" else f", map > {threshold}"
    counts = rows["n"].unique()
    several = f"n = {counts.min()} to {counts.max()}" if len(counts) > 1 else f"n = {counts[0]}"
    return f"{name}\n{several}"


def _panel(ax: Axes, rows: pd.DataFrame, methods: Sequence[str], confidence: float, titles: Mapping[str, str]) -> None:
    known = rows.to_dict("index")
    for y, method in enumerate(methods):
        row = known.get(method, {})
        mean, low, high = (float(row.get(name, np.nan)) for name in ("mean", "low", "high"))
        if not np.isfinite(mean):
            ax.text(0.02, y, "undefined", va="center", fontsize=6, color=GREY)
            continue
        colour, marker = BASELINES.get(method, (BLUE, "o"))
        bars = [[mean - low], [high - mean]] if np.isfinite(low) else None
        ax.errorbar(
            [mean],
            [y],
            xerr=bars,
            fmt=marker,
            color=colour,
            markerfacecolor=colour if method in BASELINES or beats(row) else "white",
            markersize=4.5,
            elinewidth=1.2,
            label=_name(method, row, confidence),
            zorder=3,
            clip_on=False,
        )
        if method in BASELINES:
            ax.axvline(mean, color=colour, linestyle="--", linewidth=0.8, zorder=1)
    ax.axhline(len(methods) - len(BASELINES) - 0.5, color=GREY, linewidth=0.5)
    ax.set_yticks(range(len(methods)), [titles.get(method, method) for method in methods])
    ax.set(ylim=(len(methods) - 0.5, -0.5), xlim=(0, 1))
    ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    ax.tick_params(axis="y", length=0)


def beats(row: Mapping[Hashable, float]) -> bool:
    """Say whether the paired difference to each baseline has its whole interval above 0."""
    return all(row[f"over_{baseline}_low"] > 0 for baseline in BASELINES)


def _name(method: str, row: Mapping[Hashable, float], confidence: float) -> str:
    if method in BASELINES:
        return f"baseline: {TITLES[method]}"
    if not np.isfinite(row["low"]):
        return "one image, so without intervals"
    better = "better than both baselines" if beats(row) else "not better than both"
    return f"{better} ({confidence:.0%}, paired)"

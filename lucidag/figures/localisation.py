"""How far explanations find what masks show, beside two baselines that know nothing of the image."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.explain.agreement.baselines import TITLES
from lucidag.explain.agreement.predictions import RIGHT, WRONG
from lucidag.figures.forest import Look, Row, forest, images_in_words, panels
from lucidag.figures.style import BLUE, FULL_WIDTH, GREY, ORANGE, VERMILION, figure, legend_below, note, paper

METRIC_NAMES = {
    "iou": "IoU",
    "pointing_game": "pointing game",
    "mass_accuracy": "relevance mass accuracy",
    "rank_accuracy": "relevance rank accuracy",
}
BASELINES = {"centre": (ORANGE, "s"), "random": (GREY, "^")}
ROW = 4  # panels
BELOW = 0.28  # of a line: where the images of wrong predictions stand


@paper()
def localisation(summary: pd.DataFrame, confidence: float, titles: Mapping[str, str]) -> Figure:
    """Draw the mean grade of each method with its interval, a panel for each metric.

    That is the mean over the images whose explained class is their own, which is what their masks show. The mean over
    the others stands below it, where there are any.

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
    shown, titled = _panels(summary), {**TITLES, **titles}
    methods = [method for method in summary["method"].unique() if method not in BASELINES] + list(BASELINES)
    lines = -(-len(shown) // ROW)
    columns = -(-len(shown) // lines)
    fig = figure(min(FULL_WIDTH, 1.4 + 1.6 * columns), 0.95 + lines * (0.45 + 0.19 * len(methods)))
    axes = panels(fig, lines, columns, len(shown), sharex=True, sharey=True)
    for ax, (metric, threshold) in zip(axes, shown, strict=True):
        here = summary[(summary["metric"] == metric) & (summary["threshold"] == threshold)].set_index("method")
        rows, others = (here[here["prediction"] == prediction] for prediction in (RIGHT, WRONG))
        _panel(ax, rows, methods, confidence, titled)
        _apart(ax, others, methods)
        ax.set_title(_title(metric, threshold, rows, others))
    for ax in axes[-columns:]:
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("mean over images")
    legend_below(fig, axes, columns=2)
    return fig


def _panels(summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Return metric and threshold of each panel: IoU at matched areas and at .5 where there, then the other metrics."""
    pairs = list(summary[["metric", "threshold"]].drop_duplicates().itertuples(index=False, name=None))
    chosen = [("iou", threshold) for threshold in ("area", "0.5") if ("iou", threshold) in pairs]
    return chosen + [pair for pair in pairs if pair[0] != "iou"]


def _title(metric: str, threshold: str, rows: pd.DataFrame, others: pd.DataFrame) -> str:
    name = METRIC_NAMES.get(metric, metric)
    if threshold:
        name += ", area of the truth" if threshold == "area" else f", map > {threshold}"
    apart = f" right, {others['n'].max()} wrong" if _seen(others) else ""
    return f"{name}\n{images_in_words(rows)}{apart}"


def _seen(rows: pd.DataFrame) -> bool:
    """Tell whether rows are the means of any image."""
    return bool((rows["n"] > 0).any())


def _panel(ax: Axes, rows: pd.DataFrame, methods: Sequence[str], confidence: float, titles: Mapping[str, str]) -> None:
    def look(method: str, row: Row) -> Look:
        colour, marker = BASELINES.get(method, (BLUE, "o"))
        return colour, marker, method in BASELINES or beats(row), _name(method, row, confidence)

    for _, method, row in forest(ax, rows.to_dict("index"), methods, BASELINES, titles, look, clip_on=False):
        if method in BASELINES:
            ax.axvline(row["mean"], color=BASELINES[method][0], linestyle="--", linewidth=0.8, zorder=1)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", ".5", "1"])


def _apart(ax: Axes, rows: pd.DataFrame, methods: Sequence[str]) -> None:
    """Draw the means of images that are explained for another class than theirs, below those of the others."""
    known = rows.to_dict("index")
    for y, method in enumerate(methods):
        row = known.get(method, {})
        mean, low, high = (float(row.get(name, np.nan)) for name in ("mean", "low", "high"))
        if method not in BASELINES and np.isfinite(mean):
            ax.errorbar(
                [mean],
                [y + BELOW],
                xerr=[[mean - low], [high - mean]] if np.isfinite(low) else None,
                fmt="x",
                color=VERMILION,
                markersize=3,
                elinewidth=0.6,
                label="prediction wrong: the mask shows another class than the map",
            )


def beats(row: Row) -> bool:
    """Say whether the method beats both baselines, corrected for the number of methods."""
    return bool(row["beats_both"])


def _name(method: str, row: Row, confidence: float) -> str:
    if method in BASELINES:
        return f"baseline: {TITLES[method]}"
    if row["n"] < 2:
        return "one image, so without intervals"
    better = "better than both baselines" if beats(row) else "not better than both"
    return f"{better} ({confidence:.0%}, paired, Holm)"

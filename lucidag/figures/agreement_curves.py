"""IoU of two methods against the threshold, compared with what maps of different images give."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.style import BLUE, FULL_WIDTH, GREY, figure, legend_below, note, paper

ANCHORS = ("lime", "gradcam")
ROW = 6  # panels
NARROW = 3.4  # inches: room for the legend
MATCHED = 1.15  # where the IoU with matched areas stands, after all thresholds


@paper()
def agreement_curves(
    summary: pd.DataFrame,
    methods: Sequence[str],
    confidence: float,
    titles: Mapping[str, str],
    anchors: Sequence[str] = ANCHORS,
) -> Figure:
    """Draw mean IoU at each threshold, a panel for each two methods, a row for each anchor.

    Parameters
    ----------
    summary
        See `lucidag.explain.agreement.summary.agreement_summary`.
    methods
        Their order.
    confidence
        Level of bands and intervals, for their name.
    titles
        Methods to their names for readers.
    anchors
        Methods that all others are compared with, each two once. Where none of them is there, the first method is.
    """
    rows = _rows(methods, anchors)
    if not rows:
        return note("Only one method was asked for, so there is nothing to compare it with.")
    columns = max(map(len, rows))
    fig = figure(float(np.clip(1.0 + 1.6 * columns, NARROW, FULL_WIDTH)), 0.85 + 1.35 * len(rows))
    grid = fig.subplots(len(rows), columns, squeeze=False, sharex=True, sharey=True)
    drawn: list[Axes] = []
    for axes, pairs in zip(grid, rows, strict=True):
        for ax in axes[len(pairs) :]:
            ax.remove()
        for ax, (anchor, other) in zip(axes, pairs, strict=False):
            _panel(ax, _of(summary, anchor, other), confidence)
            ax.set_title(f"{titles.get(anchor, anchor)},\n{titles.get(other, other)}", fontsize=7)
            ax.label_outer(remove_inner_ticks=False)
            drawn.append(ax)
        axes[0].set_ylabel("IoU")
    _complete_below(grid, rows)
    for ax in grid[-1][: len(rows[-1])]:
        ax.set_xlabel("threshold")
    legend_below(fig, drawn, columns=3 if columns > 2 else 2)
    return fig


def _rows(methods: Sequence[str], anchors: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Return the pairs (anchor, other), each two methods once, at most 6 a row."""
    present = [anchor for anchor in anchors if anchor in methods] or list(methods[:1])
    seen: set[str] = set()
    rows = []
    for anchor in present:
        seen.add(anchor)
        pairs = [(anchor, other) for other in methods if other not in seen]
        rows += [pairs[start : start + ROW] for start in range(0, len(pairs), ROW)]
    return rows


def _of(summary: pd.DataFrame, anchor: str, other: str) -> pd.DataFrame:
    a, b = summary["method_a"], summary["method_b"]
    pair = ((a == anchor) & (b == other)) | ((a == other) & (b == anchor))
    return summary[pair & (summary["measure"] == "iou")]


def _panel(ax: Axes, rows: pd.DataFrame, confidence: float) -> None:
    at = rows[rows["threshold"] != "area"]
    x = at["threshold"].astype(float).to_numpy()
    order = np.argsort(x)
    for prefix, colour, dash, name in (("", BLUE, "-", "same image"), ("control", GREY, "--", "two images")):
        mean, low, high = (at[column].to_numpy(dtype=np.float64)[order] for column in _columns(prefix))
        if np.isnan(mean).all():
            continue
        ax.plot(x[order], mean, color=colour, linestyle=dash, marker=".", markersize=2.5, label=f"{name}, mean")
        if not np.isnan(low).all():
            band = f"their {confidence:.0%} bands"
            ax.fill_between(x[order], low, high, color=colour, alpha=0.22, linewidth=0, label=band)
    ax.set(xlim=(0, 1.3), ylim=(0, 1), yticks=[0, 0.5, 1])
    ax.set_xticks([0, 0.4, 0.8, MATCHED], ["0", ".4", ".8", "area"])
    _matched(ax, rows[rows["threshold"] == "area"])


def _matched(ax: Axes, rows: pd.DataFrame) -> None:
    """Mark the IoU with matched areas, which has no threshold, behind the curves."""
    for row in rows.to_dict("records"):
        for prefix, colour, name in (("", BLUE, "same image"), ("control", GREY, "two images")):
            mean, low, high = (row[column] for column in _columns(prefix))
            if np.isfinite(mean):
                bars = [[mean - low], [high - mean]] if np.isfinite(low) else None
                ax.errorbar(
                    [MATCHED],
                    [mean],
                    yerr=bars,
                    fmt="D",
                    color=colour,
                    markersize=3,
                    elinewidth=0.8,
                    label=f"{name}, areas matched",
                )


def _columns(prefix: str) -> tuple[str, str, str]:
    return (prefix, f"{prefix}_low", f"{prefix}_high") if prefix else ("mean", "low", "high")


def _complete_below(grid: np.ndarray, rows: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Label the x axis of a panel with nothing below it."""
    for row, pairs in enumerate(rows[:-1]):
        for column in range(len(rows[row + 1]), len(pairs)):
            grid[row, column].tick_params(labelbottom=True)
            grid[row, column].set_xlabel("threshold")

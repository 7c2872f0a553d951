"""Which methods agree with which: area-matched IoU and rank correlation of every two."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lucidag.explain.families import relatives
from lucidag.figures.style import FULL_WIDTH, figure, note, paper

PALE_AND_DARK = 0.55  # from here the number is white
SMALL, LARGE, MANY = 4.8, 5.5, 5  # points of an interval, where there are more or up to so many cells per row
LINE = 7.5  # points: how far the numbers of a cell lie apart


@paper()
def heat_map(summary: pd.DataFrame, methods: Sequence[str], confidence: float, titles: Mapping[str, str]) -> Figure:
    """Draw the mean area-matched IoU and the mean Spearman correlation of every two methods, a panel each.

    Parameters
    ----------
    summary
        See `lucidag.explain.agreement.summary.agreement_summary`.
    methods
        Their order.
    confidence
        Level of the intervals, for their name.
    titles
        Methods to their names for readers.

    Returns
    -------
    Figure
        In each cell the mean over images, below it its interval, and in brackets the control: the mean where one of
        the two maps belongs to another image. Below, which methods are of one family.
    """
    if len(methods) < 2:
        return note("Only one method was asked for, so there is nothing to compare it with.")
    cells = len(methods) - 1
    side = float(np.clip(cells * 0.55, 0.9, 2.9))
    fig = figure(float(np.clip(2 * side + 2.2, 4.8, FULL_WIDTH)), side + 1.15)
    panels = (
        (
            summary[(summary["measure"] == "iou") & (summary["threshold"] == "area")],
            "IoU with matched areas",
            ("Blues", 0),
        ),
        (summary[summary["measure"] == "spearman"], "rank correlation (Spearman)", ("RdBu", -1)),
    )
    axes = list(fig.subplots(1, 2))
    for ax, (rows, title, colours) in zip(axes, panels, strict=True):
        _panel(ax, rows, methods, titles, *colours)
        ax.set_title(title)
    axes[1].tick_params(labelleft=False)
    images = int((summary["n"] + summary["undefined"]).max()) if len(summary) else 0
    words = f"mean over {images} images, {confidence:.0%} interval"
    words += "; in brackets: one of the two maps from another image"
    words = words if images > 1 else "one image, so without interval and control"
    fig.supxlabel(f"{words}{_of_one_family(methods, titles)}", fontsize=7)
    return fig


def _of_one_family(methods: Sequence[str], titles: Mapping[str, str]) -> str:
    """Say which methods are near relatives, a line each: their agreement is no agreement of independent methods."""
    named = (", ".join(titles.get(method, method) for method in family) for family in relatives(methods))
    return "".join(f"\none family, sharing most of what it computes: {names}" for names in named)


def _panel(
    ax: Axes, rows: pd.DataFrame, methods: Sequence[str], titles: Mapping[str, str], colours: str, least: float
) -> None:
    """Fill the triangle below the diagonal: rows from the second method on, columns up to the last but one."""
    found = {frozenset((row.method_a, row.method_b)): row for row in rows.itertuples()}
    cells = len(methods) - 1
    grid = np.full((cells, cells), np.nan)
    for lower in range(cells):
        for left in range(lower + 1):
            row = found.get(frozenset((methods[lower + 1], methods[left])))
            if row is not None:
                grid[lower, left] = row.mean
            _cell(ax, left, lower, row, SMALL if cells > MANY else LARGE)
    ax.imshow(grid, cmap=colours, vmin=least, vmax=1, aspect="equal")
    names = [titles.get(method, method) for method in methods]
    ax.set_xticks(range(cells), names[:-1], rotation=35, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(cells), names[1:])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _cell(ax: Axes, x: int, y: int, row: object, small: float) -> None:
    mean = getattr(row, "mean", np.nan)
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="none", edgecolor="white", linewidth=1.5))
    if row is None or not np.isfinite(mean):
        ax.text(x, y, "undefined" if row is not None else "none", ha="center", va="center", fontsize=5)
        return
    low, high, control = (getattr(row, name) for name in ("low", "high", "control"))
    lines = [(number(mean), 7.0, "bold")]
    if np.isfinite(low):
        lines.append((f"{number(low)} to {number(high)}", small, "normal"))
    if np.isfinite(control):
        lines.append((f"({number(control)})", small, "normal"))
    colour = "white" if abs(mean) > PALE_AND_DARK else "black"
    for index, (text, size, weight) in enumerate(lines):
        offset = (0, ((len(lines) - 1) / 2 - index) * LINE)
        ax.annotate(
            text,
            (x, y),
            xytext=offset,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            fontweight=weight,
            color=colour,
        )


def number(value: float) -> str:
    """Write a share or a correlation with two digits, without the leading 0."""
    text = f"{abs(value):.2f}"
    sign = "−" if value < 0 and float(text) else ""
    return sign + text.removeprefix("0")

"""Means of methods with their intervals, one above the other, in panels that share the names."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.style import GREY

Row = Mapping[Hashable, Any]
Look = tuple[str, str, bool, str]  # colour, marker, whether it is filled, label


def panels(fig: Figure, lines: int, columns: int, count: int, sharex: bool = False, sharey: bool = False) -> list[Axes]:
    """Return the first `count` panels of a grid; the others are left out."""
    grid = fig.subplots(lines, columns, squeeze=False, sharex=sharex, sharey=sharey).ravel()
    for ax in grid[count:]:
        ax.remove()
    return list(grid[:count])


def forest(
    ax: Axes,
    rows: Mapping[Hashable, Row],
    methods: Sequence[str],
    controls: Collection[str],
    titles: Mapping[str, str],
    look: Callable[[str, Row], Look],
    missing: str = "undefined",
    clip_on: bool = True,
) -> Iterator[tuple[int, str, Row]]:
    """Draw the mean of each method with its interval, where it has one, from the top down.

    Parameters
    ----------
    ax
        The panel.
    rows
        By method ``mean``, ``low`` and ``high``, and what `look` needs.
    methods
        Their order; `controls`, if any, are the last and stand below a line.
    controls
        The methods that all others are compared with.
    titles
        Methods to their names for readers.
    look
        What the mean of a method looks like.
    missing
        What stands for a method without a row.
    clip_on
        Whether a mark ends at the panel's edge.

    Yields
    ------
    tuple
        Place, method and row of each mean as it is drawn, for what else belongs there.
    """
    for y, method in enumerate(methods):
        row = rows.get(method, {})
        mean, low, high = (float(row.get(name, np.nan)) for name in ("mean", "low", "high"))
        if not np.isfinite(mean):
            words = "undefined" if row else missing
            ax.text(0.02, y, words, va="center", fontsize=6, color=GREY, transform=ax.get_yaxis_transform())
            continue
        colour, marker, filled, label = look(method, row)
        ax.errorbar(
            [mean],
            [y],
            xerr=[[mean - low], [high - mean]] if np.isfinite(low) else None,
            fmt=marker,
            color=colour,
            markerfacecolor=colour if filled else "white",
            markersize=4.5,
            elinewidth=1.2,
            label=label,
            zorder=3,
            clip_on=clip_on,
        )
        yield y, method, row
    ax.axhline(sum(method not in controls for method in methods) - 0.5, color=GREY, linewidth=0.5)
    ax.set_yticks(range(len(methods)), [titles.get(method, method) for method in methods])
    ax.set_ylim(len(methods) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def images_in_words(rows: pd.DataFrame) -> str:
    """Say how many images the means are of."""
    counts = rows["n"].unique()
    return f"n = {counts.min()} to {counts.max()}" if len(counts) > 1 else f"n = {counts[0]}"

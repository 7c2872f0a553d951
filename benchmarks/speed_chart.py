"""The charts of docs/speed.md, from its tables."""

from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.case import Case
from benchmarks.recorded import COSTS, FOLDER, read_cases, read_rows

IMAGES = FOLDER.parent / "images"
LONGEST = 100  # letters of a name
COLUMNS = 3
# Bytes of a drawing do not depend on when it was made.
STABLE: Any = {"svg.hashsalt": "speed", "svg.fonttype": "none"}


def draw(folder: Path = IMAGES) -> None:
    """Draw what there is."""
    cases, costs = read_cases(), read_rows(COSTS)
    if cases:
        _save(ratios(cases), folder / "speed.svg")
    if costs:
        _save(growths(costs), folder / "costs.svg")


def ratios(cases: Sequence[Case]) -> Figure:
    """Draw the ratio of each case, in logarithms, and its goal."""
    figure = Figure(figsize=(11, 1 + 0.32 * len(cases)), layout="constrained")
    axes = figure.subplots()
    places = range(len(cases))
    axes.barh(places, [case.ratio for case in cases], color="#4c78a8", label="measured")
    axes.scatter([case.goal for case in cases], places, marker="|", s=120, color="#222222", label="goal", zorder=3)
    axes.set_yticks(places, [_short(f"{case.case}, {case.peer}") for case in cases], fontsize=7)
    axes.set(xscale="log", xlabel="seconds of the peer by ours (1: as fast)")
    _name_ticks(axes.xaxis)
    axes.axvline(1, color="#888888", linewidth=0.8)
    axes.invert_yaxis()
    axes.legend(fontsize=7)
    return figure


def growths(rows: Sequence[dict[str, str]]) -> Figure:
    """Draw seconds against each size, both in logarithms: one panel a size."""
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    high = -(-len(sizes) // COLUMNS)
    figure = Figure(figsize=(4 * COLUMNS, 3.4 * high), layout="constrained")
    panels = figure.subplots(high, COLUMNS, squeeze=False).ravel()
    for axes, size in zip(panels, sizes, strict=False):
        own = [row for row in rows if row["size"] == size]
        for stage in dict.fromkeys(row["stage"] for row in own):
            line = [row for row in own if row["stage"] == stage]
            values, taken = ([float(row[key]) for row in line] for key in ("value", "seconds"))
            axes.loglog(values, taken, "o-", markersize=3, label=f"{stage}: {float(line[0]['exponent']):.2f}")
        axes.set(xlabel=size, ylabel="seconds")
        _name_ticks(axes.xaxis)
        _name_ticks(axes.yaxis)
        axes.legend(fontsize=6, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, frameon=False)
    for axes in panels[len(sizes) :]:
        axes.remove()
    return figure


def _name_ticks(axis: Axis) -> None:
    """Name 1, 2 and 5 of each power of 10, of more than two powers these alone."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1,) if log10(high / low) > 2 else (1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _save(figure: Figure, path: Path) -> None:
    with rc_context(STABLE):
        figure.savefig(path, metadata={"Date": None})

"""A shortcut: relevance on an artefact's pixels, and what networks decide with and without it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.style import BLUE, FULL_WIDTH, GREEN, GREY, ORANGE, figure, legend_below, paper

ROLES = {"with": (ORANGE, "o"), "without": (BLUE, "s"), "untrained": (GREEN, "D")}
LABELS = {"with": "trained with it", "without": "trained without", "untrained": "untrained"}
ROWS = {"with": "trained with", "without": "trained without", "untrained": "untrained"}
SHIFT = {"with": -0.22, "without": 0.0, "untrained": 0.22}
CONTROL = "control: its place filled"


@paper()
def shortcut(summary: Mapping[str, Any], confidence: float) -> Figure:
    """Draw, for each artefact, relevance on its pixels by method, and the change of the class's probability.

    The probability changes by pasting, and by taking out of images that show the artefact. A point is the mean of an
    arm's networks, a stroke that of one of them.

    Parameters
    ----------
    summary
        See `lucidag.artefacts.study.summarise`.
    confidence
        Level of the intervals, for their name.
    """
    artefacts = list(summary["changes"]["with"])
    methods = list(dict.fromkeys(row["method"] for row in summary["difference"]))
    fig = figure(FULL_WIDTH, 0.9 + len(artefacts) * (0.75 + 0.3 * max(2, len(methods))))
    grid = fig.subplots(len(artefacts), 3, squeeze=False, width_ratios=(1.5, 1, 1))
    for (relevance, pasted, removed), artefact in zip(grid, artefacts, strict=True):
        _relevance(relevance, summary, artefact, methods)
        _change(pasted, summary["changes"], artefact, "pasted in")
        _change(removed, summary["removal"], artefact, "taken out")
    networks = " and ".join(str(len(summary["models"][role])) for role in ("with", "without"))
    title = f"{networks} networks trained with and without the artefact as a shortcut ({confidence:.0%} intervals)"
    fig.suptitle(title, x=0.01, ha="left")
    legend_below(fig, [ax for row in grid for ax in row], columns=3)
    return fig


def _relevance(ax: Axes, summary: Mapping[str, Any], artefact: str, methods: Sequence[str]) -> None:
    for role, (colour, marker) in _roles(summary["relevance"]).items():
        rows = {row["method"]: row for row in summary["relevance"][role] if row["artefact"] == artefact}
        for place, method in enumerate(methods):
            row = rows.get(method)
            if row is not None and row["share"] is not None:
                y = place + SHIFT[role]
                _networks(ax, y, row["each"], colour)
                _point(ax, y, row["share"], row["share_low"], row["share_high"], colour, marker, LABELS[role])
    areas = [row["area"] for rows in summary["relevance"].values() for row in rows if row["artefact"] == artefact]
    area = float(np.mean([value for value in areas if value is not None] or [np.nan]))
    ax.axvline(area, color=GREY, linestyle="--", linewidth=0.8, label="share of the area")
    ax.set_yticks(range(len(methods)), [summary["titles"].get(method, method) for method in methods])
    ax.set(ylim=(len(methods) - 0.5, -0.5), xlabel="share of positive relevance on its pixels", title=artefact)
    ax.set_xlim(left=0)
    ax.tick_params(axis="y", length=0)


def _change(ax: Axes, changes: Mapping[str, Mapping[str, Any]], artefact: str, title: str) -> None:
    images = 0
    rows: list[str] = []
    for role, (colour, marker) in _roles(changes).items():
        found = changes[role].get(artefact)
        if found is None:
            continue
        edits = ((LABELS[role], "artefact", colour, marker), (CONTROL, "control", GREY, "^"))
        for label, key, own, sign in edits:
            change = found[key]["change"]
            if change["value"] is None:
                continue
            images = max(images, change["n"])
            y = len(rows)
            rows.append(ROWS[role] if key == "artefact" else "place filled")
            _networks(ax, y, change["each"], own)
            _point(ax, y, change["value"], change["low"], change["high"], own, sign, label)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(axis="y", length=0)
    ax.set(ylim=(max(len(rows), 1) - 0.5, -0.5), xlabel="change of probability", title=f"{title} ({images} images)")


def _roles(found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Give colour and marker of the arms that there are."""
    return {role: style for role, style in ROLES.items() if role in found}


def _networks(ax: Axes, y: float, values: Sequence[float | None], colour: str) -> None:
    """Mark the mean of each network, where there are several."""
    known = [value for value in values if value is not None]
    if len(values) > 1:
        ax.plot(known, [y] * len(known), color=colour, marker="|", linestyle="none", alpha=0.6, markersize=7)


def _point(ax: Axes, y: float, value: float, low: float, high: float, colour: str, marker: str, label: str) -> None:
    known = label not in ax.get_legend_handles_labels()[1]
    error = None if low is None or high is None else [[value - low], [high - value]]
    ax.errorbar(
        value,
        y,
        xerr=error,
        color=colour,
        marker=marker,
        linestyle="none",
        linewidth=1.2,
        markersize=4,
        label=label if known else None,
    )

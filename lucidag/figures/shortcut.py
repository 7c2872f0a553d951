"""A shortcut: relevance on an artefact's pixels in two networks, and what they decide with and without it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.style import BLUE, FULL_WIDTH, GREY, ORANGE, figure, legend_below, paper

ROLES = {"with": (ORANGE, "o"), "without": (BLUE, "s")}


@paper()
def shortcut(summary: Mapping[str, Any], confidence: float) -> Figure:
    """Draw, for each artefact, relevance on its pixels by method, and the change of the class's probability.

    The probability changes by pasting, and by taking out of images that show the artefact.

    Parameters
    ----------
    summary
        See `lucidag.artefacts.study.summarise`.
    confidence
        Level of the intervals, for their name.
    """
    names = summary["models"]
    artefacts = list(summary["changes"][names["with"]])
    methods = list(dict.fromkeys(row["method"] for row in summary["difference"]))
    fig = figure(FULL_WIDTH, 0.9 + len(artefacts) * (0.75 + 0.3 * max(2, len(methods))))
    grid = fig.subplots(len(artefacts), 3, squeeze=False, width_ratios=(1.5, 1, 1))
    for (relevance, pasted, removed), artefact in zip(grid, artefacts, strict=True):
        _relevance(relevance, summary, artefact, methods)
        _change(pasted, summary["changes"], summary["models"], artefact, "pasted in")
        _change(removed, summary["removal"], summary["models"], artefact, "taken out")
    fig.suptitle(f"trained with and without the artefact as a shortcut ({confidence:.0%} intervals)", x=0.01, ha="left")
    legend_below(fig, [ax for row in grid for ax in row], columns=3)
    return fig


def _relevance(ax: Axes, summary: Mapping[str, Any], artefact: str, methods: Sequence[str]) -> None:
    for role, (colour, marker) in ROLES.items():
        name = summary["models"][role]
        rows = {row["method"]: row for row in summary["relevance"][name] if row["artefact"] == artefact}
        for place, method in enumerate(methods):
            row = rows.get(method)
            if row is not None and row["share"] is not None:
                y = place + (-0.15 if role == "with" else 0.15)
                _point(ax, y, row["share"], row["share_low"], row["share_high"], colour, marker, name)
    areas = [row["area"] for rows in summary["relevance"].values() for row in rows if row["artefact"] == artefact]
    area = float(np.mean([value for value in areas if value is not None] or [np.nan]))
    ax.axvline(area, color=GREY, linestyle="--", linewidth=0.8, label="share of the area")
    ax.set_yticks(range(len(methods)), [summary["titles"].get(method, method) for method in methods])
    ax.set(ylim=(len(methods) - 0.5, -0.5), xlabel="share of positive relevance on its pixels", title=artefact)
    ax.set_xlim(left=0)
    ax.tick_params(axis="y", length=0)


def _change(
    ax: Axes, changes: Mapping[str, Mapping[str, Any]], models: Mapping[str, str], artefact: str, title: str
) -> None:
    images = 0
    for place, (role, (colour, marker)) in enumerate(ROLES.items()):
        name = models[role]
        found = changes[name].get(artefact)
        if found is None:
            continue
        change, control = (found[key]["change"] for key in ("artefact", "control"))
        images = change["n"]
        _point(ax, place - 0.15, change["value"], change["low"], change["high"], colour, marker, name)
        if control["value"] is not None:
            label = "control: place filled"
            _point(ax, place + 0.15, control["value"], control["low"], control["high"], GREY, "^", label)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_yticks([])
    ax.set(ylim=(1.5, -0.5), xlabel="change of probability", title=f"{title} ({images} images)")


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

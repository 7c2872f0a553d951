"""What each method says of planted units, held against the truth."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.style import BLUE, CYCLE, FULL_WIDTH, GREY, figure, legend_below, paper

SHARES = {
    "right": "label is right",
    "confirmed": "label is confirmed",
    "wrong_among_confirmed": "wrong, if confirmed",
    "second_confirmed": "second concept is confirmed",
}
PARTS = {
    "effects": "needed by class",
    "relevance": "adds to class",
    "roles": "used at all",
    "regions": "region",
    "clear": "answers to anything",
    "two": "answers to two",
    "alike": "answer to the same",
}
ALL = "all"


@paper()
def planted(summary: pd.DataFrame) -> Figure:
    """Draw shares of labels by kind, and the average precision of what else is said of planted units.

    Parameters
    ----------
    summary
        See `lucidag.planted.summary.summary`.
    """
    labels = summary[summary["part"] == "labels"]
    methods = list(dict.fromkeys(labels["method"]))
    fig = figure(FULL_WIDTH, 5.4)
    axes = fig.subplots(1, 1 + len(methods), width_ratios=[*[1.0] * len(methods), 1.3])
    for ax, method in zip(axes, methods, strict=False):
        _labels(ax, labels[labels["method"] == method], method)
        ax.label_outer()
    _precision(axes[-1], summary[summary["measure"].eq("auprc") & summary["part"].isin(list(PARTS))])
    legend_below(fig, list(axes), columns=3)
    return fig


def _labels(ax: Axes, table: pd.DataFrame, method: str) -> None:
    kinds = list(dict.fromkeys(table["kind"]))
    for place, (measure, words) in enumerate(SHARES.items()):
        rows = table[table["measure"] == measure].set_index("kind").reindex(kinds)
        _points(ax, rows, [at + 0.2 * (place - 1.5) for at in range(len(kinds))], CYCLE[place], words)
    ax.set_yticks(range(len(kinds)), kinds)
    ax.set(xlim=(-0.03, 1.03), ylim=(len(kinds) - 0.5, -0.5), title=method, xlabel="share of units")


def _precision(ax: Axes, table: pd.DataFrame) -> None:
    rows = table[table["kind"].eq(ALL)].sort_values(
        "part", key=lambda parts: parts.map(list(PARTS).index), kind="stable"
    )
    names = [f"{PARTS[part]}: {method}" for part, method in zip(rows["part"], rows["method"], strict=True)]
    _points(ax, rows, list(range(len(rows))), BLUE, "average precision")
    ax.scatter(rows["base_rate"], range(len(rows)), marker="|", s=60, color=GREY, label="base rate")
    ax.set_yticks(range(len(rows)), names)
    ax.set(xlim=(-0.03, 1.03), ylim=(len(rows) - 0.5, -0.5), title="all kinds", xlabel="average precision")


def _points(ax: Axes, rows: pd.DataFrame, places: list[float], colour: str, words: str) -> None:
    ax.hlines(places, rows["low"], rows["high"], color=colour)
    ax.scatter(rows["value"], places, color=colour, s=12, label=words)

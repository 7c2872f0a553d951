"""How faithful explanations are: the ranking by each metric."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.explain.agreement.baselines import TITLES
from lucidag.explain.faithfulness.metrics import (
    CONTROLS,
    DELETION,
    INFIDELITY,
    INSERTION,
    RANDOMISATION,
    ROAD,
    SENSITIVITY,
)
from lucidag.figures.forest import Look, Row, forest, images_in_words, panels
from lucidag.figures.style import BLUE, FULL_WIDTH, GREY, figure, legend_below, note, paper

METRIC_NAMES = {
    SENSITIVITY: "sensitivity-max",
    INFIDELITY: "infidelity, 1 − R²",
    DELETION: "deletion, area",
    INSERTION: "insertion, area",
    ROAD: "ROAD",
    RANDOMISATION: "randomisation, |correlation|",
}
CONTROL_MARKS = dict(zip(CONTROLS, ("s", "^"), strict=True))
COLUMNS = 3
NOTHING = "No explanation has a value, so nothing can be ranked."


@paper()
def ranking(ranked: pd.DataFrame, confidence: float, titles: Mapping[str, str]) -> Figure:
    """Draw the mean of each method with its interval, a panel for each metric, its rank at the right (1 in bold).

    Parameters
    ----------
    ranked
        See `lucidag.explain.faithfulness.summary.ranking`.
    confidence
        Level of the intervals and of the test behind the ranks, for their name.
    titles
        Methods to their names for readers.
    """
    if not ranked["mean"].notna().any():
        return note(NOTHING)
    metrics, methods = list(ranked["metric"].unique()), _order(ranked)
    titled = {**TITLES, **titles}
    columns = min(COLUMNS, len(metrics))
    lines = -(-len(metrics) // columns)
    fig = figure(min(FULL_WIDTH, 1.4 + 2.0 * columns), 0.8 + lines * (0.62 + 0.19 * len(methods)))
    axes = panels(fig, lines, columns, len(metrics), sharey=True)
    for ax, metric in zip(axes, metrics, strict=True):
        _panel(ax, ranked[ranked["metric"] == metric], methods, confidence, titled)
    legend_below(fig, axes, columns=2)
    return fig


def _order(ranked: pd.DataFrame) -> list[str]:
    """Sort the methods from the best mean rank to the worst, the controls below them."""
    means = ranked.groupby("method", sort=False)["rank"].mean().sort_values(kind="stable", na_position="last")
    return sorted(means.index, key=lambda method: CONTROLS.index(method) + 1 if method in CONTROLS else 0)


def _panel(ax: Axes, rows: pd.DataFrame, methods: Sequence[str], confidence: float, titles: Mapping[str, str]) -> None:
    known = rows.set_index("method").to_dict("index")

    def look(method: str, row: Row) -> Look:
        control = method in CONTROLS
        colour, marker = GREY if control else BLUE, CONTROL_MARKS.get(method, "o")
        return colour, marker, control or beats(row), _label(method, row, confidence)

    beside: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "transform": ax.get_yaxis_transform()}
    for y, method, row in forest(ax, known, methods, CONTROLS, titles, look, missing="not measured"):
        if method not in CONTROLS:
            ax.text(1.05, y, f"{row['rank']:.0f}", fontweight="bold" if row["rank"] == 1 else "normal", **beside)
    ax.set_title(_title(rows))
    ax.text(1.05, 1.0, "rank", ha="center", va="bottom", fontsize=6, transform=ax.transAxes)
    ax.margins(x=0.08)
    ax.locator_params(axis="x", nbins=5)


def _title(rows: pd.DataFrame) -> str:
    metric, better = rows[["metric", "better"]].iloc[0]
    return f"{METRIC_NAMES.get(metric, metric)}\n{better} is better, {images_in_words(rows)}"


def _label(method: str, row: Row, confidence: float) -> str:
    if method in CONTROLS:
        return f"control: {TITLES[method]}"
    if row["n"] < 2:
        return "one image, so nothing can be told apart"
    better = "better than both controls" if beats(row) else "not shown to be better than both"
    return f"{better} ({confidence:.0%}, paired, Holm)"


def beats(row: Row) -> bool:
    """Say whether a row of the ranking is told apart from both controls, as the better one."""
    return set(CONTROLS) <= set(row["better_than"].split(";"))

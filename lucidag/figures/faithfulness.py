"""How faithful explanations are: the ranking by each metric, and the curves behind some of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.explain.agreement.baselines import TITLES
from lucidag.explain.faithfulness.metrics import (
    CONTROLS,
    DELETION,
    FLOOR,
    INFIDELITY,
    INSERTION,
    RANDOMISATION,
    ROAD,
    ROAD_LEAST,
    ROAD_MOST,
    SENSITIVITY,
)
from lucidag.figures.forest import Look, Row, forest, images_in_words, panels
from lucidag.figures.style import BLUE, CYCLE, FULL_WIDTH, GREY, figure, legend_below, note, paper

METRIC_NAMES = {
    SENSITIVITY: "sensitivity-max",
    INFIDELITY: "infidelity, 1 − R²",
    DELETION: "deletion, area",
    INSERTION: "insertion, area",
    ROAD: "ROAD",
    RANDOMISATION: "randomisation, |correlation|",
}
# Title, label of x, label of y, and the curves with their dashes.
PANELS = (
    ("deletion: lower is better", "share of pixels deleted", "probability of the class", {DELETION: "-"}),
    ("insertion: higher is better", "share of pixels inserted", "probability of the class", {INSERTION: "-"}),
    (
        "ROAD, most relevant first (solid)\nand last (dashed): apart is better",
        "share of pixels imputed",
        "probability of the class",
        {ROAD_MOST: "-", ROAD_LEAST: "--"},
    ),
    (
        "randomisation: lower is better\n(dotted: the maps of two untrained networks)",
        "share of layers randomised, from the last",
        "|correlation| with the map",
        {RANDOMISATION: "-", FLOOR: ":"},
    ),
)
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


@paper()
def curves(points: pd.DataFrame, methods: Sequence[str], titles: Mapping[str, str]) -> Figure:
    """Draw the mean curves over the images: deletion, insertion, ROAD and randomisation, as far as they are there.

    Parameters
    ----------
    points
        The columns `lucidag.explain.faithfulness.metrics.CURVE_COLUMNS`.
    methods
        Their order, and so their colours; the controls are grey.
    titles
        Methods to their names for readers.
    """
    shown = [panel for panel in PANELS if points["curve"].isin(panel[3]).any()]
    if not shown:
        return note("No explanation has a curve: none of deletion, insertion, ROAD and randomisation was measured.")
    lines = -(-len(shown) // 2)
    columns = -(-len(shown) // lines)
    fig = figure(0.2 + 3.4 * columns, 0.8 + 2.1 * lines)
    axes = panels(fig, lines, columns, len(shown))
    for ax, (title, x, y, dashes) in zip(axes, shown, strict=True):
        for curve, dash in dashes.items():
            _lines(ax, points[points["curve"] == curve], methods, dash, {**TITLES, **titles})
        ax.set_title(title)
        ax.set(xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1.02))
    legend_below(fig, axes)
    return fig


def _lines(ax: Axes, points: pd.DataFrame, methods: Sequence[str], dash: str, titles: Mapping[str, str]) -> None:
    colours = dict(zip([each for each in methods if each not in CONTROLS], CYCLE * len(methods), strict=False))
    for method in methods:
        own = points[points["method"] == method]
        # A turned sign still shows the same; the other curves are never below 0.
        means = own.assign(value=own["value"].abs()).groupby("share")["value"].mean().dropna()
        if means.empty:
            continue
        control = method in CONTROLS
        ax.plot(
            means.index,
            means,
            dash,
            color=GREY if control else colours[method],
            linewidth=0.8 if control else 1.2,
            marker=CONTROL_MARKS[method] if control else None,
            markersize=2,
            label=titles.get(method, method),
            clip_on=False,
        )

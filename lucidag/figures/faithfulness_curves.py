"""The curves behind some measures of faithfulness, with their bands, and what randomisation leaves anyway."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.core.groupby import SeriesGroupBy

from lucidag.explain.agreement.baselines import TITLES
from lucidag.explain.faithfulness.metrics import CONTROLS, DELETION, INSERTION, RANDOMISATION, ROAD_LEAST, ROAD_MOST
from lucidag.figures.faithfulness import CONTROL_MARKS
from lucidag.figures.forest import panels
from lucidag.figures.style import CYCLE, GREY, figure, legend_below, note, paper
from lucidag.ground.statistics.intervals import estimate

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
        "randomisation: lower is better\nright: ○ two untrained networks, ◇ different images",
        "share of layers randomised, from the last",
        "|correlation| with the map",
        {RANDOMISATION: "-"},
    ),
)
# Where the floors stand, right of all layers, and their marks.
FLOORS = {"untrained": (1.07, "o"), "other_images": (1.19, "D")}
APART = 0.012  # of methods beside each other
END = 1.26
OPACITY = 0.13
WIDEST = 0.5  # of bands that are drawn: wider ones would cover the panel and tell nothing apart


@dataclass(frozen=True)
class Bands:
    """The intervals of the means over images, see `lucidag.ground.statistics.intervals.estimate`."""

    confidence: float
    resamples: int
    seed: int
    hand_picked: bool = False


@paper()
def curves(
    points: pd.DataFrame, floors: pd.DataFrame, methods: Sequence[str], titles: Mapping[str, str], bands: Bands
) -> Figure:
    """Draw the mean curves over the images: deletion, insertion, ROAD and randomisation, as far as they are there.

    Bands are pointwise. A panel is without them where they would cover half of it, as those of a few probabilities near
    0 and 1 do, and where no point has an interval; a sentence in it says which.

    Parameters
    ----------
    points
        The columns `lucidag.explain.faithfulness.metrics.CURVE_COLUMNS`.
    floors
        See `lucidag.explain.faithfulness.floors.floors`.
    methods
        Their order, and so their colours; the controls are grey.
    titles
        Methods to their names for readers.
    bands
        Of the means.
    """
    shown = [panel for panel in PANELS if points["curve"].isin(panel[3]).any()]
    if not shown:
        return note("No explanation has a curve: none of deletion, insertion, ROAD and randomisation was measured.")
    lines = -(-len(shown) // 2)
    columns = -(-len(shown) // lines)
    fig = figure(0.2 + 3.4 * columns, 1.0 + 2.1 * lines)
    axes = panels(fig, lines, columns, len(shown))
    colours = _colours(methods)
    for ax, (title, x, y, dashes) in zip(axes, shown, strict=True):
        own = {dash: points[points["curve"] == curve] for curve, dash in dashes.items()}
        for dash, of_curve in own.items():
            _lines(ax, of_curve, colours, dash, {**TITLES, **titles})
        why = _bands(ax, pd.concat(own.values()), colours, bands)
        ax.set_title(f"{title}\n{why}" if why else title)
        ax.set(xlabel=x, ylabel=y, xlim=(0, 1), ylim=(0, 1.02))
        if RANDOMISATION in dashes and len(floors):
            _floors(ax, floors, colours)
    legend_below(fig, axes)
    images = points["image"].nunique()
    words = f"Means over {images} image{'s' * (images != 1)}; bands: {bands.confidence:.0%} of each mean, pointwise"
    fig.suptitle(words, x=0.01, ha="left", fontsize=7)
    return fig


def _colours(methods: Sequence[str]) -> dict[str, str]:
    shown = [method for method in methods if method not in CONTROLS]
    own = dict(zip(shown, CYCLE * len(shown), strict=False))
    return {method: own.get(method, GREY) for method in methods}


def _lines(ax: Axes, points: pd.DataFrame, colours: Mapping[str, str], dash: str, titles: Mapping[str, str]) -> None:
    for method, colour in colours.items():
        means = _by_share(points, method).mean()
        if means.empty:
            continue
        control = method in CONTROLS
        ax.plot(
            means.index,
            means,
            dash,
            color=colour,
            linewidth=0.8 if control else 1.2,
            marker=CONTROL_MARKS[method] if control else None,
            markersize=2,
            label=titles.get(method, method),
            clip_on=False,
        )


def _by_share(points: pd.DataFrame, method: str) -> SeriesGroupBy:
    own = points[points["method"] == method]
    # A turned sign still shows the same; the other curves are never below 0.
    return own.assign(value=own["value"].abs()).dropna(subset="value").groupby("share")["value"]


def _bands(ax: Axes, points: pd.DataFrame, colours: Mapping[str, str], bands: Bands) -> str:
    """Draw the bands of a panel's methods, or say why there are none."""
    asked = (bands.confidence, bands.resamples, bands.seed, (0.0, 1.0), bands.hand_picked)
    drawn, reasons = [], []
    for (method, _), part in points.groupby(["method", "curve"], sort=False):
        if method in CONTROLS or method not in colours:
            continue
        by_share = _by_share(part, str(method))
        found = [estimate(values.to_numpy(np.float64), *asked) for _, values in by_share]
        reasons += [each.reason for each in found]
        low, high = (np.array([getattr(each, end) for each in found]) for end in ("low", "high"))
        drawn.append((by_share.mean().index.to_numpy(), low, high, colours[str(method)]))
    if not drawn:
        return ""
    widths = np.concatenate([high - low for _, low, high, _ in drawn])
    if all(reasons):
        return f"(no bands: {max(dict.fromkeys(reasons), key=reasons.count)})"
    if (width := np.nanmedian(widths)) > WIDEST:
        return f"(no bands: they would be {width:.2f} wide)"
    for at, low, high, colour in drawn:
        ax.fill_between(at, low, high, color=colour, alpha=OPACITY, linewidth=0)
    return ""


def _floors(ax: Axes, floors: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw the floors of each method right of where all layers are randomised."""
    ax.axvline(1, color=GREY, linewidth=0.5)
    methods = [method for method in colours if method not in CONTROLS]
    for row in floors.dropna(subset="mean").to_dict("records"):
        if row["method"] not in methods:
            continue
        at, marker = FLOORS[row["floor"]]
        place = at + APART * (methods.index(row["method"]) - (len(methods) - 1) / 2)
        known = np.isfinite(row["low"])
        ax.errorbar(
            [place],
            [row["mean"]],
            yerr=[[row["mean"] - row["low"]], [row["high"] - row["mean"]]] if known else None,
            fmt=marker,
            color=colours[row["method"]],
            markerfacecolor="white",
            markersize=3,
            elinewidth=0.8,
        )
    ax.set_xlim(0, END)
    ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])

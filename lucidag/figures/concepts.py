"""What the units of two models detect: units of each concept, and unique concepts by category."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lucidag.figures.fit import fitted
from lucidag.figures.style import BLUE, CYCLE, FULL_WIDTH, GREY, ORANGE, PALE, figure, legend_below, listed, note, paper
from lucidag.units.labels.counts import CONCEPT, concept_counts
from lucidag.units.names import TITLES

MODELS = (BLUE, ORANGE)
MOST_BARS = 48  # of a layer; the title says how many concepts there were
ROW = 0.125  # inches for a concept
AROUND = 5  # concepts that a panel's title and axis take the room of
NAME_SIZE, NAME_WIDTH = 6.0, 1.2  # points; inches
ABOVE = 1.12  # the highest bar, and its number
NO_CATEGORY = "no category"
NO_BAR = {True: "none\nconfirmed", False: "nothing to\nmeasure"}  # by whether the layer has units with a label or none


@paper()
def units_per_concept(tables: Mapping[str, pd.DataFrame], min_units_per_concept: int, what: str = "") -> Figure:
    """Draw the units of each concept, one panel per layer, the models side by side.

    Parameters
    ----------
    tables
        By model, at most two: the rows of one method that count as labelled, with the column ``layer``.
    min_units_per_concept
        Concepts with at least so many units in either model are drawn.
    what
        Which labels these are, for the title.
    """
    layers = list(dict.fromkeys(layer for table in tables.values() for layer in table["layer"]))
    found = {layer: _layer_counts(tables, layer, min_units_per_concept) for layer in layers}
    found = {layer: counts for layer, counts in found.items() if len(counts)}
    if not found:
        return note(f"No concept has {min_units_per_concept} units or more in a layer.")
    columns = _columns({layer: min(MOST_BARS, len(counts)) for layer, counts in found.items()})
    tallest = max(_rows(column) for column in columns)
    fig = figure(FULL_WIDTH, 0.7 + ROW * tallest)
    axes = []
    grid = fig.add_gridspec(1, len(columns))
    for position, column in enumerate(columns):
        # What is left below the last panel keeps the bars of all columns equally thick.
        heights = [*column.values(), max(0.01, tallest - _rows(column))]
        panels = grid[0, position].subgridspec(len(heights), 1, height_ratios=heights)
        fig.add_subplot(panels[len(column)]).set_axis_off()
        for row, layer in enumerate(column):
            ax = fig.add_subplot(panels[row])
            axes.append(ax)
            counts = found[layer]
            _bars(ax, counts.iloc[:MOST_BARS])
            of = f"{MOST_BARS} of {len(counts)}" if len(counts) > MOST_BARS else f"{len(counts)}"
            ax.set_title(f"{layer}: {of} concept{'s' * (len(counts) > 1)}")
    units = f"{min_units_per_concept} unit{'s' * (min_units_per_concept != 1)}"
    fig.suptitle(f"Concepts with at least {units}{what and ', '}{what}", x=0.01, ha="left")
    legend_below(fig, axes)
    return fig


@paper()
def categories(summaries: Mapping[str, Mapping[str, Any]], method: str) -> Figure:
    """Draw the unique concepts of each layer by category, of confirmed labels, one panel per model.

    Above it the share of its units with a confirmed label, and of those of an untrained network where there is one. A
    layer without a bar says why: none of its labels is confirmed, or the method has nothing to measure there, as
    Network Dissection in a layer without maps.

    Parameters
    ----------
    summaries
        By model: what `lucidag.units.compare.summary.whole_summary` gives; a model without labels by the method has an
        empty panel.
    method
        Whose labels.
    """
    found = {model: summary["methods"].get(method) for model, summary in summaries.items()}
    layers = {
        model: {
            layer: {name: each["unique"] for name, each in measured["categories"].items()}
            for layer, measured in (labels["confirmed"]["layers"] if labels else {}).items()
        }
        for model, labels in found.items()
    }
    names = list(dict.fromkeys(name for model in layers.values() for each in model.values() for name in each))
    if not names:
        return note("No unit has a confirmed label.")
    fig = figure(FULL_WIDTH, 2.6)
    axes = list(fig.subplots(1, len(layers), sharey=True, squeeze=False)[0])
    for ax, (model, by_layer) in zip(axes, layers.items(), strict=True):
        labels = found[model]
        units = {name: each["units"] for name, each in labels["confirmed"]["layers"].items()} if labels else {}
        _stacks(ax, by_layer, names, units)
        ax.set_title(f"{model}{_beside(labels) if labels else ''}")
    axes[0].set_ylim(0, ABOVE * max(sum(each.values()) for by_layer in layers.values() for each in by_layer.values()))
    axes[0].set_ylabel("unique concepts")
    fig.suptitle(f"Unique concepts by category, {TITLES[method]}, confirmed labels", x=0.01, ha="left")
    legend_below(fig, axes, columns=7)
    return fig


def _beside(labels: Mapping[str, Any]) -> str:
    """Say how many units a method labels, and how many of an untrained network."""
    if labels.get("untrained") is None:
        return ""
    both = (labels[name]["overall"] for name in ("confirmed", "untrained"))
    shares = [found.get("labelled", found) for found in both]
    own, twin = ("–" if share["value"] is None else f"{share['value']:.0%}" for share in shares)
    return f"\n{own} of its labels confirmed, {twin} of an untrained network's"


def _layer_counts(tables: Mapping[str, pd.DataFrame], layer: str, min_units_per_concept: int) -> pd.DataFrame:
    """Give the units of each concept in one layer: one column per model, the most frequent first."""
    parts = [
        concept_counts(table[table["layer"] == layer]).set_index(CONCEPT)["units"].rename(model)
        for model, table in tables.items()
    ]
    counts = pd.concat(parts, axis=1).fillna(0).astype(int)
    counts = counts[counts.max(axis=1) >= min_units_per_concept].reset_index()
    order = np.lexsort((counts["category"], counts["concept"], -counts[list(tables)].sum(axis=1)))
    return counts.iloc[order].reset_index(drop=True)


def _columns(rows: Mapping[str, int]) -> list[dict[str, int]]:
    """Put layers into columns, in their order, none taller than the tallest layer alone."""
    tallest = max(_rows({layer: count}) for layer, count in rows.items())
    columns: list[dict[str, int]] = []
    for layer, count in rows.items():
        if not columns or _rows(columns[-1] | {layer: count}) > tallest:
            columns.append({})
        columns[-1][layer] = count
    return columns


def _rows(column: Mapping[str, int]) -> int:
    """Give the height of a column in rows: those of its concepts, and the title and the axis of each panel."""
    return sum(count + AROUND for count in column.values())


def _bars(ax: Axes, counts: pd.DataFrame) -> None:
    models = [column for column in counts.columns if column not in CONCEPT]
    height = 0.8 / len(models)
    places = np.arange(len(counts))
    for index, (model, colour) in enumerate(zip(models, MODELS, strict=False)):
        offset = (index - (len(models) - 1) / 2) * height
        ax.barh(places + offset, counts[model], height, color=colour, linewidth=0, label=model)
    ax.set_yticks(places, concept_names(counts), fontsize=NAME_SIZE)
    ax.set(ylim=(len(counts) - 0.4, -0.6), xlabel="units")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color=PALE, linewidth=0.4)
    ax.set_axisbelow(True)
    ax.spines["left"].set_visible(False)


def concept_names(counts: pd.DataFrame) -> list[str]:
    """Give the names of concepts, cut to a width, with their category where a name occurs twice."""
    twice = counts["concept"].duplicated(keep=False)
    return [
        fitted(f"{concept} ({category})" if both else concept, NAME_WIDTH, NAME_SIZE, 1)[0]
        for concept, category, both in zip(counts["concept"], counts["category"], twice, strict=True)
    ]


def _stacks(
    ax: Axes, by_layer: Mapping[str, Mapping[str, int]], names: Sequence[str], units: Mapping[str, int]
) -> None:
    below = np.zeros(len(by_layer))
    for index, name in enumerate(names):
        values = np.array([each.get(name, 0) for each in by_layer.values()])
        colour = CYCLE[index % len(CYCLE)] if name else GREY
        ax.bar(
            range(len(by_layer)),
            values,
            0.7,
            bottom=below,
            color=colour,
            linewidth=0,
            label=listed(name) or NO_CATEGORY,
        )
        below += values
    for place, (layer, total) in enumerate(zip(by_layer, below, strict=True)):
        words = f"{total:.0f}" if total else NO_BAR[units[layer] > 0]
        look = {"fontsize": 7} if total else {"fontsize": 6, "color": GREY}
        ax.text(place, total, words, ha="center", va="bottom", **look)
    ax.set_xticks(range(len(by_layer)), list(by_layer))
    ax.tick_params(axis="x", length=0)

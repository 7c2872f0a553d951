"""Accuracy of each group against the number of units switched on, compared with the logit-bias control."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.curves import AXIS_NAMES, METHOD_NAMES, RIGHT, UNITS_AXIS, draw, fill
from lucidag.figures.style import BLACK, CYCLE, FULL_WIDTH, GREY, PALE, figure, legend_below, listed, note, paper
from lucidag.rof.tables import curve_of, numbers_of

GROUP, CLASS = "accuracy_group:", "accuracy_class:"
TOLD_APART = 12
SPLIT, CONTROL = "test", "logit_bias"


@paper()
def groups(
    table: pd.DataFrame,
    bands: pd.DataFrame,
    ranking: str,
    ranked_on: str,
    chosen: Mapping[str, Any] | None,
    confidence: float,
    sizes: Mapping[str, int] | None = None,
) -> Figure:
    """Draw accuracy per group on the test split, with units switched on and with the control.

    Parameters
    ----------
    table, bands
        See `lucidag.rof.tables`: rows of split test; `bands` may be empty. Without columns
        ``accuracy_group:{name}`` there are no groups, and up to 12 classes stand in for them.
    ranking
        The method whose order is shown; the control is ``logit_bias``.
    ranked_on
        The split that the order comes from.
    chosen
        What `lucidag.rof.turning.select` gives for k, with ``chosen_on``; None without a validation split.
    confidence
        Level of bands and intervals, for their names.
    sizes
        Images of each group or class of the test split, which stand beside its name.
    """
    # A group that only other splits have is no line here, nor a name in the legend.
    table = table[table["split"] == SPLIT]
    prefix = _prefix(table)
    if prefix is None:
        return note("No groups were defined for this data set, and its classes are too many to tell apart.")
    fig = figure(FULL_WIDTH, 3.9)
    axes = list(fig.subplots(1, 2, sharey=True))
    name = METHOD_NAMES.get(ranking, ranking)
    titles = {
        ranking: f"{SPLIT}: units on by {name},\nranked on {ranked_on}",
        CONTROL: f"{SPLIT}: logit-bias control\n",
    }
    for ax, (method, title) in zip(axes, titles.items(), strict=True):
        _panel(ax, table, bands, method, prefix, confidence, sizes or {})
        if chosen is not None:
            ax.axvline(chosen["k"], color=BLACK, linestyle=":", label=f"k chosen on {chosen['chosen_on']}")
        ax.set(title=title, xlabel=UNITS_AXIS, xlim=(0, RIGHT * table["k"].max()), ylim=(0, 1.02))
    axes[0].set_ylabel(AXIS_NAMES["accuracy"])
    fig.suptitle(_choice(chosen, confidence), x=0.01, ha="left", fontsize=8)
    legend_below(fig, axes, columns=3 if prefix == GROUP else 4)
    return fig


def selection_bands(selection: pd.DataFrame) -> pd.DataFrame:
    """Bring the band columns of selection.csv (``accuracy_low``, …) into the form of bands.csv."""
    parts = [
        selection[["split", "method", "seed", "k"]].assign(
            metric=column.removesuffix("_low"), low=selection[column], high=selection[column.replace("_low", "_high")]
        )
        for column in ("accuracy_low", "loss_low", "worst_accuracy_low")
        if column in selection.columns
    ]
    if not parts:
        return pd.DataFrame(columns=["split", "method", "seed", "k", "metric", "low", "high"])
    return pd.concat(parts, ignore_index=True).dropna(subset=["low", "high"])


def _prefix(table: pd.DataFrame) -> str | None:
    columns = [column for column in table.columns if table[column].notna().any()]
    if any(column.startswith(GROUP) for column in columns):
        return GROUP
    classes = sum(column.startswith(CLASS) for column in columns)
    return CLASS if 0 < classes <= TOLD_APART else None


def _panel(
    ax: Axes,
    table: pd.DataFrame,
    bands: pd.DataFrame,
    method: str,
    prefix: str,
    confidence: float,
    sizes: Mapping[str, int],
) -> None:
    columns = [column for column in table.columns if column.startswith(prefix) and table[column].notna().any()]
    numbers = numbers_of(table, SPLIT, method)
    for index, column in enumerate(columns):
        values = curve_of(table, SPLIT, method, column)
        if len(columns) > TOLD_APART:
            draw(ax, numbers, values, color=PALE, linewidth=0.5, label=_each(columns, prefix, sizes))
            continue
        colours = [colour for colour in CYCLE if colour != BLACK]
        dash = ("-", "--")[index // len(colours)]
        name = column.removeprefix(prefix)
        label = listed(name.replace("&", ", ")) + (f" (n = {sizes[name]})" if name in sizes else "")
        draw(ax, numbers, values, color=colours[index % len(colours)], linestyle=dash, label=label)
    overall = curve_of(table, SPLIT, method, "accuracy")
    if prefix == GROUP:
        draw(ax, numbers, overall, color=GREY, linestyle="-.", label="all images")
    metric, label = ("worst_accuracy", "worst group") if prefix == GROUP else ("accuracy", "all images")
    fill(ax, bands, SPLIT, method, metric, GREY, f"its {confidence:.0%} bootstrap band")
    values = curve_of(table, SPLIT, method, metric)
    if prefix == GROUP:  # it is one of the groups at each k, whose colour stays to be seen between the dots
        draw(ax, numbers, values, color=BLACK, linewidth=1.6, zorder=2.5, label=label, linestyle=(0, (1, 2.5)))
    else:
        draw(ax, numbers, values, color=BLACK, linewidth=1.8, zorder=2.5, label=label)


def _each(columns: Sequence[str], prefix: str, sizes: Mapping[str, int]) -> str:
    known = [sizes[name] for column in columns if (name := column.removeprefix(prefix)) in sizes]
    return f"each of {len(columns)} groups" + (f" of {min(known)} to {max(known)} images" if known else "")


def _choice(chosen: Mapping[str, Any] | None, confidence: float) -> str:
    """Say which k was chosen, where and by what, and what it brings."""
    if chosen is None:
        return "no validation split: no k was chosen"
    by = {"accuracy": "accuracy", "loss": "cross-entropy", "worst_accuracy": "accuracy of the worst group"}
    where = f"{chosen['chosen_on']}, on a grid," if "exact_between" in chosen else chosen["chosen_on"]
    words = f"k = {chosen['k']} of {chosen['units']} chosen on {where} by {by[chosen['metric']]}: "
    words += f"{chosen['value']:.3f} on {SPLIT} against {chosen['baseline']:.3f} with all units on"
    if chosen["low"] is not None and np.isfinite(chosen["low"]):
        gain, low, high = (f"{chosen[key]:+z.3f}".replace("-", "−") for key in ("gain", "low", "high"))
        words += f"\ngain {gain}, {confidence:.0%} interval {low} to {high}"
    return words

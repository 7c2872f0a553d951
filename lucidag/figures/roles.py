"""The roles of units: along both rankings, as shares, and rank against rank."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.style import BLACK, FULL_WIDTH, GREEN, GREY, ORANGE, SKY, figure, legend_below, note, paper
from lucidag.rof.roles import ROLE_METRICS, ROLES, shares
from lucidag.rof.support import ONE_SIDED

COLOURS = dict(zip(ROLES, (GREEN, ORANGE, SKY, GREY), strict=True))
MARKERS = dict(zip(ROLES, "o^vs", strict=True))
LINE = 118  # letters of seven points across the figure
NAMES = {"both": "both", "train_only": "train only", "test_only": "test only", "neither": "neither"}


@paper()
def roles(table: pd.DataFrame, metric: str, found: Sequence[Mapping[str, Any]] = ()) -> Figure:
    """Draw the roles of the units of one model.

    Parameters
    ----------
    table
        One row a unit, as `lucidag.rof.roles.roles` gives it.
    metric
        ``loss`` or ``accuracy``: whose turning points decided column ``role``.
    found
        The shares of roles, see `lucidag.rof.roles.judged_roles`; may be empty.

    Returns
    -------
    Figure
        A sentence alone where all units have one role by either metric, which a figure would show as one block.
    """
    if all(table[column].nunique() == 1 for column in ("role", *(f"role_{each}" for each in ROLE_METRICS))):
        return note("\n".join([_one_role(table, metric), *(support_in_words(found, each) for each in _known(found))]))
    fig = figure(FULL_WIDTH, 4.1)
    axes = fig.subplot_mosaic([["strips", "scatter"], ["bars", "scatter"]], width_ratios=(1.15, 1))
    _strips(axes["strips"], table)
    _bars(axes["bars"], table, metric)
    _scatter(axes["scatter"], table, metric)
    if found:
        lines = [line for each in ROLE_METRICS for line in wrap(support_in_words(found, each), LINE)]
        fig.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=7)
    legend_below(fig, [axes["scatter"]], columns=3)
    return fig


def _known(found: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return ROLE_METRICS if found else ()


def _one_role(table: pd.DataFrame, metric: str) -> str:
    """Say that all units have one role, and what the turning points are."""
    train, test = (n0_of(table, metric, split) for split in ("train", "test"))
    words = f"All {len(table)} units have one role, {NAMES[table['role'].iloc[0]]}"
    return f"{words}: n₀ by {metric} is {train} on train and {test} on test, so that roles tell no units apart."


def support_in_words(found: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Say how many roles by a metric are supported, and whether one population would give as many one-sided ones."""
    rows = {row["role"]: row for row in found if row["metric"] == metric}
    units, supported = (sum(row[key] for row in rows.values()) for key in ("units", "supported"))
    words = f"by {metric}: {supported} of {units} roles supported"
    for role in ONE_SIDED:
        row = rows[role]
        if row["p"] is None:
            return words + "; no null"
        interval = "" if row["low"] is None else f" ({row['low']:.0%} to {row['high']:.0%})"
        words += f"; {NAMES[role]} {row['share']:.0%}{interval}, one population {row['null_share']:.0%}"
        words += f" (p = {row['p']:.2g})"
    return words + ("; degenerate" if rows["both"]["degenerate"] else "")


def runs(values: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return the runs of equal values as (value, first position, length)."""
    found, start = [], 0
    for value, members in groupby(values):
        length = sum(1 for _ in members)
        found.append((value, start, length))
        start += length
    return found


def n0_of(table: pd.DataFrame, metric: str, split: str) -> int:
    """Return the turning point behind the roles: the greatest rank of a unit that the split needs."""
    needed = table[f"role_{metric}"].isin(("both", f"{split}_only"))
    return int(table.loc[needed, f"rank_{split}"].max()) if needed.any() else 0


def role_points(ax: Axes, table: pd.DataFrame, x: str, y: str) -> None:
    """Draw a point for each unit at two of its columns, in the look of its role."""
    area = float(np.clip(4000 / max(len(table), 1), 3, 25))  # square points, less where there are many markers
    for role in ROLES:
        own = table[table["role"] == role]
        label = f"{NAMES[role]} ({len(own)} units)"
        ax.scatter(own[x], own[y], s=area, color=COLOURS[role], marker=MARKERS[role], linewidth=0, label=label)


def _strips(ax: Axes, table: pd.DataFrame) -> None:
    """One strip a split: a tick for each unit, in the order of its rank there."""
    for height, split in ((1.0, "train"), (0.0, "test")):
        ordered = table.sort_values(f"rank_{split}")["role"].tolist()
        parts = runs(ordered)
        for role in ROLES:
            spans = [(start + 0.5, length) for value, start, length in parts if value == role]
            ax.broken_barh(spans, (height + 0.08, 0.84), facecolors=COLOURS[role], linewidth=0)
    ax.set(
        title="role of each unit, by its rank",
        yticks=(0.5, 1.5),
        yticklabels=("ranked\non test", "ranked\non train"),
        xlabel="rank (1 = switched on first)",
        xlim=(0.5, len(table) + 0.5),
        ylim=(0, 2),
    )
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _bars(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    for height, each in enumerate(reversed(ROLE_METRICS)):
        begin = 0.0
        for role, share in shares(table, each).items():
            ax.barh(height, share, left=begin, height=0.7, color=COLOURS[role], linewidth=0)
            if share >= 0.09:
                ax.text(begin + share / 2, height, f"{share:.1%}", ha="center", va="center", fontsize=6.5)
            begin += share
    names = [f"by {each}" + ("\n(used)" if each == metric else "") for each in reversed(ROLE_METRICS)]
    ax.set(title="share of the units in each role", xlabel="share of units", yticks=range(len(names)), xlim=(0, 1))
    ax.set_yticklabels(names)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _scatter(ax: Axes, table: pd.DataFrame, metric: str) -> None:
    role_points(ax, table, "rank_train", "rank_test")
    across, up = n0_of(table, metric, "train"), n0_of(table, metric, "test")
    ax.axvline(across + 0.5, color=BLACK, linestyle="--", linewidth=0.8, label=f"turning points n₀ by {metric}")
    ax.axhline(up + 0.5, color=BLACK, linestyle="--", linewidth=0.8)
    limits = (0, len(table) + 1)
    on_a_grid = "flags" in table and table["flags"].fillna("").str.contains("undecided_").any()
    grid = " (of a grid)" if on_a_grid else ""
    ax.set(
        title=f"rank on train against rank on test:\nn₀ = {across} on train, {up} on test{grid}",
        xlabel="rank on train",
        ylabel="rank on test",
        xlim=limits,
        ylim=limits,
        aspect="equal",
    )

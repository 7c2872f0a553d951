"""Labels of the penultimate units and their roles: are the units that restore function the interpretable ones?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lucidag.figures.concepts import concept_names
from lucidag.figures.curves import RIGHT
from lucidag.figures.roles import COLOURS, NAMES, role_points
from lucidag.figures.style import BLACK, FULL_WIDTH, figure, legend_below, note, paper
from lucidag.rof.roles import ROLES
from lucidag.units.compare.roles_join import concept_roles as count_roles
from lucidag.units.compare.roles_join import restores
from lucidag.units.names import STRENGTH, TITLES

MOST_CONCEPTS = 20


@paper()
def concept_roles(joined: pd.DataFrame, tests: Mapping[str, Any], method: str) -> Figure:
    """Draw score against rank on test, the share of confirmed labels in each role, and the roles of frequent concepts.

    Parameters
    ----------
    joined
        What `lucidag.units.compare.roles_join.join` gives.
    tests
        What `lucidag.units.compare.roles_join.role_tests` gives.
    method
        Whose labels.
    """
    table = joined[joined["method"] == method]
    if table.empty:
        return note(f"{TITLES[method]} has no labels of units that have a role.")
    fig = figure(FULL_WIDTH, 4.3)
    axes = fig.subplot_mosaic([["scatter", "concepts"], ["shares", "concepts"]], width_ratios=(1.25, 1))
    _scatter(axes["scatter"], table, method, tests[method]["restoring"]["test"])
    _shares(axes["shares"], tests[method]["roles"], tests[method]["restoring"]["test"])
    _concepts(axes["concepts"], table)
    legend_below(fig, [axes["scatter"]], columns=3)
    return fig


def _scatter(ax: Axes, table: pd.DataFrame, method: str, found: Mapping[str, Any]) -> None:
    role_points(ax, table, "rank_test", "score")
    needed = table.loc[restores(table["role"], "test"), "rank_test"]
    n0 = int(needed.max()) if len(needed) else 0
    ax.axvline(n0 + 0.5, color=BLACK, linestyle="--", linewidth=0.8, label=f"turning point n₀ = {n0}")
    counts = table[table["labelled"]]
    ax.scatter(
        counts["rank_test"],
        counts["score"],
        s=22,
        facecolors="none",
        edgecolors=BLACK,
        linewidths=0.6,
        label="confirmed label",
    )
    ax.set(
        xlabel="rank on test (1 = switched on first)",
        ylabel=f"{STRENGTH[method]} of its label",
        xlim=(0, RIGHT * len(table)),
    )
    rho, p, why = (found["rank"][key] for key in ("rho", "p", "reason"))
    words = why or f"Spearman's ρ = {rho:+.2f}, p = {p:.2g}".replace("-0.", "−0.")
    words += "; roles degenerate" if found["degenerate"] else ""
    ax.set_title(f"{TITLES[method]}: rank and score,\n{words}")


def _shares(ax: Axes, roles: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Draw the share of labelled units of each role with its interval."""
    present = [role for role in ROLES if roles[role]["units"]]
    for place, role in enumerate(present):
        each = roles[role]["labelled"]
        ax.barh(place, each["value"], height=0.65, color=COLOURS[role], linewidth=0)
        spread = [[each["value"] - each["low"]], [each["high"] - each["value"]]]
        ax.errorbar(each["value"], place, xerr=spread, color=BLACK, linewidth=0.8, capsize=2)
    ax.set_yticks(range(len(present)), [NAMES[role] for role in present])
    ax.set(xlim=(0, 1.02), ylim=(max(len(present), 3) - 0.4, -0.6), xlabel="share of units with a confirmed label")
    ax.tick_params(axis="y", length=0)
    ax.set_title(_share_words(found))


def _share_words(found: Mapping[str, Any]) -> str:
    test = found["labelled"]
    if test["reason"]:
        words = test["reason"].split(":")[0]
        return "confirmed labels: no test,\n" + words
    return (
        "confirmed labels: restoring less other units\n"
        f"{test['difference']:+.2f} ({test['low']:+.2f} to {test['high']:+.2f}), p = {test['p']:.2g}".replace("-", "−")
    )


def _concepts(ax: Axes, table: pd.DataFrame) -> None:
    counts = count_roles(table)
    shown = counts.iloc[:MOST_CONCEPTS]
    left = np.zeros(len(shown))
    for role in ROLES:
        values = shown[role].to_numpy(dtype=float)
        ax.barh(range(len(shown)), values, left=left, height=0.75, color=COLOURS[role], linewidth=0)
        left += values
    ax.set_yticks(range(len(shown)), concept_names(shown), fontsize=6)
    ax.set(ylim=(max(len(shown), 8) - 0.4, -0.6), xlabel="units")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    of = f"the {len(shown)} most frequent of {len(counts)}" if len(counts) > len(shown) else f"all {len(counts)}"
    ax.set_title(f"roles of the units of each concept,\n{of}")

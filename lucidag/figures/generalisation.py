"""The share of each role against the generalisation gap, over the models of a study."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lucidag.figures.roles import NAMES
from lucidag.figures.style import CYCLE, FULL_WIDTH, figure, legend_below, paper
from lucidag.rof.roles import ROLES

MARKERS = "o^svDPX*<>"


@paper()
def shares_and_gap(
    table: pd.DataFrame, correlations: Sequence[Mapping[str, Any]], metric: str, confidence: float
) -> Figure:
    """Draw a panel for each role: its share of the units against the generalisation gap, a point a model.

    Parameters
    ----------
    table
        The rows of `lucidag.rof.generalisation.model_row` over all models.
    correlations
        What `lucidag.rof.generalisation.correlations` gives.
    metric
        ``loss`` or ``accuracy``: whose turning points decide the roles.
    confidence
        Level of the intervals, for their name.
    """
    rows = table[table["metric"] == metric]
    looks = {
        family: (CYCLE[index % len(CYCLE)], MARKERS[index % len(MARKERS)])
        for index, family in enumerate(rows["family"].unique())
    }
    fig = figure(FULL_WIDTH, 5.6)
    fig.suptitle(f"roles by {metric}; Spearman's ρ [{confidence:.0%} interval] of share and gap", x=0.01, ha="left")
    axes = list(fig.subplots(2, 2, sharex=True).flat)
    for ax, role in zip(axes, ROLES, strict=True):
        for family, (colour, marker) in looks.items():
            models = rows[rows["family"] == family]
            ax.plot(models["gap"], models[f"share_{role}"], linestyle="", color=colour, marker=marker, label=family)
        ax.set_title(_title(correlations, role, metric), fontsize=7)
        ax.set(ylabel="share of units", ylim=(-0.03, 1.03))
    for ax in axes[2:]:
        ax.set_xlabel("gap: train less test accuracy (share of images)")
    legend_below(fig, axes)
    return fig


def _title(correlations: Sequence[Mapping[str, Any]], role: str, metric: str) -> str:
    lines = [NAMES[role]]
    for scope, name in (("between_families", "between families"), ("within_family", "within families")):
        wanted = {"metric": metric, "share": role, "scope": scope}
        found = next((row for row in correlations if all(row[key] == value for key, value in wanted.items())), None)
        if found is not None:
            lines += textwrap.wrap(f"{name}: {correlation_in_words(found)}", 58)
    return "\n".join(lines)


def correlation_in_words(found: Mapping[str, Any]) -> str:
    """Say a correlation, its interval and its p value, or why there is none."""
    if found["rho"] is None:
        return f"no ρ, {found['reason']}"
    interval = "no interval" if found["low"] is None else f"[{found['low']:+.2f}, {found['high']:+.2f}]"
    numbers = f"ρ = {found['rho']:+.2f} {interval}".replace("-", "−")
    return numbers + (f", p = {found['p']:.3f}" if found["p"] >= 0.001 else ", p < 0.001")

"""What classes lose without units: those that each needs most, and these together beside random and matched ones."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lucidag.figures.forest import Look, Row, forest, panels
from lucidag.figures.style import BLUE, FULL_WIDTH, GREY, VERMILION, figure, legend_below, note, paper
from lucidag.units.effects.sets import MATCHED, RANDOM, WORST, worst_units
from lucidag.units.effects.table import CLASS

COLUMNS, MOST = 4, 16
NOTHING = "There are no validation images, so no units are picked whose effects test images could confirm."
ALONE, CONFIRMED = "one unit", "one unit, confirmed"
LABELS = {WORST: "these together", MATCHED: "as active ones", RANDOM: "random ones"}


@paper()
def class_effects(effects: pd.DataFrame, sets: pd.DataFrame, confidence: float) -> Figure:
    """Draw by class the rise of the loss on test images without the units that it needs most on validation images.

    Of each of these units with its interval over test images, filled where it is confirmed; of all of them together,
    and of matched and of random sets with the range where the middle ones lie. At most `MOST` classes, those that lose
    most without their units.

    Parameters
    ----------
    effects
        See `lucidag.units.effects.table.effects`, of validation and test images.
    sets
        See `lucidag.units.effects.sets.sets_table`.
    confidence
        Level of the intervals, for their name.
    """
    if sets.empty:
        return note(NOTHING)
    together = sets[sets["set"] == WORST].sort_values(["loss", "name"], ascending=[False, True])
    shown = together["name"].tolist()[:MOST]
    rows = -(-len(shown) // COLUMNS)
    size = max(len(members.split()) for members in together["members"])
    fig = figure(FULL_WIDTH, 0.9 + rows * (0.45 + 0.16 * (size + 3)))
    axes = panels(fig, rows, min(COLUMNS, len(shown)), len(shown))
    worst = worst_units(effects[effects["split"] == "val"], size)
    for ax, name in zip(axes, shown, strict=True):
        found = _rows(effects, sets, name, worst[name].tolist())
        rows_of: dict[Hashable, Row] = dict(found.items())
        titles = {method: str(row["title"]) for method, row in found.items()}
        for _ in forest(ax, rows_of, list(found), (WORST, MATCHED, RANDOM), titles, _look):
            pass
        ax.axvline(0, color=GREY, linewidth=0.5, zorder=0)
        left_out = f" (of {len(together)} classes)" if ax is axes[-1] and len(shown) < len(together) else ""
        ax.set_title(f"{name}{left_out}")
    for ax in axes[-min(COLUMNS, len(shown)) :]:
        ax.set_xlabel("rise of the loss (nats)")
    fig.suptitle(f"Test images without the units that a class needs most, {confidence:.0%} intervals")
    legend_below(fig, axes)
    return fig


def _rows(effects: pd.DataFrame, sets: pd.DataFrame, name: str, units: list[int]) -> dict[str, dict[Hashable, Any]]:
    """Give by unit and by set the mean, the ends of the interval, whether it is confirmed, and a title."""
    own = effects[(effects["split"] == "test") & (effects["kind"] == CLASS) & (effects["name"] == name)]
    by_unit = {row["unit"]: row for row in own.to_dict("records")}
    found: dict[str, dict[Hashable, Any]] = {}
    for unit in [unit for unit in units if unit in by_unit]:
        row = by_unit[unit]
        found[str(unit)] = {**_ends(row), "confirmed": bool(row["found"]), "title": f"unit {unit}"}
    of_class = {row["set"]: row for row in sets[sets["name"] == name].to_dict("records")}
    titles = {WORST: f"these {len(units)}", MATCHED: "matched", RANDOM: "random"}
    return found | {each: {**_ends(of_class[each]), "title": title} for each, title in titles.items()}


def _ends(row: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
    return {"mean": row["loss"], "low": row["loss_low"], "high": row["loss_high"]}


def _look(method: str, row: Row) -> Look:
    if method in LABELS:
        return VERMILION if method == WORST else GREY, "D" if method == WORST else "s", True, LABELS[method]
    return BLUE, "o", row["confirmed"], CONFIRMED if row["confirmed"] else ALONE

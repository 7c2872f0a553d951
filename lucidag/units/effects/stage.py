"""The effects of all units of one model: found on validation images, reported on test images, which had no say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.correlation import spearman, spearman_interval
from lucidag.ground.statistics.intervals import number
from lucidag.units.effects.sets import Places, sets_table, worst_units
from lucidag.units.effects.settings import Units
from lucidag.units.effects.table import ALL, CLASS, corrected, effects

PICKED, REPORTED = "val", "test"


@dataclass(frozen=True)
class Effects:
    """What the stage writes.

    Attributes
    ----------
    table
        See `lucidag.units.effects.table.effects`, of validation and of test images. On test images p values are
        corrected over what was found on validation images alone; the others have no ``p_fdr``, and are not ``found``.
    sets
        See `lucidag.units.effects.sets.sets_table`: the worst by validation images, taken away on test images.
    report
        How many effects were looked at, found on validation images and found again on test images; how class
        selectivity goes with the effect of a unit; notes.
    """

    table: pd.DataFrame
    sets: pd.DataFrame
    report: dict[str, Any]


def run_effects(contents: Mapping[str, Features], settings: Units) -> Effects:
    """Take each unit away, and sets of them.

    Parameters
    ----------
    contents
        The features of ``val`` and ``test``; without validation images nothing is picked.
    settings
        Of sets and intervals.

    Raises
    ------
    InputError
        If there are no test images, or the network has no last layer.
    """
    if REPORTED not in contents:
        raise InputError("the effects of units are reported on test images, and there are none")
    asked = settings.confidence, settings.resamples, settings.seed
    tables = {split: effects(contents[split], split, *asked) for split in (PICKED, REPORTED) if split in contents}
    worst: dict[str, Places] = {}
    notes = ["there are no validation images: effects are found on test images themselves, and there are no sets"]
    if PICKED in tables:
        tables[REPORTED] = again(tables[PICKED], tables[REPORTED], 1 - settings.confidence)
        worst, notes = worst_units(tables[PICKED], settings.set_size), []
    sets = sets_table(contents[REPORTED], REPORTED, worst, settings.random_sets, *asked)
    table = pd.concat(tables.values(), ignore_index=True)
    return Effects(table, sets, report_of(table, settings) | {"notes": notes})


def again(picked: pd.DataFrame, reported: pd.DataFrame, level: float) -> pd.DataFrame:
    """Correct the p values of one split over what was found on another alone."""
    keys = ["unit", "kind", "name"]
    found = picked.loc[picked["found"], keys].drop_duplicates()
    chosen = (
        reported[keys].merge(found.assign(picked=True), on=keys, how="left")["picked"].notna().set_axis(reported.index)
    )
    return corrected(reported, chosen & reported["p"].notna(), level)


def report_of(table: pd.DataFrame, settings: Units) -> dict[str, Any]:
    """Count by split what was looked at and found, and say how class selectivity goes with the effect of a unit."""
    counts = {
        split: {
            "units": int(rows["unit"].nunique()),
            "looked_at": int(rows["p_fdr"].notna().sum()),
            "found": int(rows["found"].sum()),
            "units_found": int(rows.loc[rows["found"], "unit"].nunique()),
            "found_by_class": {str(name): int(each["found"].sum()) for name, each in _classes(rows)},
        }
        for split, rows in table.groupby("split", sort=False)
    }
    whole = table[(table["split"] == REPORTED) & (table["kind"] == ALL)]
    return {"splits": counts, "selectivity": _relation(whole, settings.confidence)}


def _classes(rows: pd.DataFrame) -> Iterable[tuple[Any, pd.DataFrame]]:
    return rows[rows["kind"] == CLASS].groupby("name", sort=False)


def _relation(whole: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Say how class selectivity goes with what is lost without a unit, over the units that have both."""
    known = whole[whole["selectivity"].notna()]
    found: dict[str, Any] = {"units": len(known), "spearman": None, "low": None, "high": None}
    if len(known) < 3:
        return found | {"reason": "fewer than three units have a class selectivity: it needs activations of 0 and more"}
    rho = spearman(known["selectivity"].to_numpy(), known["loss"].to_numpy())
    if np.isnan(rho):
        return found | {"reason": "all units have the same selectivity or the same effect"}
    low, high = spearman_interval(rho, len(known), confidence)
    return found | {"spearman": number(rho), "low": low, "high": high}

"""Which units a sheet shows, and what stands beside them. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.units.labels.counts import measure
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import CONFIRMED, NETDISSECT, NONE, STRENGTH, TITLES, UNCONFIRMED, UNTESTABLE
from lucidag.units.passes.unit_statistics import LayerStatistics

NO_LABEL = {UNCONFIRMED: "none confirmed", UNTESTABLE: "none could be tested"}


@dataclass(frozen=True)
class UnitRow:
    """One unit of a sheet.

    Attributes
    ----------
    name
        Such as ``layer4, unit 17``.
    facts
        Its labels and scores, a line each.
    frames
        Its top images, best first: uint8 C x S x S, C 1 or 3, as the network sees them.
    regions
        bool S x S by image: where the unit is above its threshold; None for a unit without maps.
    captions
        What stands below each image, such as its activation.
    """

    name: str
    facts: Sequence[str]
    frames: Sequence[NDArray[np.uint8]]
    regions: Sequence[NDArray[np.bool_] | None]
    captions: Sequence[str]


def chosen_units(
    asked: int | Mapping[str, Sequence[int]], tables: Mapping[str, pd.DataFrame]
) -> dict[str, tuple[int, ...]]:
    """Choose the units of a sheet.

    Parameters
    ----------
    asked
        The units by layer; or how many of each layer: those with the best label by Network Dissection, where there is
        none by the other method, no two with the same label as long as there are others.
    tables
        The labels by layer (see `lucidag.units.labels.unit_tables`).

    Raises
    ------
    InputError
        If a layer has no such unit.
    """
    if isinstance(asked, int):
        return {layer: _best(table, asked) for layer, table in tables.items()}
    for layer, units in asked.items():
        number = tables[layer]["unit"].max() + 1 if layer in tables else 0
        for unit in units:
            if layer in tables and unit >= number:
                raise InputError(f"sheet.units.{layer}: there is no unit {unit}; there are 0 to {number - 1}")
    return {layer: tuple(asked[layer]) for layer in tables if layer in asked}


def words_of(layer: str, unit: int, table: pd.DataFrame, known: LayerStatistics) -> tuple[str, tuple[str, ...]]:
    """Say what is known of a unit: its name, and one line per fact.

    What is not confirmed is no label, and said to be the best guess alone; and that a unit is active on all images,
    as all behind a normalisation and a ReLU are, tells nothing of it.
    """
    facts = []
    for row in table[table["unit"] == unit].to_dict("records"):
        method = str(row["method"])
        value = row["score"] if method == NETDISSECT else row["strength"]
        label = "no label" if row["concept"] == NONE else f"{row['concept']}, {STRENGTH[method]} {value:.2f}"
        if row["concept"] != NONE and row.get("verdict", CONFIRMED) != CONFIRMED:
            label = f"{NO_LABEL[row['verdict']]} (best: {label})"
        facts += [TITLES[method], f"  {label}"]
    facts.append(f"mean {known.mean[unit]:.2f}, peak {known.peak[unit]:.2f}")
    if (active := f"{known.share_active[unit]:.0%}") != "100%":
        facts.append(f"active on {active} of the images")
    return f"{layer}, unit {unit}", tuple(facts)


def _best(table: pd.DataFrame, count: int) -> tuple[int, ...]:
    method = methods_of(table)[-1:]  # a layer without maps may have no label by any
    rows = table[table["method"].isin(method) & (table["concept"] != NONE)]
    ordered = rows.iloc[np.lexsort((rows["unit"], -measure(rows)))]
    repeated = ordered.duplicated("concept")
    return tuple(int(unit) for unit in pd.concat([ordered[~repeated], ordered[repeated]])["unit"][:count])

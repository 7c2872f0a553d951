"""What is lost without a unit: over all images, and by the classes that need it most."""

from typing import Any

import numpy as np
import pandas as pd

from lucidag.units.dossier.part import Part
from lucidag.units.effects.table import ALL, CLASS

PLACES = ("first", "second", "third")
OVERALL = ("loss", "loss_low", "loss_high", "accuracy", "accuracy_low", "accuracy_high")
OF_CLASS = (*OVERALL, "beyond", "p_fdr", "found")
MEANINGS = {
    "loss": "change of the cross-entropy in nats, above 0 where the unit is missed",
    "accuracy": "change of the share of right decisions",
    "beyond": "how much more the margin of the class falls on its own images than on all others",
    "p_fdr": "p value of that, corrected over what validation images found",
    "found": "whether test images confirm that the class needs the unit",
}


def effect_part(effects: pd.DataFrame, baseline: str, source: str) -> Part:
    """Take the effects of units that are set to a value, those of inner layers or the exact ones.

    The classes that need a unit most are those whose loss rises most on validation images, where there are any; all
    numbers are of test images.

    Parameters
    ----------
    effects
        See `lucidag.units.effects.table.effects`, of one baseline.
    baseline
        What units are set to, which names begin with: ``zero`` or ``mean``.
    source
        The file.
    """
    test = effects[effects["split"] == "test"]
    units = int(test["unit"].max()) + 1
    whole = test[test["kind"] == ALL].set_index("unit").reindex(range(units))
    values: dict[str, Any] = {f"{baseline}_all_{column}": whole[column].to_numpy() for column in OVERALL}
    values["selectivity"] = whole["selectivity"].to_numpy()
    definitions = {f"{baseline}_all_{column}": f"{_meaning(column)}; all test images" for column in OVERALL}
    definitions["selectivity"] = "class selectivity (Morcos and others 2018), 0 to 1; empty for signed activations"
    classes = test[test["kind"] == CLASS]
    picked = effects[(effects["split"] == "val") & (effects["kind"] == CLASS)]
    order = (picked if len(picked) else classes).sort_values(["unit", "loss", "name"], ascending=[True, False, True])
    by_pair = classes.set_index(["unit", "name"])
    for place, word in enumerate(PLACES[: classes["name"].nunique()]):
        chosen = order.groupby("unit")["name"].nth(place).to_numpy()
        own = by_pair.reindex(pd.MultiIndex.from_arrays([np.arange(units), chosen]))
        name = f"{baseline}_{word}"
        values[f"{name}_class"] = chosen
        definitions[f"{name}_class"] = f"the class that needs the unit most on validation images: {word}"
        values |= {f"{name}_{column}": own[column].to_numpy() for column in OF_CLASS}
        definitions |= {f"{name}_{column}": f"{_meaning(column)}; its test images" for column in OF_CLASS}
    confirmed = classes[classes["found"]].sort_values(["unit", "loss"], ascending=[True, False])
    joined = confirmed.groupby("unit")["name"].agg(";".join)
    values[f"{baseline}_confirmed"] = joined.reindex(range(units)).fillna("").to_numpy()
    definitions[f"{baseline}_confirmed"] = "the classes that need the unit, as test images confirm; most loss first"
    missed = set(picked.loc[picked["found"], "unit"]) - set(confirmed["unit"])
    warnings = {"unconfirmed_effect": np.isin(np.arange(units), sorted(missed))}
    set_to = "0" if baseline == "zero" else "its mean over images and places"
    said = {column: f"{text} (unit set to {set_to})" for column, text in definitions.items() if column != "selectivity"}
    return Part(pd.DataFrame(values), {**definitions, **said}, source, warnings)


def _meaning(column: str) -> str:
    measure, _, end = column.rpartition("_")
    if end in ("low", "high"):
        return f"{'lower' if end == 'low' else 'upper'} end of the interval of {measure}"
    return MEANINGS[column]

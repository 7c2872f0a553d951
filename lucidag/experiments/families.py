"""The factors of all families of a table of experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lucidag.experiments.effects import scatter
from lucidag.experiments.factors import COLUMNS, family_effects
from lucidag.experiments.sentences import of_seeds
from lucidag.experiments.table import words
from lucidag.ground.errors import InputError

LOST = ("diverged", "failed")  # states of models without outcomes


@dataclass(frozen=True)
class Effects:
    """What `effects_of_families` found.

    Attributes
    ----------
    table
        The columns `COLUMNS` of `lucidag.experiments.factors`.
    notes
        Which outcomes are not compared, and why.
    left_out
        Which models have none, and why.
    """

    table: pd.DataFrame
    notes: list[str]
    left_out: list[str]


def effects_of_families(
    table: pd.DataFrame,
    about: Mapping[str, Any],
    families: Mapping[str, Sequence[str]],
    outcomes: Sequence[str],
    confidence: float,
) -> Effects:
    """Measure the factors of each family.

    Parameters
    ----------
    table
        ``experiments.csv``.
    about
        ``experiments.json``.
    families
        Their models, in the order of the grid.
    outcomes
        Columns of the table.
    confidence
        Of the intervals.

    Raises
    ------
    InputError
        If an outcome is no column.
    """
    tables, notes, left_out = [], [], []
    for name in outcomes:
        if name not in table.columns:
            allowed = ", ".join(column for column in table.columns if ":" in column) or "none of methods or layers"
            raise InputError(f"experiments.outcomes: '{name}' was measured of no model; measured are {allowed}")
    for family, models in families.items():
        rows = table.set_index("model").loc[list(models)]
        measured = measured_of(rows, outcomes)
        notes += _notes(family, models, about, [name for name in outcomes if name not in measured])
        lost = {model: about["models"][model]["status"] for model in models}
        left_out += [f"{model} {status}, and is left out" for model, status in lost.items() if status in LOST]
        changed = changed_of(about, models)
        if measured:
            tables.append(family_effects(family, rows[["seed", *measured]], changed, measured, confidence))
    tables = [each for each in tables if len(each)]
    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    return Effects(whole, notes, left_out)


def measured_of(rows: pd.DataFrame, outcomes: Sequence[str]) -> list[str]:
    """Return the outcomes that some of these models have."""
    return [name for name in outcomes if name in rows.columns and rows[name].notna().any()]


def changed_of(about: Mapping[str, Any], models: Sequence[str]) -> list[dict[str, Any]]:
    """Return by model the settings that differ within its family, in words."""
    return [{path: words(value) for path, value in about["models"][model]["changed"].items()} for model in models]


def _notes(family: str, models: Sequence[str], about: Mapping[str, Any], unmeasured: Sequence[str]) -> list[str]:
    found = []
    for name in unmeasured:
        reasons = dict.fromkeys(about["models"][model]["reasons"].get(name, "not measured") for model in models)
        found.append(f"{family}: {name} is not compared: {'; '.join(reasons)}")
    return found


def seeds_of_families(
    table: pd.DataFrame,
    about: Mapping[str, Any],
    families: Mapping[str, Sequence[str]],
    outcomes: Sequence[str],
    confidence: float,
) -> list[dict[str, str]]:
    """Say how far seeds scatter in families in which nothing else differs; see `effects_of_families`."""
    found = []
    for family, models in families.items():
        if any(changed_of(about, models)):
            continue
        rows = table.set_index("model").loc[list(models)]
        for name in measured_of(rows, outcomes):
            values = rows[name].dropna().to_numpy(dtype=np.float64)
            sd = scatter(values[None], confidence)
            if len(values) > 1:
                sentence = of_seeds(family, name, *sd, len(values))
                found.append({"family": family, "factor": "", "outcome": name, "sentence": sentence})
    return found

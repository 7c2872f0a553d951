"""The parts of a dossier as one table, and what the file beside it says of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lucidag.ground.errors import InputError
from lucidag.units.dossier.part import WARNINGS, Part


def dossier(parts: Sequence[Part]) -> pd.DataFrame:
    """Put the columns of all parts side by side.

    Returns
    -------
    DataFrame
        ``unit`` from 0, the columns of each part, and ``warnings``: words of `lucidag.units.dossier.part.WARNINGS`,
        joined by ``;``. Of a column that two parts have, that of the first.

    Raises
    ------
    InputError
        If parts are of different numbers of units, or there is none.
    """
    sizes = {part.source: len(part.values) for part in parts}
    if len(set(sizes.values())) != 1:
        found = ", ".join(f"{units} in {source}" for source, units in sizes.items())
        raise InputError(f"the analyses of a layer are of different numbers of units: {found or 'there is none'}")
    (units,) = set(sizes.values())
    columns: dict[str, Any] = {"unit": range(units)}
    for part in parts:
        for name in part.definitions:
            columns.setdefault(name, part.values[name].array)
    said: list[list[str]] = [[] for _ in range(units)]
    for word in WARNINGS:
        for unit in range(units):
            if any(word in part.warnings and part.warnings[word][unit] for part in parts):
                said[unit].append(word)
    return pd.DataFrame(columns).assign(warnings=[";".join(words) for words in said])


def about(
    model: str, layer: str, parts: Sequence[Part], absent: Mapping[str, str], notes: Sequence[str]
) -> dict[str, Any]:
    """Say what each column of a dossier holds and which file it is from, and what is not there.

    Parameters
    ----------
    model, layer
        Whose it is.
    parts
        As `dossier` takes them.
    absent
        By analysis, why it says nothing.
    notes
        Sentences.
    """
    columns = {"unit": {"definition": "number of the unit in its layer, from 0", "source": "its place"}}
    for part in parts:
        for name, definition in part.definitions.items():
            columns.setdefault(name, {"definition": definition, "source": part.source})
    return {
        "model": model,
        "layer": layer,
        "units": len(parts[0].values),
        "columns": columns,
        "warnings": {word: text for word, text in WARNINGS.items() if any(word in part.warnings for part in parts)},
        "absent": dict(absent),
        "notes": list(notes),
    }

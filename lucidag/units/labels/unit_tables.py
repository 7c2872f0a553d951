"""The tables of labelled units: one CSV per layer, one row per unit and method."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.ground.tables import read_table, write_table
from lucidag.units.names import METHODS, NONE

COLUMNS = ("method", "unit", "concept", "category", "score")


def write_units(path: str | Path, table: pd.DataFrame) -> None:
    """Write the labelled units of one layer, whole or not at all.

    Parameters
    ----------
    path
        Usually ``dissect/{model}/{layer}.csv``.
    table
        One row a method and unit: `COLUMNS` first (method; unit from 0; concept, ``none`` where the method gives
        none; category, empty where it is unknown; score), then what else is known. A missing number becomes an
        empty cell.

    Raises
    ------
    InputError
        If a column is missing, a method is unknown, a concept is empty, or a method has two rows for one unit.
    """
    _check(path, table)
    ordered = [*COLUMNS, *(column for column in table.columns if column not in COLUMNS)]
    write_table(path, table[ordered])


def read_units(path: str | Path) -> pd.DataFrame:
    """Read what `write_units` wrote: every number and every word as it was.

    Raises
    ------
    InputError
        If `path` is missing or is no such table.
    """
    table = read_table(path)
    _check(path, table)
    return table.astype({"unit": "int64", "score": "float64"})


def read_model(paths: Sequence[str | Path], layers: Sequence[str]) -> pd.DataFrame:
    """Read the tables of all layers of a model, as `read_layers`; a layer without labels has no rows."""
    by_name = {Path(path).stem: path for path in paths}
    return read_layers({layer: by_name[layer] for layer in layers})


def read_layers(paths: Mapping[str, str | Path]) -> pd.DataFrame:
    """Read the tables of several layers, by name, as one with the column ``layer`` in front.

    Raises
    ------
    InputError
        As `read_units`, or if there is no layer.
    """
    if not paths:
        raise InputError("labelled units: no layer was given")
    tables = {layer: read_units(path) for layer, path in paths.items()}
    return pd.concat(tables, names=["layer"]).reset_index("layer").reset_index(drop=True)


def methods_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Give the methods that a table holds, in the order of `METHODS`."""
    present = set(table["method"])
    return tuple(method for method in METHODS if method in present)


def _check(path: str | Path, table: pd.DataFrame) -> None:
    for column in COLUMNS:
        check_known("column", column, list(table.columns), path)
    for method in table["method"].unique():
        check_known("method", str(method), METHODS, path)
    for column in ("unit", "score"):
        if len(table) and not pd.api.types.is_numeric_dtype(table[column]):
            raise InputError(f"{path}: column '{column}' must hold numbers")
    if table["unit"].isna().any() or (table["unit"] % 1 != 0).any():
        raise InputError(f"{path}: column 'unit' must hold whole numbers")
    empty = table["concept"].isna() | (table["concept"] == "")
    if empty.any():
        raise InputError(f"{path}: unit {table['unit'][empty].iloc[0]} has an empty concept; '{NONE}' says none")
    twice = table.duplicated(["method", "unit"])
    if twice.any():
        method, unit = table.loc[twice, ["method", "unit"]].iloc[0]
        raise InputError(f"{path}: unit {unit} has two rows of method '{method}'")

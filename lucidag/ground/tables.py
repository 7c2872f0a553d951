"""Every table as CSV: one writer and one reader. What the columns hold is declared in `lucidag.ground.columns`."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lucidag.ground.columns import holds_whole_numbers, holds_words
from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, whole or not at all; a missing number becomes an empty cell."""
    with atomic(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def write_rows(path: str | Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write dicts as a table with these columns, each value as Python writes it and None as an empty cell."""
    write_table(path, pd.DataFrame(list(rows), columns=list(columns), dtype=object))


def read_table(path: str | Path, needed: Sequence[str] = (), *, words: bool = False) -> pd.DataFrame:
    """Read a table that `write_table` wrote: every number and every word as it was.

    Parameters
    ----------
    path
        The file.
    needed
        Columns that it must have.
    words
        Whether every column holds words, as those of a data set do, whose names are the user's.

    Raises
    ------
    InputError
        If `path` is missing, is no table, or lacks a column.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, **({"dtype": str} if words else _types(path)))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} is not a table of lucidag: {error}") from error
    for name in needed:
        if name not in table.columns:
            raise InputError(f"{path} has no column '{name}'; it must have {', '.join(needed)}")
    return table


def _types(path: str | Path) -> dict[str, Any]:
    """Say what the columns of a table hold, and where an empty cell is a missing number."""
    names = pd.read_csv(path, nrows=0).columns
    types = {name: "str" for name in names if holds_words(name)}
    types |= {name: "Int64" for name in names if holds_whole_numbers(name)}
    return {"dtype": types, "na_values": {name: [""] for name in names if not holds_words(name)}}

"""Every table as CSV: one writer and one reader. What the columns hold is declared in `lucidag.ground.columns`."""

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lucidag.ground.columns import holds_whole_numbers, holds_words
from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, whole or not at all; a missing number becomes an empty cell."""
    words = itertools.chain(map(str, table.columns), *(_texts(table[name]) for name in table.columns))
    # A reader takes "\r" for the end of a line too, but the writer quotes only what ends its own lines.
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if any("\r" in word for word in words) else csv.QUOTE_MINIMAL
    with atomic(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n", quoting=quoting)


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


def _texts(cells: "pd.Series[Any]") -> Iterator[str]:
    if cells.dtype.kind not in "biuf":
        yield from (cell for cell in cells if isinstance(cell, str))


def _types(path: str | Path) -> dict[str, Any]:
    """Say what the columns of a table hold, and where an empty cell is a missing number."""
    names = pd.read_csv(path, nrows=0).columns
    types = {name: "str" for name in names if holds_words(name)}
    types |= {name: "Int64" for name in names if holds_whole_numbers(name)}
    return {"dtype": types, "na_values": {name: [""] for name in names if not holds_words(name)}}

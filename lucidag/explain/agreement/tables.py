"""The tables of agreement and localisation as CSV."""

from pathlib import Path

import pandas as pd

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic

# An id such as 007 is no number, and a threshold may be the word area, or empty.
TEXT = ("image", "method", "method_a", "method_b", "measure", "metric", "threshold")


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, whole or not at all; an empty cell is a value that is not defined."""
    with atomic(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote: every number and every text as it was.

    Raises
    ------
    InputError
        If `path` is missing or is no such table.
    """
    try:
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(TEXT, str),
            keep_default_na=False,
            na_values=_blank(path),
        )
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a table of lucidag: {error}") from error
    return table


def _blank(path: str | Path) -> dict[str, list[str]]:
    """Return the columns of numbers, where an empty cell is NaN; in a column of text it is an empty text."""
    columns = pd.read_csv(path, nrows=0).columns
    return {column: [""] for column in columns if column not in TEXT}

"""Every table as CSV: one writer, one reader, and one list of the columns that hold words."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic

# A class may be called nan, an image 007, a concept 1e5 and a model null: in these columns they stay words, and an
# empty cell is the empty text. Every other column holds numbers, or True and False, and an empty cell is a missing one.
WORDS = (
    *("image", "model", "family", "split", "ranked_on", "method", "method_a", "method_b", "measure", "metric"),
    *("threshold", "layer", "concept", "category", "description", "role", "role_accuracy", "role_loss", "flags"),
    *("artefact", "curve", "step", "settings", "better", "note", "better_than", "not_told_apart"),
)
WORDS_END = "_concept"
# Whole numbers of which some may be missing.
WHOLE = ("seed",)
WHOLE_END = "_rank"


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
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a table of lucidag: {error}") from error
    for name in needed:
        if name not in table.columns:
            raise InputError(f"{path} has no column '{name}'; it must have {', '.join(needed)}")
    return table


def holds_words(column: str) -> bool:
    """Tell whether a column holds words; behind a colon stands a name of the user's, such as that of a class."""
    return column in WORDS or (column.endswith(WORDS_END) and ":" not in column)


def _types(path: str | Path) -> dict[str, Any]:
    """Say what the columns of a table hold, and where an empty cell is a missing number."""
    names = pd.read_csv(path, nrows=0).columns
    types = {name: "str" if holds_words(name) else "Int64" for name in names if holds_words(name) or _whole(name)}
    return {"dtype": types, "na_values": {name: [""] for name in names if not holds_words(name)}}


def _whole(column: str) -> bool:
    return column in WHOLE or (column.endswith(WHOLE_END) and ":" not in column)

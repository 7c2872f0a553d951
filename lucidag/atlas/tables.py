"""A table as a page takes it: columns with words and definitions, and values as JSON has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.ground.columns import holds_words
from lucidag.ground.definitions import SHARES, definition, title

Table = dict[str, Any]
DIGITS = 4  # significant ones of a number in the page; the file has all


def as_table(
    name: str, file: str, frame: pd.DataFrame, meanings: Mapping[str, str] | None = None, digits: int = DIGITS
) -> Table:
    """Return a table for the page.

    Parameters
    ----------
    name
        What the page calls it.
    file
        Where all of it lies, from the folder of results.
    frame
        Its rows.
    meanings
        Definitions by column, where the results bring their own.
    digits
        Significant digits of numbers.
    """
    columns = [
        {
            "name": str(column),
            "title": title(str(column)),
            "kind": kind_of(str(column), frame[column]),
            "text": (meanings or {}).get(str(column)) or definition(str(column)),
        }
        for column in frame.columns
    ]
    data = {str(column): values(frame[column], digits) for column in frame.columns}
    return {"name": name, "file": file, "columns": columns, "data": data}


def kind_of(name: str, column: "pd.Series[Any]") -> str:
    """Tell how a column is shown: number, text, share, flag, image or unit."""
    if name in ("image", "unit"):
        return name
    if column.dtype.kind == "b":
        return "flag"
    if holds_words(name) or column.dtype.kind not in "biuf":
        return "number" if str(column.dtype) == "Int64" else "text"
    base = name.split(":")[0].removesuffix("_low").removesuffix("_high")
    return "share" if base in SHARES else "number"


def values(column: "pd.Series[Any]", digits: int = DIGITS) -> list[Any]:
    """Return the values of a column: null for what is missing or no finite number."""
    if column.dtype.kind == "f":
        return [rounded(value, digits) for value in column.tolist()]
    return [None if value is pd.NA or value is None or value != value else value for value in column.tolist()]


def rounded(value: float | None, digits: int = DIGITS) -> float | int | None:
    """Return a number with few significant digits; None for what is not finite."""
    if value is None or not np.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def rows(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return records as a frame whose columns have types."""
    return pd.DataFrame(list(records), columns=list(columns)).infer_objects()

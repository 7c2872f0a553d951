"""Tables as the page takes them: columns with their words, and values that are short."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.ground.definitions import definition, title

DIGITS = 4  # a page shows fewer
Table = dict[str, Any]


def table(
    frame: pd.DataFrame, file: str, columns: Sequence[str] | None = None, meanings: Mapping[str, str] | None = None
) -> Table:
    """Return a table for the page.

    Parameters
    ----------
    frame
        Its rows.
    file
        Where all of it lies, relative to the folder of results.
    columns
        Those that are shown, where they exist; None: all that are not empty.
    meanings
        Definitions of columns.
    """
    shown = [name for name in (columns or frame.columns) if name in frame.columns]
    kept = [name for name in shown if columns is not None or frame[name].notna().any()]
    told = meanings or {}
    heads = [head(name, _kind(frame[name]), told.get(name, "")) for name in kept]
    return {"file": file, "rows": len(frame), "columns": heads, "data": {name: values(frame[name]) for name in kept}}


def head(name: str, kind: str = "number", text: str = "") -> dict[str, str]:
    """Return what the page knows of a column: its words and its definition, `text` or the one of all tables."""
    return {"name": name, "title": title(name), "kind": kind, "text": text or definition(name)}


def values(column: "pd.Series[Any]") -> list[Any]:
    """Return a column's values as JSON has them: numbers to four digits, null for what is missing."""
    return [short(value) for value in column.tolist()]


def short(value: Any) -> Any:  # noqa: ANN401 (a cell)
    """Return a value as JSON has it.

    >>> short(0.123456), short(float("nan")), short(7), short("a")
    (0.1235, None, 7, 'a')
    """
    if isinstance(value, float | np.floating):
        return str(value) if math.isinf(value) else rounded(float(value))
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return None if value is None or value is pd.NA else value


def rounded(value: float | None, digits: int = DIGITS) -> float | int | None:
    """Return a number with few digits that count; None for what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    found = float(f"{value:.{digits}g}")
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _kind(column: "pd.Series[Any]") -> str:
    if pd.api.types.is_bool_dtype(column):
        return "flag"
    return "number" if pd.api.types.is_numeric_dtype(column) else "text"

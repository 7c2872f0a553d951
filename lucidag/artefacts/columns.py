"""Which columns of a data set's table can be held against the class, and as which values."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lucidag.data.leaks import is_text, looks_like_ids, names_owner
from lucidag.ground.spelling import check_known

QUARTERS = 4
EMPTY = "(empty)"


def sort_out(
    table: pd.DataFrame, columns: Sequence[str], id_column: str | None, max_values: int
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Leave out what is constant, free text, what names each image, and what names its patient or lesion.

    Parameters
    ----------
    table
        One row per image.
    columns
        The metadata columns to look at.
    id_column
        The patient or lesion, if a column holds it: a data set's split may know it, a class may not be told from it.
    max_values
        A column of more values than this is cut into quarters if all its values are numbers, and else taken for an id.
        Numbers that all differ are an id too, unless some have a fraction, as measurements do.

    Returns
    -------
    values, left_out
        The columns that are tested, as strings; an empty cell is the value ``(empty)``, numbers of many values are
        four intervals with as many images each. And the others by name, with the reason in words.

    Raises
    ------
    InputError
        If a column does not exist.
    """
    kept: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    for name in columns:
        check_known("column", name, [str(column) for column in table.columns])
        cells = table[name].astype(str).str.strip().to_list()
        different, filled = set(cells), [cell for cell in cells if cell]
        if name == id_column:
            left_out[name] = "names the patient or lesion of an image"
        elif len(different) > max_values and is_text(cells):
            left_out[name] = "is free text"
        elif len(different) <= 1:
            left_out[name] = f"has one value only: '{cells[0]}'" if filled else "has no value at all"
        elif (
            len(set(filled)) == len(filled) and len(filled) > 2 and not (len(filled) > max_values and _measured(filled))
        ):
            left_out[name] = "has another value for each image, so it only names them"
        elif looks_like_ids(name, cells) and (names_owner(name) or len(different) > max_values):
            left_out[name] = "is named or written like an id"
        elif len(different) <= max_values:
            kept[name] = [cell or EMPTY for cell in cells]
        elif _are_numbers(filled):
            kept[name] = _quarters(cells)
        else:
            left_out[name] = f"has {len(different)} different values in {len(cells)} images, like an id"
    return pd.DataFrame(kept, index=range(len(table)), dtype=str), left_out


def _are_numbers(cells: Sequence[str]) -> bool:
    return bool(np.isfinite(pd.to_numeric(pd.Series(cells), errors="coerce")).all())


def _measured(cells: Sequence[str]) -> bool:
    return _are_numbers(cells) and bool((pd.to_numeric(pd.Series(cells)) % 1 != 0).any())


def _quarters(cells: Sequence[str]) -> list[str]:
    """Cut numbers at their quartiles; equal numbers stay together."""
    numbers = pd.to_numeric(pd.Series(cells), errors="coerce")
    parts = pd.qcut(numbers, QUARTERS, duplicates="drop")
    if parts.nunique() < 2:  # the least or the greatest number is so frequent that no quartile lies between
        middle = numbers.median()
        above = numbers > middle if (numbers > middle).any() else numbers >= middle
        parts = above.astype(float).where(numbers.notna())
    lows = numbers.groupby(parts, observed=True).min()
    highs = numbers.groupby(parts, observed=True).max()
    # All digits: a date such as 20180115 differs from the next in its last.
    names = {part: f"{lows[part]:.15g} to {highs[part]:.15g}" for part in lows.index}
    return [EMPTY if pd.isna(part) else names[part] for part in parts]

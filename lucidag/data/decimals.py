"""Numbers with a decimal comma, as spreadsheets write them where the comma is one. Standard library only."""

import re
from collections.abc import Sequence

_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+")


def with_points(cells: Sequence[str], delimiter: str) -> list[str] | None:
    """Write the numbers of a column with a decimal point; None where they have no decimal comma.

    In a file with commas between its cells no number has one. In one with semicolons every number may, and there
    ``1.234,5`` is ``1234.5``. Elsewhere a comma could also part thousands, so one number must be none of these.

    Parameters
    ----------
    cells
        The column; empty ones stay so.
    delimiter
        What stands between the cells of its file.

    >>> with_points(["3,5", "", "1.200"], ";"), with_points(["1,200"], "|")
    (['3.5', '', '1200'], None)
    """
    filled = [cell for cell in cells if cell]
    commas = [cell for cell in filled if "," in cell]
    if delimiter == "," or not commas or not all(_COMMA.fullmatch(cell) for cell in filled):
        return None
    if delimiter != ";" and all(_THOUSANDS.fullmatch(cell) for cell in commas):
        return None
    return [cell.replace(".", "").replace(",", ".") for cell in cells]

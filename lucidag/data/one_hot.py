"""Labels with a column for each class, of which one is 1 in each row. Standard library only."""

from collections.abc import Sequence
from pathlib import Path

from lucidag.data.sheet import Row
from lucidag.ground.errors import InputError

_WORDS = {"true": 1.0, "false": 0.0}
_SHOWN = 12


def read_one_hot(file: Path, rows: Sequence[Row], columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Read the class of each row from the columns of the classes.

    Parameters
    ----------
    file
        The table, for messages.
    rows
        Its rows; cells are 0 or 1, or False or True.
    columns
        The classes in their order.

    Returns
    -------
    labels, notes
        The class of each row; and which columns have no image, in a sentence.

    Raises
    ------
    InputError
        If a cell is neither 0 nor 1, or a row has not exactly one 1.
    """
    labels = []
    for line, row in rows:
        values = {column: _value(row[column]) for column in columns}
        for column, value in values.items():
            if value is None:
                raise InputError(
                    f"{file}, line {line}: '{row[column]}' in column '{column}' is neither 0 nor 1, as the column of a "
                    "class must be"
                )
        chosen = [column for column, value in values.items() if value]
        if len(chosen) != 1:
            what = f"is of {len(chosen)} classes, {' and '.join(chosen)}" if chosen else "is of none of the classes"
            among = "" if chosen else f" {_few(columns)}"
            raise InputError(f"{file}, line {line}: the image {what}{among}; an image has exactly one class")
        labels += chosen
    present = set(labels)
    empty = [column for column in columns if column not in present]
    notes = [f"left out as a class without an image: column {', '.join(empty)}"] if empty else []
    return labels, notes


def find_one_hot(file: Path, rows: Sequence[Row], columns: Sequence[str]) -> list[str] | None:
    """Find the columns of the classes: those whose every cell is 0 or 1, if each row has exactly one 1 among them.

    Parameters
    ----------
    file, rows
        See `read_one_hot`.
    columns
        Those that have no role.

    Returns
    -------
    list of str or None
        The columns; None where there are not two whose cells are 0 or 1.

    Raises
    ------
    InputError
        If a row has none or several 1s.
    """
    binary = [column for column in columns if all(_value(row[column]) is not None for _, row in rows)]
    if len(binary) < 2:
        return None
    for line, row in rows:
        number = sum(_value(row[column]) == 1 for column in binary)
        if number != 1:
            raise InputError(
                f"{file}: column 'label' does not exist, and columns {_few(binary)} are not the classes, as line "
                f"{line} has {number} of them; name the label by `columns: {{label: …}}`, or the columns of the "
                "classes by `columns: {label: [A, B]}`"
            )
    return binary


def _value(cell: str) -> float | None:
    try:
        value = _WORDS.get(cell.casefold())
        value = float(cell) if value is None else value
    except ValueError:
        return None
    return value if value in (0, 1) else None


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")

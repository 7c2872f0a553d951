"""In which order classes stand, where nobody lists them: it gives the class indices. Standard library only."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

WHOLE = re.compile(r"[+-]?[0-9]{1,300}(\.0*)?")  # tables written by pandas hold 3.0 where a cell of the column is empty
_SHOWN = 12


def class_order(labels: Iterable[str], of_table: bool) -> tuple[tuple[str, ...], list[str]]:
    """Sort the classes that occur.

    Class names of a table that are all whole numbers sort as numbers (0, 1, 2, ... 10, 11), because that is what they
    were when a network learnt them. All others sort as text, and so do folders whatever their names (0, 1, 10, 11,
    2): that is the order of torchvision's ``ImageFolder``.

    Parameters
    ----------
    labels
        The class of every image.
    of_table
        Whether a table names them; otherwise folders do.

    Returns
    -------
    classes, notes
        The classes in their order, and a sentence for each doubt that is left: an order in which names with numbers
        could also have been, and whole numbers with gaps, which are not their own indices.
    """
    present = set(labels)
    whole = all(WHOLE.fullmatch(name) for name in present)
    as_text, as_numbers = sorted(present), sorted(present, key=_natural)
    if whole and of_table:
        classes, why = as_numbers, "whole numbers sort as numbers"
    else:
        classes, why = as_text, "names sort as text" if of_table else "folders sort as text, as in ImageFolder"
    notes = []
    if as_text != as_numbers:
        notes.append(
            f"the classes are in the order {_few(classes)} ({why}); if the network has another, list `classes`"
        )
    numbers = [int(Decimal(name)) for name in as_numbers] if whole else []
    missing = sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers))[:_SHOWN] if _close(numbers) else []
    if missing:
        notes.append(
            f"no image is of class {_few(list(map(str, missing)))}, so the classes after it have an index below their "
            "number; if the network knows it, list `classes`"
        )
    for one, other in _twins(classes, whole):
        notes.append(f"classes '{one}' and '{other}' may be one class, written in two ways")
    return tuple(classes), notes


def _twins(classes: Sequence[str], whole: bool) -> list[tuple[str, str]]:
    """Give names that are one number, or differ in case, spaces or the form of Unicode alone."""
    first: dict[str, str] = {}
    keys = {
        name: str(int(Decimal(name))) if whole else " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        for name in classes
    }
    return [(first[key], name) for name, key in keys.items() if first.setdefault(key, name) != name]


def _close(numbers: Sequence[int]) -> bool:
    """Tell whether numbers can be indices with gaps: they start at 0 or 1, and more than half of the range is there."""
    return min(numbers, default=-1) in (0, 1) and max(numbers) - min(numbers) + 1 < 2 * len(set(numbers))


def _natural(name: str) -> tuple[list[tuple[int, Decimal, str]], str]:
    """Sort numbers inside a name by their value; equal ones by their text."""
    if WHOLE.fullmatch(name):
        return [(1, Decimal(name), "")], name
    parts = [part for part in re.split(r"([0-9]+)", name) if part]
    # As in text, some signs stand before digits, and letters after them.
    words = [(0 if part < "0" else 2, Decimal(0), part) for part in parts]
    return [
        (1, Decimal(part), "") if part[0] in "0123456789" else word for part, word in zip(parts, words, strict=True)
    ], name


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f", … {names[-1]}" if len(names) > _SHOWN else "")

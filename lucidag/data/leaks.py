"""Columns by which a data set may leak: they name a patient on two sides, or tell the class. Standard library only."""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

WHOSE = frozenset(
    (
        *("patient", "lesion", "subject", "person", "participant", "individual", "donor", "case", "specimen", "slide"),
        *("study", "scan", "video", "sequence"),
    )
)
ID_WORDS = frozenset(("id", "ids", "uid", "uuid", "guid"))
NUMBER_WORDS = frozenset(("no", "nr", "num", "number", "code", "key", "name"))
# The chance that a column which has nothing to do with the class would tell it as well.
CHANCE = 0.01
_FEW = 20


def names_owner(name: str) -> bool:
    """Tell whether a column is called as an id: ``lesion_id``, ``PatientID``, ``patient``, ``image id``."""
    words = _words(name)
    return bool(words) and (words[-1] in ID_WORDS | WHOSE or (words[-1] in NUMBER_WORDS and bool(WHOSE & set(words))))


def looks_like_ids(name: str, cells: Sequence[str]) -> bool:
    """Tell whether a column names what images belong to, by its name and by what is in it.

    Parameters
    ----------
    name
        What it is called.
    cells
        Its N values; empty ones do not count.
    """
    filled = [cell for cell in cells if cell]
    different = len(set(filled))
    if different < 2:
        return False
    words = set(_words(name))
    if words == {"id"} or (words & WHOSE and words & (ID_WORDS | NUMBER_WORDS) and names_owner(name)):
        return True
    if names_owner(name):
        return different * (20 if words & WHOSE else 10) >= len(filled)
    codes = sum(bool(re.fullmatch(r"(?=.*\d)(?=.*[^\W\d_])[\w.-]+", cell)) for cell in filled)
    return different * 10 >= len(filled) and codes >= 0.9 * len(filled)


def is_text(cells: Sequence[str]) -> bool:
    """Tell whether a column is free text: most of its many values are sentences of three words or more."""
    different = {cell for cell in cells if cell}
    return len(different) > _FEW and 2 * sum(len(cell.split()) > 2 for cell in different) > len(different)


def owner_notes(columns: Mapping[str, Sequence[str]], splits: Sequence[str] | None) -> list[str]:
    """Say which patients, lesions and the like stand, or may come to stand, on two sides of a split.

    Parameters
    ----------
    columns
        The metadata by name, N values each.
    splits
        The N splits; None while they are not divided.
    """
    notes = []
    for name, cells in columns.items():
        number = Counter(cell for cell in cells if cell)
        if max(number.values(), default=0) < 2 or not looks_like_ids(name, cells):
            continue
        remedy = f"if it is the id of what images show, `columns: {{id: {name}}}` keeps these on one side"
        if splits is None:
            notes.append(
                f"column '{name}' has {len(number)} values for {sum(number.values())} images, and these may come to "
                f"stand on two sides of the splits; {remedy}"
            )
            continue
        sides = defaultdict(set)
        for cell, split in zip(cells, splits, strict=True):
            sides[cell].add(split)
        both = sorted(cell for cell in number if len(sides[cell]) > 1)
        if both:
            notes.append(
                f"possible leakage: {len(both)} of {len(number)} values of column '{name}' stand on two sides of the "
                f"splits ({_few(both)}); {remedy}"
            )
    return notes


def telling_notes(columns: Mapping[str, Sequence[str]], labels: Sequence[str]) -> list[str]:
    """Say which columns tell the class of every image: each value, or each range of numbers, has one class.

    Columns of ids, and those that could do so by chance (p above 0.01), are not told.

    Parameters
    ----------
    columns
        The metadata by name, N values each.
    labels
        The N class names.
    """
    told = []
    for name, cells in columns.items():
        values = set(cells)
        if len(values) < 2 or looks_like_ids(name, cells) or is_text(cells):
            continue
        few = len(values) <= max(_FEW, len(cells) / _FEW)
        ways = _ways_by_value(cells, labels) if few else _ways_by_range(cells, labels)
        if ways is not None and ways - _arrangements(labels) < math.log(CHANCE):
            told.append(name)
    return [f"column '{name}' tells the class of every image: a network could learn it instead" for name in told]


def _ways_by_value(cells: Sequence[str], labels: Sequence[str]) -> float | None:
    """Give the logarithm of how many ways there are to give each value one class; None where they have several."""
    classes: dict[str, str] = {}
    if any(classes.setdefault(cell, label) != label for cell, label in zip(cells, labels, strict=True)):
        return None
    kinds = len(set(classes.values()))
    return len(classes) * math.log(kinds) if kinds > 1 else None


def _ways_by_range(cells: Sequence[str], labels: Sequence[str]) -> float | None:
    """Give the same for numbers of which each class has a range."""
    try:
        pairs = sorted((float(cell), label) for cell, label in zip(cells, labels, strict=True))
    except ValueError:
        return None
    kinds = len(set(labels))
    runs = 1 + sum(one[1] != other[1] for one, other in itertools.pairwise(pairs))
    tied = any(one[0] == other[0] and one[1] != other[1] for one, other in itertools.pairwise(pairs))
    finite = all(math.isfinite(value) for value, _ in pairs)
    return math.lgamma(kinds + 1) if finite and not tied and kinds == runs > 1 else None


def _arrangements(labels: Sequence[str]) -> float:
    """Give the logarithm of how many orders of the labels there are."""
    return math.lgamma(len(labels) + 1) - sum(math.lgamma(number + 1) for number in Counter(labels).values())


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", apart.casefold()) if word]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")

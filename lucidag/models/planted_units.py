"""Units of known kinds: which ones a network is given, drawn from a seed. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lucidag.data.scenes import CONCEPTS
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

Whole = NDArray[np.int64]

PURE, TWO, REDUNDANT, DEAD, SHORTCUT, NOISE = "pure", "two-concept", "redundant", "dead", "shortcut", "noise"
KINDS = (PURE, TWO, REDUNDANT, DEAD, SHORTCUT, NOISE)
COUNTS: Mapping[str, int] = MappingProxyType({PURE: 40, TWO: 28, REDUNDANT: 16, DEAD: 8, SHORTCUT: 8, NOISE: 12})
NAMES = tuple((name, category) for category, names in CONCEPTS.items() for name in names)
STEP = 0.25  # by which the threshold rises from one unit of a concept to the next
NONE = -1


@dataclass(frozen=True)
class Plants:
    """The P planted units of a network.

    Attributes
    ----------
    kind
        int64 P: places in `KINDS`.
    first, second
        int64 P: places in `NAMES` of what a unit answers to; `NONE` where it answers to nothing, or to one thing.
    source
        int64 P: the planted unit that a redundant one copies; else `NONE`.
    acts_on
        int64 P: the class whose logit the unit adds to; `NONE` where the last layer does not use it.
    least
        float64 P: how much of its concept, as a share of its usual activation, a unit lets pass without answering.
    """

    kind: Whole
    first: Whole
    second: Whole
    source: Whole
    acts_on: Whole
    least: NDArray[np.float64]

    def kinds(self) -> list[str]:
        """Name the kind of each unit."""
        return [KINDS[place] for place in self.kind]


def kinds_of(counts: Mapping[str, int]) -> list[str]:
    """Give the kinds of planted units in their order.

    Raises
    ------
    InputError
        For a kind that does not exist, or copies without anything to copy.
    """
    for kind in counts:
        check_known("kind of planted units", kind, KINDS, "options: units")
    if counts.get(REDUNDANT, 0) and not counts.get(PURE, 0):
        raise InputError("options: units: redundant units copy pure ones, and there are none")
    return [kind for kind in KINDS for _ in range(counts.get(kind, 0))]


def draw_plants(
    counts: Mapping[str, int], sound: Sequence[int], label: str, shortcuts: Mapping[str, str], seed: int
) -> Plants:
    """Draw the planted units of a network.

    Parameters
    ----------
    counts
        Kind to the number of its units.
    sound
        Places in `NAMES` of the concepts that can be told well enough.
    label
        The category of concepts that the classes are.
    shortcuts
        Class to the concept that goes with it.
    seed
        Of concepts, pairs and classes.

    Raises
    ------
    InputError
        If concepts for the units asked for are lacking.
    """
    rng = np.random.default_rng(seed)
    classes, categories = CONCEPTS[label], [category for _, category in NAMES]
    order = rng.permutation(sound).tolist()
    tied = [(list(classes).index(name), _place(word)) for name, word in shortcuts.items()]
    _check(counts, order, tied, categories)
    rows: list[dict[str, float]] = []
    for kind, number in ((kind, number) for kind in KINDS for number in range(counts.get(kind, 0))):
        row: dict[str, float] = {"kind": KINDS.index(kind), "first": NONE, "second": NONE, "source": NONE}
        row |= {"acts_on": NONE, "least": 0.0}
        if kind in (PURE, TWO, DEAD):
            first = order[number % len(order)]
            acts = list(classes).index(NAMES[first][0]) if categories[first] == label else NONE
            row |= {"first": first, "acts_on": acts}
        if kind == PURE:
            row["least"] = STEP * (number // len(order))
        elif kind == TWO:
            row["second"] = int(rng.choice([other for other in order if categories[other] != categories[first]]))
        elif kind == REDUNDANT:
            source = int(rng.integers(counts[PURE]))
            row |= {"source": source} | {name: rows[source][name] for name in ("first", "acts_on", "least")}
        elif kind == DEAD:
            row |= {"first": NONE, "acts_on": int(rng.integers(len(classes)))}
        elif kind == SHORTCUT:
            acts, first = tied[number % len(tied)]
            row |= {"first": first, "acts_on": acts, "least": STEP * (number // len(tied))}
        elif kind == NOISE and number % 2:
            row["acts_on"] = int(rng.integers(len(classes)))
        rows.append(row)
    whole = {each.name: np.array([row[each.name] for row in rows]) for each in fields(Plants)}
    return Plants(**{name: values.astype(float if name == "least" else np.int64) for name, values in whole.items()})


def _place(word: str) -> int:
    return [name for name, _ in NAMES].index(word)


def _check(
    counts: Mapping[str, int], order: Sequence[int], tied: Sequence[tuple[int, int]], categories: Sequence[str]
) -> None:
    if counts.get(SHORTCUT, 0) and not tied:
        raise InputError("options: shortcut units are asked for, and `shortcuts` names no class with its concept")
    if len({categories[place] for place in order}) < 2:
        raise InputError("options: fewer than two kinds of concepts can be told well enough: take more images or epochs")
    for _, place in tied:
        if counts.get(SHORTCUT, 0) and place not in order:
            raise InputError(f"options: the shortcut '{NAMES[place][0]}' cannot be told well enough to be planted")

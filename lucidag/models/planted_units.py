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
Row = dict[str, float]

PURE, TWO, REDUNDANT, DEAD, SHORTCUT, NOISE = "pure", "two-concept", "redundant", "dead", "shortcut", "noise"
KINDS = (PURE, TWO, REDUNDANT, DEAD, SHORTCUT, NOISE)
COUNTS: Mapping[str, int] = MappingProxyType({PURE: 40, TWO: 28, REDUNDANT: 16, DEAD: 8, SHORTCUT: 8, NOISE: 12})
NAMES = tuple((name, category) for category, names in CONCEPTS.items() for name in names)
SIZE = 64  # pixels of the side of images that units are planted for
STEP = 0.25  # by which the threshold rises from one unit of a concept to the next
NONE = -1
EMPTY: Row = {"first": NONE, "second": NONE, "source": NONE, "acts_on": NONE, "least": 0.0}


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
    classes = list(CONCEPTS[label])
    order = [int(place) for place in rng.permutation(sound)]
    tied = [(classes.index(name), _place(word)) for name, word in shortcuts.items()]
    _check(counts, order, tied)
    rows: list[Row] = []
    for kind in KINDS:
        for number in range(counts.get(kind, 0)):
            row = _plant(kind, number, order, tied, rng) | {"kind": KINDS.index(kind)}
            if kind == REDUNDANT:
                row["source"] = int(rng.integers(counts[PURE]))
                row |= {name: rows[int(row["source"])][name] for name in ("first", "acts_on", "least")}
            elif kind in (PURE, TWO):
                name, category = NAMES[int(row["first"])]
                row["acts_on"] = classes.index(name) if category == label else NONE
            elif kind == DEAD or (kind == NOISE and number % 2):
                row["acts_on"] = int(rng.integers(len(classes)))
            rows.append({**EMPTY, **row})
    whole = {each.name: np.array([row[each.name] for row in rows]) for each in fields(Plants)}
    return Plants(**{name: values.astype(float if name == "least" else np.int64) for name, values in whole.items()})


def _plant(
    kind: str, number: int, order: Sequence[int], tied: Sequence[tuple[int, int]], rng: np.random.Generator
) -> Row:
    """Give what the unit of this number among those of a kind answers to."""
    if kind == SHORTCUT:
        acts, first = tied[number % len(tied)]
        return {"first": first, "acts_on": acts, "least": STEP * (number // len(tied))}
    first = order[number % len(order)]
    if kind == PURE:
        return {"first": first, "least": STEP * (number // len(order))}
    if kind == TWO:
        return {"first": first, "second": int(rng.choice([at for at in order if NAMES[at][1] != NAMES[first][1]]))}
    return {}


def _place(word: str) -> int:
    return [name for name, _ in NAMES].index(word)


def _check(counts: Mapping[str, int], order: Sequence[int], tied: Sequence[tuple[int, int]]) -> None:
    asked = counts.get(SHORTCUT, 0)
    if asked and not tied:
        raise InputError("options: shortcut units are asked for, and `shortcuts` names no class with its concept")
    if len({NAMES[place][1] for place in order}) < 2:
        raise InputError("options: fewer than two kinds of concepts are told well enough: take more images or epochs")
    for _, place in tied:
        if asked and place not in order:
            raise InputError(f"options: the shortcut '{NAMES[place][0]}' is not told well enough to be planted")

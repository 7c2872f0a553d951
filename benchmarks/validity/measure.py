"""Simulate the rows of the table of validity, on several processes."""

import importlib
import multiprocessing
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from zlib import crc32

import numpy as np
from scipy.stats import binomtest

from benchmarks.validity.case import Case

PACKAGE = "benchmarks.validity"
FRAME = ("case", "measure", "table")  # every other module of the package is a topic
PART = 50  # simulations that a process does at a time
LEVEL = 0.95  # of the intervals of what was measured
SURE = 0.001  # level at which a goal is missed beyond the slack of few simulations


@dataclass(frozen=True)
class Measured:
    """What the simulations of one row gave: how many covered or rejected, did not, and gave no interval or p value."""

    yes: int
    no: int
    none: int

    @property
    def share(self) -> float:
        """Coverage, false positives, or what was found; NaN where nothing was given."""
        return self.yes / (self.yes + self.no) if self.yes + self.no else float("nan")

    @property
    def simulations(self) -> int:
        """How many there were."""
        return self.yes + self.no + self.none

    @property
    def interval(self) -> tuple[float, float]:
        """The exact binomial interval of the share."""
        if not self.yes + self.no:
            return float("nan"), float("nan")
        found = binomtest(self.yes, self.yes + self.no).proportion_ci(LEVEL, method="exact")
        return float(found.low), float(found.high)


def topics() -> list[str]:
    """Name the topics: the modules of the package that have cases."""
    folder = Path(__file__).parent
    return sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if module.name not in FRAME)


@cache
def cases(topic: str) -> tuple[Case, ...]:
    """Give the rows of a topic.

    Raises
    ------
    ValueError
        If two rows have one name.
    """
    found = tuple(importlib.import_module(f"{PACKAGE}.{topic}").cases())
    if len({case.name for case in found}) < len(found):
        raise ValueError(f"two rows of {topic} have the same name")
    return found


def title(topic: str) -> str:
    """Give the heading of a topic: the first line of its docstring, without the full stop."""
    words = importlib.import_module(f"{PACKAGE}.{topic}").__doc__ or topic
    return words.splitlines()[0].rstrip(".")


def simulate(topic: str, number: int, first: int, last: int) -> Measured:
    """Run simulations `first` to `last` (not counted) of a row; each has a seed of its own, so parts add up."""
    case = cases(topic)[number]
    name = crc32(f"{topic}: {case.name}".encode())
    found = [case.draw(np.random.default_rng([name, each])) for each in range(first, last)]
    none = sum(each is None for each in found)
    yes = sum(bool(each) for each in found)
    return Measured(yes, len(found) - none - yes, none)


def measured(names: Sequence[str], simulations: int, processes: int) -> Iterator[tuple[str, Case, Measured]]:
    """Simulate every row of the topics, in their order.

    Parameters
    ----------
    names
        The topics.
    simulations
        Of each row, or as many as `Case.most` allows.
    processes
        That share the work; the results do not depend on it.
    """
    rows = [(topic, number) for topic in names for number in range(len(cases(topic)))]
    counts = {row: min(simulations, cases(row[0])[row[1]].most or simulations) for row in rows}
    parts = [(row, first) for row in rows for first in range(0, counts[row], PART)]
    # Spawned and not forked: PyTorch has threads, which a fork does not survive.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        each = pool.imap(_part, [(*row, first, min(first + PART, counts[row])) for row, first in parts])
        found: list[Measured] = []
        for (row, first), part in zip(parts, each, strict=True):
            found.append(part)
            if first + PART >= counts[row]:
                topic, number = row
                total = Measured(*(sum(column) for column in zip(*((m.yes, m.no, m.none) for m in found), strict=True)))
                yield topic, cases(topic)[number], total
                found = []


def _part(asked: tuple[str, int, int, int]) -> Measured:
    return simulate(*asked)


def reached(case: Case, found: Measured) -> bool:
    """Say whether a row reaches its goal; one that gives no interval at all claims nothing, and does."""
    if not found.yes + found.no:
        return True
    return found.share <= case.goal if case.kind == "test" else found.share >= case.goal


def surely_missed(case: Case, found: Measured) -> bool:
    """Say whether a row misses its goal by more than chance gives in so many simulations."""
    if not found.yes + found.no:
        return False
    given = found.yes + found.no
    worse: Literal["less", "greater"] = "greater" if case.kind == "test" else "less"
    return bool(binomtest(found.yes, given, case.goal, alternative=worse).pvalue < SURE)

"""Means over images and paired differences."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, Case, covers
from lucidag.ground.statistics.intervals import estimate

SIZES = (10, 30, 100)
RESAMPLES = 500
LONG, FEW, SKEWED_GOAL = "log-normal", 30, 0.90
SKEWED = "so few values of so skewed a distribution do not show its tail"
Draw = Callable[[Generator, int], NDArray]
DRAWN: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "uniform": (lambda rng, n: rng.random(n), 0.5),
    "half of them 0": (lambda rng, n: rng.random(n) * (rng.random(n) < 0.5), 0.25),
    "four fifths 0": (lambda rng, n: rng.random(n) * (rng.random(n) < 0.2), 0.1),
    "exponential": (lambda rng, n: rng.exponential(size=n), 1.0),
    "chi-square of 1": (lambda rng, n: rng.chisquare(1, n), 1.0),
    LONG: (lambda rng, n: rng.lognormal(size=n), float(np.exp(0.5))),
}


def cases() -> list[Case]:
    """Give a row for each distribution and number of images."""
    return [_case(name, *each, n) for name, each in DRAWN.items() for n in SIZES]


def _case(name: str, values: Draw, truth: float, n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        found = estimate(values(rng, n), resamples=RESAMPLES, seed=int(rng.integers(2**31)))
        return covers(found.low, found.high, truth)

    setting = f"{name} values, {RESAMPLES} bootstrap draws"
    shown = "`*_low`, `*_high` of agreement, localisation, faithfulness, shortcuts"
    goal, reason = (SKEWED_GOAL, SKEWED) if name == LONG and n <= FEW else (COVERS, "")
    return Case(f"mean of {n} images, {name}", "interval", shown, setting, 0.95, draw, goal, reason)

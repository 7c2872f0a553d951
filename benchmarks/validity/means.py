"""Means over images and paired differences."""

from collections.abc import Callable

from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, Case, covers
from lucidag.ground.statistics.intervals import estimate

SIZES = (10, 30, 100)
RESAMPLES = 500
SKEWED_GOAL = 0.90
SKEWED = "few values of a skewed distribution do not show its tail, and no interval that was tried covers .93"
Draw = Callable[[Generator, int], NDArray]
SYMMETRIC: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "uniform": (lambda rng, n: rng.random(n), 0.5),
}
SKEW: dict[str, tuple[Draw, float]] = {
    "exponential": (lambda rng, n: rng.exponential(size=n), 1.0),
    "chi-square of 1": (lambda rng, n: rng.chisquare(1, n), 1.0),
}


def cases() -> list[Case]:
    """Give a row for each distribution and number of images."""
    return [_case(name, *each, n, COVERS, "") for name, each in SYMMETRIC.items() for n in SIZES] + [
        _case(name, *each, n, SKEWED_GOAL, SKEWED) for name, each in SKEW.items() for n in SIZES
    ]


def _case(name: str, values: Draw, truth: float, n: int, goal: float, reason: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        found = estimate(values(rng, n), resamples=RESAMPLES, seed=int(rng.integers(2**31)))
        return covers(found.low, found.high, truth)

    setting = f"{name} values, {RESAMPLES} bootstrap draws"
    shown = "`*_low`, `*_high` of agreement, localisation, faithfulness, shortcuts"
    return Case(f"mean of {n} images, {name}", "interval", shown, setting, 0.95, draw, goal, reason)

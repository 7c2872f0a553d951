"""Shares, and differences of shares."""

import numpy as np
from numpy.random import Generator

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.ground.statistics.intervals import share
from lucidag.ground.statistics.permutation import mean_difference

RESAMPLES = 200
SINGLE = (
    "Wilson's interval covers .95 on average over shares, and at a single share of few trials a little more or less"
)


def cases() -> list[Case]:
    """Give a row for each share and number of trials."""
    shares = [_share(p, n) for p in (None, 0.05, 0.3) for n in (10, 30, 100)]
    sides = [(0.0, 10, 20), (0.3, 10, 20), (0.3, 40, 60)]
    return [*shares, *(_difference(*each) for each in sides), *(_test(*each) for each in sides[1:])]


def _share(p: float | None, n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        true = float(rng.random()) if p is None else p
        found = share(int(rng.binomial(n, true)), n, 0.95)
        return covers(found["low"], found["high"], true)

    shown = "Wilson's intervals: finders, rules, majority, labelled units, zero-shot words, decisions that change"
    name = f"share of {n}, any" if p is None else f"share of {n}, {p:g}"
    setting = "independent trials, a share drawn evenly from 0 to 1" if p is None else "independent trials"
    if p is None:
        return Case(name, "interval", shown, setting, 0.95, draw, COVERS)
    return Case(name, "interval", shown, setting, 0.95, draw, 0.90, SINGLE)


def _sides(rng: Generator, gain: float, one: int, other: int) -> dict[str, float | None]:
    first = (rng.random(one) < 0.3 + gain).astype(np.float64)
    second = (rng.random(other) < 0.3).astype(np.float64)
    return mean_difference(first, second, RESAMPLES, 0.95, int(rng.integers(2**31)))


def _difference(gain: float, one: int, other: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        found = _sides(rng, gain, one, other)
        return covers(found["low"], found["high"], gain)

    shown = "`dissect/{model}/role_tests.json`: `labelled`, `low`, `high`"
    setting = f"shares of {0.3 + gain:g} and .3, independent units"
    return Case(
        f"difference of shares, {one} and {other} units, {gain:g}", "interval", shown, setting, 0.95, draw, COVERS
    )


def _test(_: float, one: int, other: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        p = _sides(rng, 0.0, one, other)["p"]
        return None if p is None else p < 0.05

    shown = "`dissect/{model}/role_tests.json`: `labelled`, `p`"
    setting = f"equal shares of .3; {RESAMPLES} permutations"
    return Case(f"difference of shares, {one} and {other} units", "test", shown, setting, 0.05, draw, REJECTS)

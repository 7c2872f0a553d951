"""Methods held against each other and against baselines, and units held against others."""

import numpy as np
import pandas as pd
from numpy.random import Generator

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.explain.agreement.summary import localisation_summary
from lucidag.explain.faithfulness.summary import pairs
from lucidag.ground.statistics.permutation import mean_difference, sign_flip

RESAMPLES = 200
METHODS = 5
SKEWED_GOAL = 0.90
SLOW = 500  # simulations of families of tests, in the long form
SKEWED = "few values of a skewed distribution do not show its tail"


def cases() -> list[Case]:
    """Give rows of tests of one pair, of families of them, and of intervals of a difference of two groups."""
    rows = [_signs(n) for n in (6, 10, 30)]
    rows += [_any_pair(10), _beats(10)]
    rows += [_difference(False, n, COVERS, "") for n in (10, 30)]
    rows += [_difference(True, n, SKEWED_GOAL, SKEWED) for n in (10, 30)]
    return [*rows, *(_groups(skewed) for skewed in (False, True))]


def _signs(n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        return sign_flip(rng.exponential(size=n) - rng.exponential(size=n), int(rng.integers(2**31))) < 0.05

    shown = "`faithfulness/{model}-pairs.csv`: `p`"
    return Case(f"sign-flip test of {n} images", "test", shown, "two equal methods, skewed values", 0.05, draw, REJECTS)


def _any_pair(n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        table = pd.DataFrame(
            [
                {"image": image, "method": f"m{method}", "metric": "deletion", "value": value}
                for image, row in enumerate(rng.random((n, 1)) + rng.normal(size=(n, METHODS)) * 0.2)
                for method, value in enumerate(row)
            ]
        )
        return bool(pairs(table, 0.95, 10, int(rng.integers(2**31)))["distinguishable"].any())

    shown = "`faithfulness/{model}-pairs.csv`: `distinguishable`; `-ranking.csv`: `rank`"
    words = f"{METHODS} equal methods that share {n} images"
    return Case(f"any pair told apart, {n} images", "test", shown, words, 0.05, draw, REJECTS, short=10, most=SLOW)


def _beats(n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        methods = [*(f"m{method}" for method in range(METHODS)), "centre", "random"]
        table = pd.DataFrame(
            [
                {
                    "image": image,
                    "prediction": "right",
                    "method": method,
                    "metric": "mass",
                    "threshold": "",
                    "value": own,
                }
                for image, row in enumerate(rng.random((n, len(methods))))
                for method, own in zip(methods, row, strict=True)
            ]
        )
        found = localisation_summary(table, 0.95, 10, int(rng.integers(2**31)))
        return bool(found.loc[found["prediction"] == "right", "beats_both"].any())

    shown = "`localisation/{model}-summary.csv`: `beats_both`"
    words = f"{METHODS} methods and both baselines draw from one distribution, {n} images"
    name = f"any method beats both baselines, {n} images"
    return Case(name, "test", shown, words, 0.05, draw, REJECTS, short=10, most=SLOW)


def _sides(rng: Generator, skewed: bool, n: int) -> dict[str, float | None]:
    one = rng.exponential(size=n) if skewed else rng.normal(size=n)
    other = rng.exponential(size=2 * n) * 2 if skewed else rng.normal(size=2 * n) * 2 + 1
    return mean_difference(one, other, RESAMPLES, 0.95, int(rng.integers(2**31)))


def _difference(skewed: bool, n: int, goal: float, reason: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        found = _sides(rng, skewed, n)
        return covers(found["low"], found["high"], -1.0)

    kind = "exponential" if skewed else "normal"
    words = f"{kind} scores of {n} and {2 * n} units, of other spread; {RESAMPLES} bootstrap draws"
    shown = "`dissect/{model}/role_tests.json`: `score`, `low`, `high`"
    return Case(f"difference of means, {n} units, {kind}", "interval", shown, words, 0.95, draw, goal, reason)


def _groups(skewed: bool) -> Case:
    def draw(rng: Generator) -> bool | None:
        drawn = rng.exponential if skewed else rng.normal
        one, other = drawn(size=10), drawn(size=30)
        p = mean_difference(np.asarray(one), np.asarray(other), RESAMPLES, 0.95, int(rng.integers(2**31)))["p"]
        return None if p is None else p < 0.05

    kind = "exponential" if skewed else "normal"
    words = f"{kind} scores of one distribution, 10 and 30 units; {RESAMPLES} permutations"
    shown = "`dissect/{model}/role_tests.json`: `score`, `p`"
    return Case(f"permutation test of two groups, {kind}", "test", shown, words, 0.05, draw, REJECTS)

"""Methods held against each other and against baselines, and units held against others."""

from functools import cache

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.explain.agreement.summary import agreement_summary, localisation_summary
from lucidag.explain.faithfulness.summary import pairs
from lucidag.ground.statistics.permutation import mean_difference, sign_flip

RESAMPLES = 200
METHODS = 5
SKEWED_GOAL = 0.90
SKEWED = "few values of a skewed distribution do not show its tail"


def cases() -> list[Case]:
    """Give rows of tests of one pair, of families of them, and of intervals of differences."""
    rows = [_signs(n) for n in (6, 10, 30)]
    rows += [_any_pair(10), _beats(10)]
    rows += [_difference(False, n, COVERS, "") for n in (10, 30)]
    rows += [_difference(True, n, SKEWED_GOAL, SKEWED) for n in (10, 30)]
    rows += [_over_control(n) for n in (10, 30)]
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
    return Case(f"any pair told apart, {n} images", "test", shown, words, 0.05, draw, REJECTS, short=10)


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
    return Case(name, "test", shown, words, 0.05, draw, REJECTS, short=10)


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


def _overlap(rng: Generator, n: int) -> NDArray[np.float64]:
    """Draw the masks of two methods, intervals of a line that lie about the same place: IoU of all n x n pairs."""
    place, size = rng.random(n), 0.1 + 0.2 * rng.random((2, n))
    middle = place + 0.05 * rng.normal(size=(2, n))
    low, high = middle - size / 2, middle + size / 2
    shared = np.minimum(high[0, :, None], high[1]) - np.maximum(low[0, :, None], low[1])
    shared = np.maximum(shared, 0)
    return np.asarray(shared / (size[0, :, None] + size[1] - shared))


@cache
def _gain() -> float:
    """Give the mean IoU of maps of one image less that of different images: the mean of 400 x 400 pairs, 50 times."""
    rng = np.random.default_rng(0)
    drawn = [_overlap(rng, 400) for _ in range(50)]
    return float(np.mean([np.diag(each).mean() - each[~np.eye(400, dtype=np.bool_)].mean() for each in drawn]))


def _over_control(n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        iou = _overlap(rng, n)
        control = (iou.sum(axis=1) - np.diag(iou)) / (n - 1)
        table = pd.DataFrame({"image": range(n), "method_a": "a", "method_b": "b", "threshold": "0.5"})
        table = table.assign(iou=np.diag(iou), control=control)
        none = table.iloc[:0].rename(columns={"iou": "spearman"}).drop(columns="threshold")
        (row,) = agreement_summary(table, none, 0.95, RESAMPLES, int(rng.integers(2**31))).to_dict("records")
        return covers(row["over_control_low"], row["over_control_high"], _gain())

    shown = "`agreement/{model}-summary.csv`: `over_control_low`, `over_control_high`"
    words = f"masks of two methods about the same place of each of {n} images; controls share masks; {RESAMPLES} draws"
    return Case(f"agreement over its control, {n} images", "interval", shown, words, 0.95, draw, COVERS)

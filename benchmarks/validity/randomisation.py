"""Floors of the randomisation of networks: how alike the maps of different images are."""

from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, Case, covers
from lucidag.explain.faithfulness.floors import mean_of_pairs, with_the_rest

PIXELS, RESAMPLES = 49, 200
SHARED = 1.0  # standard deviation over images of how much of its map is the pattern that all maps have


def cases() -> list[Case]:
    """Give rows of few images and of more."""
    return [_case(n) for n in (10, 30)]


def _maps(rng: Generator, n: int) -> NDArray[np.float64]:
    pattern = np.random.default_rng(0).normal(size=PIXELS)
    return rng.normal(size=(n, PIXELS)) + SHARED * rng.normal(1, 1, size=(n, 1)) * pattern


@cache
def _truth() -> float:
    """Give the mean over the pairs of 1,000 images, five times."""
    rng = np.random.default_rng(1)
    return float(np.mean([with_the_rest(_maps(rng, 1000)).mean() for _ in range(5)]))


def _case(n: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        found = mean_of_pairs(with_the_rest(_maps(rng, n)), 0.95, RESAMPLES, int(rng.integers(2**31)))
        return covers(found.low, found.high, _truth())

    shown = "`faithfulness/{model}-floors.csv`: `low`, `high`, floor `other_images`"
    words = f"maps of {n} images that have more or less of one pattern; {RESAMPLES} bootstrap draws"
    return Case(f"|correlation| of the maps of {n} images", "interval", shown, words, 0.95, draw, COVERS)

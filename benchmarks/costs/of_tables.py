"""Stages that work on features and embeddings, without a network."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.costs.growth import Growth
from benchmarks.measure import problem
from lucidag.rof.sweep import sweep
from lucidag.units.effects.exact import without_units
from lucidag.units.labels.similarity import soft_wpmi

SIZES = {"images": 2_000, "units": 128, "classes": 40}
WORDS = {"images": 8_000, "units": 64, "concepts": 2_000}
WIDTH, TOP = 128, 50


def of_tables() -> Iterator[Growth]:
    """Give the sweep over units, the effects of units, and labels of units."""
    for size, first in SIZES.items():
        yield Growth("sweep", size, first, _growing(_sweep, SIZES, size))
        yield Growth("effects of units of the last layer", size, first, _growing(_effects, SIZES, size))
    for size, first in WORDS.items():
        yield Growth("labels of units (soft-WPMI)", size, first, _growing(_labels, WORDS, size))


def _growing(
    make: Callable[..., Callable[[], object]], sizes: dict[str, int], size: str
) -> Callable[[int], Callable[[], object]]:
    return lambda value: make(**{**sizes, size: value})


def _sweep(images: int, units: int, classes: int) -> Callable[[], object]:
    p = problem(images, units, classes)
    return partial(sweep, p.features, p.labels, p.weight, p.bias, p.order, p.groups, p.group_count, threads=1)


def _effects(images: int, units: int, classes: int) -> Callable[[], object]:
    p = problem(images, units, classes)
    return lambda: deque(without_units(p.features, p.weight, p.bias, p.labels), maxlen=0)


def _labels(images: int, units: int, concepts: int) -> Callable[[], object]:
    draw = np.random.default_rng(0)
    frames, texts = (draw.standard_normal((count, WIDTH), dtype=np.float32) for count in (images, concepts))
    for each in (frames, texts):
        each /= np.linalg.norm(each, axis=1, keepdims=True)
    top = np.stack([draw.permutation(images)[:TOP] for _ in range(units)])
    return partial(soft_wpmi, top, frames, texts, threads=1)

"""Retrieval of function: turning points, roles, generalisation.

Populations are large finite ones of feature vectors with the last layer of a network, so that the turning point
is computed by the exact sweep on all of it; samples of the size of a test split are drawn from them.
"""

import warnings
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.random import Generator
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.validity.case import COVERS, Case, covers
from lucidag.data.features import Features
from lucidag.rof.bands import weights
from lucidag.rof.intervals import intervals, reordered
from lucidag.rof.plateau import retrieved
from lucidag.rof.rank import rank
from lucidag.rof.sweep import sweep

POPULATION = 20_000
SIZES = (150, 450)
MARGIN = 0.01
RESAMPLES, ORDERS = 100, 20


@dataclass(frozen=True)
class Population:
    """Features and last layer, with the turning points of all of it by metric."""

    content: Features
    n0: dict[str, int]


def cases() -> list[Case]:
    """Give the rows of this topic."""
    return [
        _turning_point(name, metric, images)
        for name in POPULATIONS
        for images in SIZES
        for metric in ("accuracy", "loss")
    ]


def _turning_point(name: str, metric: str, images: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        population = POPULATIONS[name]()
        content = _sample(population.content, images, rng)
        ends = _ends(content, rng)
        low, high = ends[metric].tolist()
        return covers(low, high, population.n0[metric])

    return Case(
        f"n0 by {metric} of {images} images, {name}",
        "interval",
        "`turning_points.json`: `low`, `high`",
        f"n0 of {POPULATION:,} feature vectors in their own order; {RESAMPLES} bootstrap draws, {ORDERS} orders",
        0.95,
        draw,
        COVERS,
        short=2,
    )


def _sample(content: Features, images: int, rng: Generator) -> Features:
    rows = rng.choice(len(content.labels), images, replace=False)
    return _rows(content, rows)


def _rows(content: Features, rows: np.ndarray) -> Features:
    assert content.features is not None
    names = tuple(content.images[row] for row in rows)
    labels, groups, logits = (values[rows] for values in (content.labels, content.groups, content.logits))
    return replace(content, images=names, labels=labels, groups=groups, logits=logits, features=content.features[rows])


def _ends(content: Features, rng: Generator) -> dict[str, np.ndarray]:
    assert content.features is not None
    assert content.weight is not None
    assert content.bias is not None
    counts = weights(len(content.labels), RESAMPLES, int(rng.integers(2**31)))
    order = rank(content.features, content.weight)
    result = sweep(content.features, content.labels, content.weight, content.bias, order, image_weights=counts)
    others = reordered(content, "test", "l1", counts[:ORDERS], 1)
    return intervals(result, content, 1, MARGIN, 0.95, others)


@cache
def _digits(noise: float, units: int, seed: int) -> Population:
    """Digits that a small network did not learn from, with noise on their pixels (of 16 grey values)."""
    pixels, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    learnt, rest = order[:700], order[700:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network = MLPClassifier((units,), max_iter=60, random_state=seed).fit(pixels[learnt] / 16, labels[learnt])
    rows = rng.choice(rest, POPULATION)
    shown = (pixels[rows] + noise * rng.normal(size=(POPULATION, 64))) / 16
    features = np.maximum(shown @ network.coefs_[0] + network.intercepts_[0], 0)
    return _population(features, labels[rows], network.coefs_[1].T, network.intercepts_[1])


@cache
def _drawn(units: int, classes: int, apart: float, seed: int) -> Population:
    """Units that answer to classes, with noise, and a last layer near their means."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, POPULATION)
    means = apart * rng.normal(size=(classes, units)) * rng.exponential(size=units)
    features = np.maximum(means[labels] + 1.5 * rng.exponential(size=units) * rng.normal(size=(POPULATION, units)), 0)
    weight = (means + 0.3 * rng.normal(size=means.shape)) / np.sqrt(units)
    return _population(features, labels, weight, -0.5 * weight @ features.mean(axis=0))


def _population(features: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Population:
    content = Features(
        images=tuple(str(row) for row in range(len(labels))),
        labels=labels.astype(np.int64),
        groups=np.zeros(len(labels), dtype=np.int64),
        logits=np.zeros((len(labels), len(bias)), dtype=np.float32),
        features=features.astype(np.float32),
        weight=np.ascontiguousarray(weight, dtype=np.float32),
        bias=bias.astype(np.float32),
        classes=tuple(str(each) for each in range(len(bias))),
        group_names=("all",),
        layer="fc",
    )
    assert content.features is not None
    assert content.weight is not None
    assert content.bias is not None
    order = rank(content.features, content.weight)
    result = sweep(content.features, content.labels, content.weight, content.bias, order)
    n0 = {metric: int(retrieved(getattr(result, metric)[None], metric, MARGIN)[0]) for metric in ("accuracy", "loss")}
    return Population(content, n0)


POPULATIONS = {
    "digits": lambda: _digits(2.0, 40, 0),
    "drawn units": lambda: _drawn(40, 4, 1.0, 0),
}

"""Retrieval of function: turning points, roles, generalisation.

Populations are large finite ones of feature vectors with the last layer of a network, so that the turning point
is computed by the exact sweep on all of it; samples of the size of a test split are drawn from them.
"""

import io
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.data.features import Features
from lucidag.rof.bands import weights
from lucidag.rof.intervals import intervals, reordered
from lucidag.rof.plateau import retrieved
from lucidag.rof.rank import rank, ranking_table
from lucidag.rof.roles import judged_roles
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_sweep
from lucidag.rof.support import role_of
from lucidag.rof.sweep import sweep

POPULATION = 20_000
SIZES = (150, 450)
MARGIN = 0.01
RESAMPLES, ORDERS = 100, 20
METRICS = ("accuracy", "loss")
SPLITS = (450, 300)
PATIENTS, IMAGES = (100, 60), 5  # of train and test; of each
SHARED = 0.6  # how much of the spread of units is a patient's
NOISES = (1.0, 4.0)
DEALS = 200


@dataclass(frozen=True)
class Population:
    """Features and last layer, with the turning points of all of it by metric."""

    content: Features
    n0: dict[str, int]


def cases() -> list[Case]:
    """Give the rows of this topic."""
    found = [_turning_point(name, metric, images) for name in POPULATIONS for images in SIZES for metric in METRICS]
    found += [case for metric in METRICS for case in (_patients_point(metric), _one_population_of_patients(metric))]
    return found + [
        case
        for metric in METRICS
        for case in (
            *(_one_population(name, metric) for name in POPULATIONS),
            *(_share("two populations", metric, role) for role in ("both", "train_only")),
        )
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


def _patients_point(metric: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        population = _of_patients(0)
        content = _sample_patients(population.content, PATIENTS[0], rng)[0]
        low, high = _ends(content, rng)[metric].tolist()
        return covers(low, high, population.n0[metric])

    return Case(
        f"n0 by {metric} of {PATIENTS[0]} patients",
        "interval",
        "`turning_points.json`: `low`, `high`",
        f"{IMAGES} images each, {SHARED:g} of the units' variance a patient's; {RESAMPLES} bootstrap draws of patients",
        0.95,
        draw,
        COVERS,
        short=2,
    )


def _one_population_of_patients(metric: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        train, test = _sample_patients(_of_patients(0).content, PATIENTS[0], rng, PATIENTS[1])
        _, shares = _roles(train, test, rng, DEALS, 0)
        return not next(row["degenerate"] for row in shares if row["metric"] == metric)

    return Case(
        f"roles by {metric} by one split alone, patients",
        "test",
        "`turning_points.json`: `roles`, `p`, `degenerate`; `roles.csv`: `degenerate_*`",
        f"{PATIENTS[0]} and {PATIENTS[1]} patients of one population, {IMAGES} images each; {DEALS} deals of patients",
        0.05,
        draw,
        REJECTS,
        short=4,
    )


def _one_population(name: str, metric: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        content = POPULATIONS[name]().content
        parts = np.split(rng.choice(len(content.labels), sum(SPLITS), replace=False), SPLITS[:1])
        train, test = (_rows(content, rows) for rows in parts)
        _, shares = _roles(train, test, rng, DEALS, 0)
        return not next(row["degenerate"] for row in shares if row["metric"] == metric)

    return Case(
        f"roles by {metric} by one split alone, {name}",
        "test",
        "`turning_points.json`: `roles`, `p`, `degenerate`; `roles.csv`: `degenerate_*`",
        f"splits of {SPLITS[0]} and {SPLITS[1]} images of one population; {DEALS} deals",
        0.05,
        draw,
        REJECTS,
        short=6,
    )


def _share(name: str, metric: str, role: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        populations = [_digits(noise, 40, 0) for noise in NOISES]
        truth = _role_share(populations[0], populations[1], metric, role)
        train, test = (_sample(each.content, images, rng) for each, images in zip(populations, SPLITS, strict=True))
        _, shares = _roles(train, test, rng, RESAMPLES, ORDERS)
        row = next(row for row in shares if row["metric"] == metric and row["role"] == role)
        return covers(row["low"], row["high"], truth)

    return Case(
        f"share of {role} by {metric}, {name}",
        "interval",
        "`turning_points.json`: `roles`, `low`, `high`",
        f"digits with noise of {NOISES[0]:g} and {NOISES[1]:g} grey values; {SPLITS[0]} and {SPLITS[1]} images",
        0.95,
        draw,
        COVERS,
        short=2,
    )


def _role_share(train: Population, test: Population, metric: str, role: str) -> float:
    inside = []
    for each in (train, test):
        assert each.content.features is not None
        assert each.content.weight is not None
        ranks = np.argsort(rank(each.content.features, each.content.weight)) + 1
        inside.append(ranks <= each.n0[metric])
    return float((role_of(*inside) == role).mean())


def _roles(
    train: Features, test: Features, rng: Generator, resamples: int, orders: int
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    contents = {"train": train, "test": test}
    ranking = ranking_table(contents, ["l1"])
    seed = int(rng.integers(2**31))
    asked = Rof(methods=["l1"], resamples=resamples, order_resamples=orders, seed=seed)
    with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
        swept = run_sweep(contents, ranking, asked, 1)
    return judged_roles(ranking, swept.sweep, draws=swept.draws, confidence=0.95)


def _sample(content: Features, images: int, rng: Generator) -> Features:
    rows = rng.choice(len(content.labels), images, replace=False)
    return _rows(content, rows)


def _sample_patients(content: Features, patients: int, rng: Generator, more: int = 0) -> list[Features]:
    """Draw patients with all their images, and then `more` others."""
    assert content.owners is not None
    drawn = rng.choice(int(content.owners.max()) + 1, patients + more, replace=False)
    parts = np.split(drawn, [patients]) if more else [drawn]
    return [_rows(content, np.flatnonzero(np.isin(content.owners, part))) for part in parts]


def _rows(content: Features, rows: np.ndarray) -> Features:
    assert content.features is not None
    names = tuple(content.images[row] for row in rows)
    labels, groups, logits = (values[rows] for values in (content.labels, content.groups, content.logits))
    owners = None if content.owners is None else content.owners[rows]
    found = content.features[rows]
    return replace(content, images=names, labels=labels, groups=groups, logits=logits, features=found, owners=owners)


def _ends(content: Features, rng: Generator) -> dict[str, np.ndarray]:
    assert content.features is not None
    assert content.weight is not None
    assert content.bias is not None
    counts = weights(len(content.labels), RESAMPLES, int(rng.integers(2**31)), content.clusters())
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


@cache
def _of_patients(seed: int, units: int = 20, classes: int = 3) -> Population:
    """Units that answer to the class of a patient, with noise that is the patient's and noise of each image."""
    rng = np.random.default_rng(seed)
    patients = POPULATION // IMAGES
    owners = np.arange(patients).repeat(IMAGES)
    labels = rng.integers(0, classes, patients)[owners]
    means = rng.normal(size=(classes, units)) * rng.exponential(size=units)
    noise = SHARED**0.5 * rng.normal(size=(patients, units))[owners]
    noise += (1 - SHARED) ** 0.5 * rng.normal(size=(POPULATION, units))
    features = np.maximum(means[labels] + 1.5 * rng.exponential(size=units) * noise, 0)
    weight = (means + 0.3 * rng.normal(size=means.shape)) / np.sqrt(units)
    return _population(features, labels, weight, -0.5 * weight @ features.mean(axis=0), owners)


def _population(
    features: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray, owners: np.ndarray | None = None
) -> Population:
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
        owners=owners,
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

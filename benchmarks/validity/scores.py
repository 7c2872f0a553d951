"""Accuracy, balanced accuracy and AUC of a baseline, over images and over patients."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.validity.case import COVERS, Case, covers
from lucidag.artefacts.scores import classification
from lucidag.artefacts.settings import Draws
from lucidag.ground.statistics.areas import area_interval
from lucidag.ground.statistics.owners import owners

RESAMPLES = 200
APART = 1.0  # how far the scores of two classes lie apart, in their standard deviations
PATIENTS = {"images": (1, 0.0), "patients of five images": (5, 0.7)}
SIZES = ((30, 0.5), (100, 0.1))


def cases() -> list[Case]:
    """Give a row for each score, number of patients and share of the rarer class."""
    areas = [_area(patients, share, who, *how) for patients, share in SIZES for who, how in PATIENTS.items()]
    return areas + [
        _case(name, patients, share, who, *how)
        for name in ("accuracy", "balanced_accuracy", "auc")
        for patients, share in SIZES
        for who, how in PATIENTS.items()
    ]


def _area(patients: int, rare: float, who: str, images: int, shared: float) -> Case:
    def draw(rng: Generator) -> bool | None:
        labels, score, ids = _scores(rng, patients, rare, images, shared)
        found = area_interval(score, labels == 1, owners(ids, len(labels)), 0.95)
        return covers(found["low"], found["high"], TRUTH["auc"])

    setting = f"two normal scores {APART:g} standard deviation apart"
    if shared:
        setting += f"; correlation of {shared:g} within a patient"
    shown = "`artefacts/{dataset}.json`: `finders`, `auc`"
    label = f"auc of a finder, {patients} {who}, {rare:.0%} with the artefact"
    return Case(label, "interval", shown, setting, 0.95, draw, COVERS)


def _scores(
    rng: Generator, patients: int, rare: float, images: int, shared: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[str]]:
    """Draw labels, scores and patients of all images."""
    truth = np.zeros(patients, dtype=np.int64)
    truth[: round(rare * patients)] = 1
    own = rng.normal(size=patients) * shared**0.5
    labels, ids = np.repeat(truth, images), np.repeat(np.arange(patients).astype(str), images).tolist()
    score = np.repeat(own, images) + rng.normal(size=len(labels)) * (1 - shared) ** 0.5 + labels * APART
    return labels, score, ids


def _case(name: str, patients: int, rare: float, who: str, images: int, shared: float) -> Case:
    def draw(rng: Generator) -> bool | None:
        labels, score, ids = _scores(rng, patients, rare, images, shared)
        probabilities = norm.cdf(np.stack([-score, score], axis=1))
        predicted = (score > APART / 2).astype(int)
        asked = Draws(resamples=RESAMPLES, seed=int(rng.integers(2**31)))
        found = classification(probabilities, predicted, labels, asked, None if images == 1 else ids)[name]
        return covers(found["low"], found["high"], TRUTH[name])

    setting = f"two normal scores {APART:g} standard deviation apart; {RESAMPLES} bootstrap draws"
    if shared:
        setting += f"; correlation of {shared:g} within a patient"
    shown = f"`artefacts/{{dataset}}.json`: `shortcut`, `{name}`"
    label = f"{name.replace('_', ' ')}, {patients} {who}, {rare:.0%} of the rarer class"
    return Case(label, "interval", shown, setting, 0.95, draw, COVERS, short=40)


def _hit() -> float:
    return float(norm.cdf(APART / 2))


# The threshold lies in the middle, so every class is recalled as often as the other.
TRUTH: dict[str, float] = {
    "accuracy": _hit(),
    "balanced_accuracy": _hit(),
    "auc": float(norm.cdf(APART / 2**0.5)),
}

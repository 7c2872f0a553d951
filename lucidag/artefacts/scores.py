"""Accuracy, balanced accuracy and AUC of predicted classes, with bootstrap intervals over patients or images."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.settings import Draws
from lucidag.ground.statistics.draws import interval

BLOCK = 2_000_000  # numbers that a bootstrap holds at once

Floats = NDArray[np.float64]


def classification(
    probabilities: Floats,
    predicted: NDArray[np.integer],
    truth: NDArray[np.integer],
    asked: Draws,
    ids: Sequence[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Measure predictions.

    Parameters
    ----------
    probabilities
        N x C.
    predicted, truth
        N class indices.
    asked
        Of the percentile bootstrap; the same seed meets the same samples.
    ids
        N patients or lesions: the bootstrap draws these, with all their images; None draws images.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy`` (mean recall of the classes that occur) and ``auc`` (one class against the
        rest, mean over the classes that occur), each with value, low, high, n; None where there is only one class.
    """
    occurring = np.unique(truth)

    def values(weights: Floats) -> Floats:
        hit, total = weights * (predicted == truth), weights.sum(axis=1)
        with np.errstate(invalid="ignore"):
            recalls = [hit[:, truth == c].sum(axis=1) / weights[:, truth == c].sum(axis=1) for c in occurring]
            areas = [_areas(probabilities[:, c], truth == c, weights) for c in occurring]
            return np.stack([hit.sum(axis=1) / total, np.mean(recalls, axis=0), np.mean(areas, axis=0)], axis=1)

    n, few = len(truth), len(occurring) < 2
    point = values(np.ones((1, n)))[0]
    owners = np.arange(n) if ids is None else np.unique(np.asarray(ids, str), return_inverse=True)[1]
    sampled = np.concatenate([values(weights) for weights in _samples(owners, asked.resamples, asked.seed)])
    found: dict[str, dict[str, Any]] = {}
    for number, name in enumerate(("accuracy", "balanced_accuracy", "auc")):
        usable = sampled[~np.isnan(sampled[:, number]), number]
        if (few and number > 0) or len(usable) == 0:
            found[name] = {"value": None, "low": None, "high": None, "n": n}
            continue
        low, high = interval(usable, asked.confidence)
        found[name] = {"value": float(point[number]), "low": low, "high": high, "n": n}
    return found


def mean_auc(probabilities: Floats, truth: NDArray[np.integer]) -> float:
    """Give the ``auc`` of `classification` alone: N x C probabilities, N class indices of two classes or more."""
    every = np.ones((1, len(truth)))
    return float(np.mean([_areas(probabilities[:, c], truth == c, every) for c in np.unique(truth)]))


def _samples(owners: NDArray[np.integer], resamples: int, seed: int) -> Iterator[Floats]:
    """Give how often each image is in each bootstrap sample, block by block: draws x N."""
    rng, number = np.random.default_rng(seed), int(owners.max()) + 1
    size = max(1, BLOCK // len(owners))
    for start in range(0, resamples, size):
        drawn = rng.multinomial(number, np.full(number, 1 / number), size=min(size, resamples - start))
        yield drawn[:, owners].astype(float)


def _areas(score: Floats, positive: NDArray[np.bool_], weights: Floats) -> Floats:
    """Give the area under the ROC curve for each row of weights; NaN where a row has only one side."""
    levels, place = np.unique(score, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(levels)))
    yes = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    no = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(no, axis=1) - 0.5 * no
    area: Floats = (yes * below).sum(axis=1) / (yes.sum(axis=1) * no.sum(axis=1))
    return area

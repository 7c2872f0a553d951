"""Accuracy, balanced accuracy and AUC of predicted classes, with intervals over patients or images."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from lucidag.artefacts.settings import Draws
from lucidag.ground.statistics.intervals import share

BLOCK = 2_000_000  # numbers that a bootstrap holds at once
FEWEST = 3  # patients or images of a class, for an interval

Floats = NDArray[np.float64]


def classification(
    probabilities: Floats,
    predicted: NDArray[np.integer],
    truth: NDArray[np.integer],
    asked: Draws,
    ids: Sequence[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Measure predictions.

    The interval of the accuracy of single images is Wilson's. Of the other scores, and where images share an id, it is
    Student's on the scale of log odds, with the standard error of a bootstrap over ids (or images) and one degree of
    freedom less than the rarest class has ids: percentiles of the bootstrap are too narrow where a class is rare.

    Parameters
    ----------
    probabilities
        N x C.
    predicted, truth
        N class indices.
    asked
        Of the bootstrap; the same seed meets the same samples.
    ids
        N patients or lesions: the bootstrap draws these, with all their images; None draws images.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy`` (mean recall of the classes that occur) and ``auc`` (one class against the
        rest, mean over the classes that occur), each with value, low, high, n and ``reason`` why there is no interval;
        value None where there is only one class.
    """
    occurring = np.unique(truth)

    def values(weights: Floats) -> Floats:
        hit, total = weights * (predicted == truth), weights.sum(axis=1)
        with np.errstate(invalid="ignore"):
            recalls = [hit[:, truth == c].sum(axis=1) / weights[:, truth == c].sum(axis=1) for c in occurring]
            areas = [_areas(probabilities[:, c], truth == c, weights) for c in occurring]
            return np.stack([hit.sum(axis=1) / total, np.mean(recalls, axis=0), np.mean(areas, axis=0)], axis=1)

    n = len(truth)
    point = values(np.ones((1, n)))[0]
    owners = np.arange(n) if ids is None else np.unique(np.asarray(ids, str), return_inverse=True)[1]
    sampled = np.concatenate([values(weights) for weights in _samples(owners, asked.resamples, asked.seed)])
    count = int(owners.max()) + 1
    rarest = min(len(np.unique(owners[truth == c])) for c in occurring)
    found: dict[str, dict[str, Any]] = {}
    for number, (name, known) in enumerate((("accuracy", count), ("balanced_accuracy", rarest), ("auc", rarest))):
        value = float(point[number])
        if number > 0 and len(occurring) < 2:
            found[name] = {"value": None, "low": None, "high": None, "n": n, "reason": "all images are of one class"}
        elif number == 0 and (count == n or value in (0, 1)):
            # Where all images of every id are right, each id is one trial.
            found[name] = share(round(value * count), count, asked.confidence) | {"n": n, "reason": None}
        else:
            found[name] = {"value": value, "n": n} | _interval(
                value, sampled[:, number], count, known, asked.confidence
            )
    return found


def _interval(value: float, drawn: Floats, count: int, known: int, confidence: float) -> dict[str, Any]:
    """Give Student's interval on the scale of log odds: low, high, reason."""
    usable = drawn[~np.isnan(drawn)]
    none = {"low": None, "high": None}
    if known < FEWEST or len(usable) < 2:
        return none | {"reason": f"a class has {known} ids or images, too few for an interval"}
    if not 0 < value < 1:
        return none | {"reason": f"it is {value:g} in every sample, which tells nothing of how far others reach"}
    error = float(usable.std(ddof=1)) * (count / (count - 1)) ** 0.5 / (value * (1 - value))
    reach = float(stdtrit(known - 1, (1 + confidence) / 2)) * error
    return {"low": float(expit(logit(value) - reach)), "high": float(expit(logit(value) + reach)), "reason": None}


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

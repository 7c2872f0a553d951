"""Labels held against images that did not choose them: measures, their intervals and tests. Arrays in, arrays out.

The measures are those that pass both sanity tests of Oikarinen, Yan and Weng 2025 (*Evaluating Neuron Explanations: A
Unified Framework with Sanity Checks*, ICML): F1, intersection over union, correlation, cosine and the area under the
curve of precision and recall. The area under the receiver's curve fails them and is not here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Measures:
    """How well the activations of P units tell which of N images show the concept of each: float64 P, NaN undefined.

    Attributes
    ----------
    auprc
        Average precision: the mean of the precision at each image that shows the concept, images with equal
        activations counted together. Its value by chance is the base rate.
    f1, iou
        Of the images above the unit's threshold and those that show the concept.
    correlation, cosine
        Of activations and 0 or 1.
    base
        The share of the images that show the concept.
    positives
        How many do.
    """

    auprc: Floats
    f1: Floats
    iou: Floats
    correlation: Floats
    cosine: Floats
    base: Floats
    positives: Whole


def best_thresholds(activations: NDArray[np.floating], shown: Bools) -> Floats:
    """Give the threshold of each unit whose images above it have the greatest F1 with those that show its concept.

    Parameters
    ----------
    activations
        N x P.
    shown
        N x P: whether each image shows the concept of each unit.

    Returns
    -------
    float64 P: images with this activation or more are above it; of equal F1 the greatest threshold.
    """
    values, hits, _ = _ranked(activations, shown)
    last = _last_of_equal(values)
    above = np.arange(1, len(values) + 1)[:, None]
    f1 = np.where(last, 2 * hits / (above + hits[-1:]), -1.0)
    return np.take_along_axis(values, f1.argmax(axis=0)[None], axis=0)[0]


def measures(activations: NDArray[np.floating], shown: Bools, thresholds: Floats) -> Measures:
    """Measure how well each unit tells the images that show its concept.

    Parameters
    ----------
    activations, shown
        N x P, see `best_thresholds`; images that neither chose the concept nor the threshold.
    thresholds
        P.
    """
    count = len(activations)
    positives = shown.sum(axis=0).astype(np.int64)
    above, both, _, _ = contingency(activations, shown, thresholds)
    x, y = activations.astype(np.float64), shown.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        product, square = (x * y).sum(axis=0), np.square(x).sum(axis=0)
        covariance = product - x.sum(axis=0) * positives / count
        spread = (square - x.sum(axis=0) ** 2 / count) * (positives - positives**2 / count)
        return Measures(
            auprc=average_precision(activations, shown),
            f1=2 * both / (above + positives),
            iou=both / (above + positives - both),
            correlation=np.where(x.min(axis=0) < x.max(axis=0), covariance / np.sqrt(np.maximum(spread, 0)), np.nan),
            cosine=product / np.sqrt(square * positives),
            base=positives / count,
            positives=positives,
        )


def average_precision(activations: NDArray[np.floating], shown: Bools) -> Floats:
    """Give the average precision of N x P activations for N x P truths: float64 P, NaN where no image shows it.

    The same as `sklearn.metrics.average_precision_score` of each column.
    """
    values, hits, _ = _ranked(activations, shown)
    last = _last_of_equal(values)
    # At an image within a run of equal ones, what counts is the precision at the end of the run.
    ends = np.where(last, np.arange(len(values))[:, None], len(values))
    ends = np.minimum.accumulate(ends[::-1], axis=0)[::-1]
    precision = np.take_along_axis(hits, ends, axis=0) / (ends + 1)
    gained = np.diff(hits, axis=0, prepend=0)
    with np.errstate(invalid="ignore"):
        return np.where(hits[-1] > 0, (precision * gained).sum(axis=0) / hits[-1], np.nan)


def precision_interval(auprc: Floats, positives: NDArray[np.integer], confidence: float) -> tuple[Floats, Floats]:
    """Give the logit interval of average precisions: it stays within 0 and 1, and needs no draws.

    Boyd, Eng and Page 2013 (*Area under the Precision-Recall Curve: Point Estimates and Confidence Intervals*,
    ECML PKDD): normal on the logit scale, with the variance of a binomial share of as many trials as images show the
    concept. A value of 0 or 1 is moved inside by half a trial.

    Parameters
    ----------
    auprc, positives
        P values, and of how many images that show the concept (of ids, where several images are of one).
    confidence
        Of the interval.

    Returns
    -------
    low, high
        float64 P; NaN where no image shows the concept.
    """
    n = np.where(positives > 0, positives, np.nan).astype(np.float64)
    inside = np.clip(auprc, 0.5 / n, 1 - 0.5 / n)
    reach = ndtri((1 + confidence) / 2) / np.sqrt(n * inside * (1 - inside))
    return np.minimum(expit(logit(inside) - reach), auprc), np.maximum(expit(logit(inside) + reach), auprc)


def contingency(activations: NDArray[np.floating], shown: Bools, thresholds: Floats) -> tuple[Whole, Whole, Whole, int]:
    """Count images above the thresholds, those of them that show the concept, all that show it, and all."""
    on = activations >= thresholds
    both = (on & shown).sum(axis=0).astype(np.int64)
    return on.sum(axis=0).astype(np.int64), both, shown.sum(axis=0).astype(np.int64), len(activations)


def by_id(activations: NDArray[np.floating], shown: Bools, owner: NDArray[np.integer]) -> tuple[Floats, Bools]:
    """Join the images of each id: the mean of their activations, and what any of them shows."""
    place = np.unique(owner, return_inverse=True)[1]
    order, counts = np.argsort(place, kind="stable"), np.bincount(place)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    means = np.add.reduceat(activations[order].astype(np.float64), starts, axis=0) / counts[:, None]
    return means, np.logical_or.reduceat(shown[order], starts, axis=0)


def _ranked(activations: NDArray[np.floating], shown: Bools) -> tuple[Floats, Floats, Whole]:
    """Sort each column from the greatest: its values, how many images so far show the concept, and the order."""
    order = np.argsort(-activations, axis=0, kind="stable")
    hits = np.cumsum(np.take_along_axis(shown, order, axis=0), axis=0, dtype=np.float64)
    return np.take_along_axis(activations, order, axis=0).astype(np.float64), hits, order


def _last_of_equal(values: Floats) -> Bools:
    """Tell which rows of sorted columns are the last ones of their value."""
    last = np.ones(values.shape, dtype=np.bool_)
    last[:-1] = values[:-1] != values[1:]
    return last

"""Intervals of many means over the same images at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lucidag.ground.statistics.draws import check_confidence, percentiles

Floats = NDArray[np.float64]
OTHERS = 2  # so many values must differ from the most common one, see `lucidag.ground.statistics.studentised`


def mean_intervals(
    values: Floats, confidence: float, resamples: int, seed: int, owner: NDArray[np.int64] | None = None
) -> tuple[Floats, Floats]:
    """Return the intervals of K means of the same n images, as `lucidag.ground.statistics.studentised` has one.

    The bootstrap samples are shared, so that a sample is a product of counts with values and with their squares. Where
    several images are of one patient, patients are drawn, each with all its images: the mean is then a ratio of two
    sums over patients, with the linearised variance between these (Cochran 1977, *Sampling Techniques*, 2.11).

    Parameters
    ----------
    values
        n x K.
    confidence, resamples, seed
        Of the interval, and of its samples of images.
    owner
        n numbers of patients or lesions; None: every image stands for itself.

    Returns
    -------
    low, high
        K; NaN where nearly all values are equal, or there are fewer than three images (or patients).

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    means = values.mean(axis=0)
    centred, sizes = _summed(values - means, owner)
    n = len(sizes)
    nothing = np.full(values.shape[1], np.nan)
    if n <= OTHERS:
        return nothing, nothing
    spread = np.sqrt((centred**2).sum(axis=0) * n / (n - 1)) / len(values)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    images = (counts @ sizes)[:, None]
    away = counts @ centred / images
    mixed, squares = counts @ (centred * sizes[:, None]), (counts @ sizes**2)[:, None]
    variances = (counts @ centred**2 - 2 * away * mixed + away**2 * squares) * n / (n - 1) / images**2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(variances > 1e-12 * spread**2, away / np.sqrt(np.maximum(variances, 0)), np.nan)
    below, above = percentiles(ratios, confidence)
    reach = float(stdtrit(n - 1, (1 + confidence) / 2))
    varied = n - _most_common(centred / sizes[:, None] if owner is not None else values) >= OTHERS
    low, high = means - np.maximum(reach, above) * spread, means + np.maximum(reach, -below) * spread
    return np.where(varied, low, np.nan), np.where(varied, high, np.nan)


def _summed(values: Floats, owner: NDArray[np.int64] | None) -> tuple[Floats, Floats]:
    """Add up the rows of each owner, and count them."""
    if owner is None:
        return values, np.ones(len(values))
    numbers = np.unique(owner, return_inverse=True)[1]
    sizes = np.bincount(numbers).astype(np.float64)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, numbers, values)
    return sums, sizes


def _most_common(values: Floats) -> NDArray[np.int64]:
    """Count the most common value of each column: the longest run of equal neighbours when sorted."""
    ordered = np.sort(values, axis=0)
    starts = np.vstack([np.ones((1, values.shape[1]), bool), ordered[1:] != ordered[:-1]])
    longest = np.zeros(values.shape[1], np.int64)
    for column in range(values.shape[1]):
        places = np.flatnonzero(starts[:, column])
        longest[column] = np.diff(np.append(places, len(values))).max()
    return longest

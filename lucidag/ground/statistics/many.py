"""Intervals of many means over the same images at once."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lucidag.ground.statistics.draws import check_confidence, percentiles

Floats = NDArray[np.float64]
OTHERS = 2  # so many values must differ from the most common one, see `lucidag.ground.statistics.studentised`


def mean_intervals(values: Floats, confidence: float, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """Return the intervals of K means of the same n images, as `lucidag.ground.statistics.studentised` has one.

    The bootstrap samples are shared, so that a sample is a product of counts with values and with their squares.

    Parameters
    ----------
    values
        n x K.
    confidence, resamples, seed
        Of the interval, and of its samples of images.

    Returns
    -------
    low, high
        K; NaN where nearly all values are equal, or there are fewer than three.

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    n, columns = values.shape
    nothing = np.full(columns, np.nan)
    if n <= OTHERS:
        return nothing, nothing
    means, spread = values.mean(axis=0), np.sqrt(values.var(axis=0, ddof=1) / n)
    centred = values - means
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    away = counts @ centred / n
    variances = (counts @ centred**2 / n - away**2) / (n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(variances > 1e-12 * spread**2, away / np.sqrt(np.maximum(variances, 0)), np.nan)
    below, above = percentiles(ratios, confidence)
    reach = float(stdtrit(n - 1, (1 + confidence) / 2))
    varied = n - _most_common(values) >= OTHERS
    low, high = means - np.maximum(reach, above) * spread, means + np.maximum(reach, -below) * spread
    return np.where(varied, low, np.nan), np.where(varied, high, np.nan)


def _most_common(values: Floats) -> NDArray[np.int64]:
    """Count the most common value of each column: the longest run of equal neighbours when sorted."""
    ordered = np.sort(values, axis=0)
    starts = np.vstack([np.ones((1, values.shape[1]), bool), ordered[1:] != ordered[:-1]])
    longest = np.zeros(values.shape[1], np.int64)
    for column in range(values.shape[1]):
        places = np.flatnonzero(starts[:, column])
        longest[column] = np.diff(np.append(places, len(values))).max()
    return longest

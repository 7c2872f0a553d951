"""Whether a part of the images differs from what a part dealt out at random would show: exact moments, no draws."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearson3

Floats = NDArray[np.float64]


def dealt_out(values: NDArray[np.floating], part: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Test the means of a part of the images against those of parts of the same size dealt out at random.

    Mean, variance and skewness of the mean of n of N values drawn without replacement are known exactly; a Pearson
    curve of type III through them gives the p values (Mielke and Berry 2007, *Permutation Methods*, section 2.3).

    Parameters
    ----------
    values
        N x K: of each image, K numbers.
    part
        bool N.

    Returns
    -------
    beyond, p
        K: the mean of the part less that of all other images, and the two-sided p value; NaN where the part is fewer
        than two images or all but one, and a p value of 1 where nothing varies.
    """
    beyond, lower, upper = _tails(values, np.broadcast_to(part[:, None], values.shape))
    return beyond, np.minimum(1, 2 * np.minimum(lower, upper))


def more_than_dealt(values: NDArray[np.floating], parts: NDArray[np.bool_]) -> Floats:
    """Test whether the mean of a part of the images, one for each number, is above what dealing it out gives.

    Parameters
    ----------
    values
        N x K.
    parts
        bool N x K.

    Returns
    -------
    K one-sided p values, see `dealt_out`.
    """
    return _tails(values, parts)[2]


def _tails(values: NDArray[np.floating], parts: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Give by how much the mean of each part is beyond that of the others, and the shares of deals below and above."""
    total, count = len(parts), parts.sum(axis=0)
    known = (count >= 2) & (total - count >= 2)
    n = np.where(known, count, 2)
    inside = np.where(parts, values, 0).sum(axis=0) / n
    beyond = inside - np.where(parts, 0, values).sum(axis=0) / np.maximum(total - n, 1)
    middle = values.mean(axis=0)
    centred = values - middle
    variance = centred.var(axis=0)
    varies = variance > np.finfo(np.float64).eps * np.abs(values).max(axis=0, initial=0) ** 2
    spread = np.sqrt(np.where(varies, variance, 1) * (total - n) / (n * max(total - 1, 1)))
    skewness = (centred**3).mean(axis=0) / np.where(varies, variance, 1) ** 1.5
    skewness = skewness * (total - 2 * n) / max(total - 2, 1) * np.sqrt((total - 1) / (n * np.maximum(total - n, 1)))
    z = (inside - middle) / np.where(known, spread, 1)
    nothing = np.where(known, 1.0, np.nan)
    below, above = (
        np.where(known & varies, tail, nothing) for tail in (pearson3.cdf(z, skewness), pearson3.sf(z, skewness))
    )
    return np.where(known, np.where(varies, beyond, 0.0), np.nan), below, above

"""Whether a part of the images differs from what a part dealt out at random would show: exact moments, no draws."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def dealt_out(
    values: NDArray[np.floating], part: Bools, owner: NDArray[np.int64] | None = None
) -> tuple[Floats, Floats]:
    """Test the means of a part of the images against those of parts of the same size dealt out at random.

    Mean, variance and skewness of the mean of n of N values drawn without replacement are known exactly; a Pearson
    curve of type III through them gives the p values (Mielke and Berry 2007, *Permutation Methods*, section 2.3).

    Parameters
    ----------
    values
        N x K: of each image, K numbers.
    part
        bool N.
    owner
        N numbers of patients or lesions, or None: the images that a patient has in the part count as one, their mean,
        and so do those that the patient has outside of it.

    Returns
    -------
    beyond, p
        K: the mean of the part less that of all other images, and the two-sided p value; NaN where the part is fewer
        than two images (or patients) or all but one, and a p value of 1 where nothing varies.
    """
    if owner is None:
        return _dealt(values, part)
    means, own = _by_owner(values, part, owner)
    _, p = _dealt(means, own)
    return np.where(np.isnan(p), np.nan, values[part].mean(axis=0) - values[~part].mean(axis=0)), p


def more_than_dealt(values: NDArray[np.floating], parts: Bools) -> Floats:
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


def _by_owner(values: NDArray[np.floating], part: Bools, owner: NDArray[np.int64]) -> tuple[Floats, Bools]:
    """Give the mean of each owner's images in the part and outside of it, and which is which."""
    pairs, numbers = np.unique(np.stack([owner, part], axis=1), axis=0, return_inverse=True)
    sums = np.zeros((len(pairs), values.shape[1]))
    np.add.at(sums, numbers.ravel(), values)
    return sums / np.bincount(numbers.ravel())[:, None], pairs[:, 1].astype(bool)


def _dealt(values: NDArray[np.floating], part: Bools) -> tuple[Floats, Floats]:
    beyond, lower, upper = _tails(values, np.broadcast_to(part[:, None], values.shape))
    return beyond, np.minimum(1, 2 * np.minimum(lower, upper))


def _tails(values: NDArray[np.floating], parts: Bools) -> tuple[Floats, Floats, Floats]:
    """Give by how much the mean of each part is beyond that of the others, and the shares of deals below and above."""
    from scipy.stats import pearson3  # here, as most that import this file do without

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

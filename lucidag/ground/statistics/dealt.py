"""Whether a part of the images differs from what a part dealt out at random would show: exact moments, no draws."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearson3


def dealt_out(values: NDArray[np.floating], part: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
    total, count = len(part), int(part.sum())
    if count < 2 or total - count < 2:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    beyond = values[part].mean(axis=0) - values[~part].mean(axis=0)
    centred = values - values.mean(axis=0)
    variance = centred.var(axis=0)
    varies = variance > np.finfo(np.float64).eps * np.abs(values).max(axis=0, initial=0) ** 2
    spread = np.sqrt(np.where(varies, variance, 1) * (total - count) / (count * (total - 1)))
    skewness = (centred**3).mean(axis=0) / np.where(varies, variance, 1) ** 1.5
    skewness = skewness * (total - 2 * count) / (total - 2) * np.sqrt((total - 1) / (count * (total - count)))
    z = centred[part].mean(axis=0) / spread
    upper, lower = pearson3.sf(z, skewness), pearson3.cdf(z, skewness)
    return np.where(varies, beyond, 0.0), np.where(varies, np.minimum(1, 2 * np.minimum(upper, lower)), 1.0)

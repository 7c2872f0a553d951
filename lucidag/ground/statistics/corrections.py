"""Correct p values for how many there are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Correct p values by the step-down method of Holm 1979, *A simple sequentially rejective multiple test procedure*.

    Parameters
    ----------
    p
        n values of 0 to 1; a NaN stays, and does not count.

    Returns
    -------
    array
        n values in the same order, at most 1.
    """
    values = np.asarray(p, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    corrected = np.full_like(values, np.nan)
    corrected[order] = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(len(order), 0, -1)))
    return corrected

"""The p value of a permutation test."""

import numpy as np
from numpy.typing import ArrayLike


def two_sided(observed: float, drawn: ArrayLike) -> float:
    """Return the two-sided p value: twice the smaller tail, at most 1.

    The observed value counts as one of the permutations, so that p is never 0 and the test keeps its level
    (Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9). Values that differ
    from the observed one by rounding alone count as equal to it.

    Parameters
    ----------
    observed
        The statistic.
    drawn
        The same statistic of each permutation.
    """
    values = np.asarray(drawn, dtype=np.float64)
    near = np.isclose(values, observed, rtol=1e-9, atol=1e-12)
    tails = (np.count_nonzero(near | (values < observed)), np.count_nonzero(near | (values > observed)))
    return float(min(1.0, 2 * (1 + min(tails)) / (1 + len(values))))

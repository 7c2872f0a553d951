"""The p values of permutation tests."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucidag.ground.statistics.intervals import share_difference
from lucidag.ground.statistics.studentised import no_interval, studentised

BATCH = 100  # samples that a test holds in memory at once
RESAMPLES = 9999  # of the test of signs


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


def sign_flip(gain: NDArray[np.floating], seed: int = 0) -> float:
    """Return the two-sided p value of paired differences under random signs; NaN for fewer than two.

    It is scipy's permutation test: exact where there are at most 9999 ways to choose the signs (13 images), else
    of 9999 draws.
    """
    from scipy.stats import permutation_test  # here, as most that import this file do without

    if len(gain) < 2:
        return float("nan")
    if not gain.any():
        return 1.0
    found = permutation_test(
        (gain,),
        lambda values, axis: values.mean(axis=axis),
        vectorized=True,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def mean_difference(
    one: NDArray[np.float64], other: NDArray[np.float64], resamples: int, confidence: float, seed: int
) -> dict[str, float | None]:
    """Return the difference of two means, its interval, and its two-sided p value over permutations.

    It is scipy's permutation test of independent samples: the observed order is counted in, and exact where there are
    no more orders than `resamples`. The interval of two shares (values of 0 and 1 alone) is
    `lucidag.ground.statistics.intervals.share_difference`, that of other means
    `lucidag.ground.statistics.studentised.studentised`.

    Returns
    -------
    dict
        difference (one - other), low, high (None where a side is as
        `lucidag.ground.statistics.studentised.no_interval` says), p.
    """
    from scipy.stats import permutation_test  # here, as most that import this file do without

    how: dict[str, Any] = {"vectorized": True, "n_resamples": resamples, "batch": BATCH}
    test = permutation_test((one, other), _difference, **how, rng=np.random.default_rng(seed))
    found: dict[str, float | None] = {"difference": float(test.statistic), "low": None, "high": None}
    if np.isin(np.concatenate([one, other]), (0, 1)).all():
        counts = (int(one.sum()), len(one), int(other.sum()), len(other))
        found["low"], found["high"] = share_difference(*counts, confidence)
    elif not any(no_interval(side) for side in (one, other)):
        found["low"], found["high"] = studentised((one, other), confidence, resamples, seed)
    return found | {"p": float(test.pvalue)}


def _difference(one: NDArray[np.float64], other: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    return np.mean(one, axis=axis) - np.mean(other, axis=axis)

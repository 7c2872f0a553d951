"""The rank correlation of Spearman: of two maps, of a few values by permutations, and within families."""

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.statistics.draws import shuffled
from lucidag.ground.statistics.permutation import BATCH
from lucidag.ground.statistics.ranks import mean_ranks

Floats = NDArray[np.float64]
FEWEST_PAIRS = 5  # of an interval


def centred_ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return twice the rank of each pixel (ties share their mean) minus its mean: whole numbers that sum to 0.

    Sums of products of whole numbers are exact up to 2**53, so a rank correlation from them is the same on any
    number of cores (frames of up to 500 x 500 pixels).
    """
    return 2 * mean_ranks(values) - (values.size + 1)


def spearman(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return the rank correlation of two maps; NaN if one of them is constant."""
    first, second = centred_ranks(a), centred_ranks(b)
    norm = np.sqrt(first @ first) * np.sqrt(second @ second)
    return float(first @ second / norm) if norm else float("nan")


def permuted_spearman(x: Floats, y: Floats, resamples: int, seed: int) -> tuple[float, float]:
    """Return the rank correlation of n pairs and its two-sided p value over permutations of the pairs.

    It is scipy's permutation test: the observed order is counted in, and exact where there are no more orders than
    `resamples`.
    """
    from scipy.stats import permutation_test, zscore  # here, as most that import this file do without

    ranks = [zscore(mean_ranks(values)) for values in (x, y)]

    def rho(shuffled: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        return np.mean(shuffled * ranks[1], axis=axis)

    test = permutation_test(
        (ranks[0],),
        rho,
        permutation_type="pairings",
        vectorized=True,
        n_resamples=resamples,
        batch=BATCH,
        rng=np.random.default_rng(seed),
    )
    return float(test.statistic), float(test.pvalue)


def spearman_within(x: Floats, y: Floats, family: NDArray[np.integer]) -> float:
    """Return Spearman's correlation within families: Pearson's of the ranks less the mean rank of their family.

    With one family it is `scipy.stats.spearmanr`. NaN where a side is constant within every family.
    """
    a, b = ranks_within(x, family), ranks_within(y, family)
    size = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / size, -1.0, 1.0)) if size > 0 else float("nan")


def ranks_within(values: NDArray[np.float64], family: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the ranks of n values, ties sharing their mean, less the mean rank of their family."""
    own = mean_ranks(values)
    count = np.maximum(np.bincount(family), 1)
    return own - (np.bincount(family, own) / count)[family]


def associate_within(
    x: Floats, y: Floats, family: NDArray[np.integer], resamples: int, confidence: float, seed: int
) -> dict[str, Any]:
    """Return `spearman_within` with its interval and its p value.

    Permutations exchange values within their family only, so that p speaks of the same question as rho. It is
    (1 + permutations at least as far from 0) / (1 + draws). The interval is `spearman_interval` of as many pairs as
    there are degrees of freedom left, one more than the models less the families.

    Returns
    -------
    dict
        rho, low, high, p; low and high are None where there are too few models for an interval.
    """
    rho = spearman_within(x, y, family)
    generator = np.random.Generator(np.random.PCG64(seed))
    # A permutation within families changes neither the ranks nor their size, only how they are matched.
    a, b = ranks_within(x, family), ranks_within(y, family)
    members = [np.flatnonzero(family == each) for each in np.unique(family)]
    permuted = np.array([shuffled(a, members, generator) @ b for _ in range(resamples)]) / np.sqrt((a @ a) * (b @ b))
    extreme = int((np.abs(permuted) >= abs(rho) - 1e-12).sum())
    low, high = spearman_interval(rho, len(x) - len(members) + 1, confidence)
    return {"rho": rho, "low": low, "high": high, "p": (1 + extreme) / (1 + resamples)}


def spearman_interval(rho: float, pairs: int, confidence: float) -> tuple[float | None, float | None]:
    """Return the interval of Spearman's correlation of n pairs: Fisher's z, the error of Bonett and Wright (2000).

    None twice for fewer than 5 pairs, where it says nothing, and for a correlation of 1 or -1, whose z is infinite.
    A bootstrap of few pairs is too short: samples of pairs hold ties that the data do not have.
    """
    if pairs < FEWEST_PAIRS or abs(rho) > 1 - 1e-12:
        return None, None
    half = NormalDist().inv_cdf((1 + confidence) / 2) * np.sqrt((1 + rho**2 / 2) / (pairs - 3))
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return float(low), float(high)

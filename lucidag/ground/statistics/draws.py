"""Draws, and percentile intervals of them; by NumPy alone, so that jobs that need nothing else load no scipy."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucidag.ground.errors import InputError


def percentiles(draws: NDArray[np.float64], confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the percentile band over the first axis, sized `confidence`; NaN draws are left out.

    Where every draw is NaN (a group without images) the band is NaN.

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    empty = np.isnan(draws).all(axis=0)
    filled = np.where(empty, 0.0, draws)
    low, high = np.nanquantile(filled, tails, axis=0) if np.isnan(filled).any() else np.quantile(filled, tails, axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def interval(draws: ArrayLike, confidence: float) -> tuple[float, float]:
    """Return the percentile interval of B numbers."""
    low, high = percentiles(np.asarray(draws, dtype=np.float64), confidence)
    return float(low), float(high)


def check_confidence(confidence: float) -> None:
    """Raise `InputError` unless `confidence` is between 0 and 1."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; it must be between 0 and 1")


def shuffled(values: NDArray, members: Iterable[NDArray[np.integer]], generator: np.random.Generator) -> NDArray:
    """Return a copy of n values in which those at each of `members`, disjoint places, have changed places."""
    found = values.copy()
    for each in members:
        found[each] = generator.permutation(values[each])
    return found

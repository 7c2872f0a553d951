"""Ranks, and the order among equal values."""

from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def tie_seed(seed: int, *names: str) -> list[int]:
    """Return a seed of its own for each image and method, so that ties of two maps are broken independently.

    Were one order used for all, two maps that are zero in the same region would share the pixels drawn from it.
    """
    return [seed, *(crc32(name.encode()) for name in names)]


def ranks(values: NDArray[np.floating], seed: int | list[int]) -> NDArray[np.int32]:
    """Rank the pixels of a map from 0, the highest; equal values (plateaus, zero regions) in a random order.

    Parameters
    ----------
    values
        The map, any shape.
    seed
        Of the order among equal values, see `tie_seed`.
    """
    shuffled = np.random.default_rng(seed).permutation(values.size)
    order = shuffled[np.argsort(-values.ravel()[shuffled], kind="stable")]
    ranked = np.empty(values.size, dtype=np.int32)
    ranked[order] = np.arange(values.size, dtype=np.int32)
    return ranked.reshape(values.shape)


def mean_ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rank all values from 1, the lowest, in one row; ties share their mean.

    It is ``scipy.stats.rankdata`` of values without NaN, by pandas, which is there already.
    """
    return np.asarray(pd.Series(np.ravel(values)).rank(), dtype=np.float64)

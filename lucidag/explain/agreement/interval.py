"""A mean over images with its bootstrap interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import bootstrap

from lucidag.ground.errors import InputError

BLOCK = 1_000_000  # numbers that a bootstrap holds in memory at once


@dataclass(frozen=True)
class Estimate:
    """A mean over images.

    Attributes
    ----------
    mean
        Over the images where the value is defined; NaN if there are none.
    low, high
        Its interval; NaN for fewer than two images.
    n, undefined
        Images with and without a value.
    """

    mean: float
    low: float
    high: float
    n: int
    undefined: int

    def columns(self, prefix: str) -> dict[str, float]:
        """Return mean, low and high as ``{prefix}``, ``{prefix}_low``, ``{prefix}_high``."""
        return {prefix: self.mean, f"{prefix}_low": self.low, f"{prefix}_high": self.high}


def estimate(values: ArrayLike, confidence: float = 0.95, resamples: int = 2000, seed: int = 0) -> Estimate:
    """Return the mean of what is not NaN, with the percentile bootstrap interval of scipy.

    The percentile interval exists for any two images; BCa has none where all values are equal. Of few images
    both are too narrow.

    Parameters
    ----------
    values
        One an image; NaN where undefined.
    confidence
        Of the interval.
    resamples
        Bootstrap samples.
    seed
        Of the samples: values of the same number of images meet the same samples.

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}; allowed: between 0 and 1")
    every = np.asarray(values, dtype=np.float64)
    defined = every[~np.isnan(every)]
    n, undefined = len(defined), len(every) - len(defined)
    nan = float("nan")
    if n < 2:
        return Estimate(float(defined[0]) if n else nan, nan, nan, n, undefined)
    found = bootstrap(
        (defined,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, BLOCK // n),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(float(defined.mean()), float(found.low), float(found.high), n, undefined)

"""Means and shares with their intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest, bootstrap

from lucidag.ground.statistics.draws import check_confidence

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

    def json(self) -> dict[str, Any]:
        """Return ``value``, ``low``, ``high`` and ``n`` for JSON, None where one is not defined."""
        return {"value": number(self.mean), "low": number(self.low), "high": number(self.high), "n": self.n}


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
    check_confidence(confidence)
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


def share(hits: int, of: int, confidence: float) -> dict[str, Any]:
    """Give a share with Wilson's score interval: value, low, high, n; None of nothing.

    For a share the bootstrap is a binomial draw; Wilson's interval needs no draws and keeps its width
    where the share is 0 or 1 (Brown, Cai and DasGupta 2001, Statistical Science 16).
    """
    check_confidence(confidence)
    if of == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    found = binomtest(int(hits), int(of)).proportion_ci(confidence, method="wilson")
    return {"value": hits / of, "low": float(found.low), "high": float(found.high), "n": int(of)}


def number(value: float) -> float | None:
    """Give a number for JSON, which has no word for NaN: None."""
    return value if np.isfinite(value) else None

"""Means and shares with their intervals."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from lucidag.ground.statistics.draws import check_confidence
from lucidag.ground.statistics.studentised import no_interval, studentised

HAND_PICKED = "hand-picked"  # the reason of means over such images


@dataclass(frozen=True)
class Estimate:
    """A mean over images.

    Attributes
    ----------
    mean
        Over the images where the value is defined; NaN if there are none.
    low, high
        Its interval; NaN where there is none.
    n, undefined
        Images with and without a value.
    reason
        Why there is no interval; "" where there is one.
    """

    mean: float
    low: float
    high: float
    n: int
    undefined: int
    reason: str = ""

    def columns(self, prefix: str) -> dict[str, float]:
        """Return mean, low and high as ``{prefix}``, ``{prefix}_low``, ``{prefix}_high``."""
        return {prefix: self.mean, f"{prefix}_low": self.low, f"{prefix}_high": self.high}

    def json(self) -> dict[str, Any]:
        """Return ``value``, ``low``, ``high``, ``n`` and ``reason`` for JSON, None where one is not defined."""
        numbers = {"value": number(self.mean), "low": number(self.low), "high": number(self.high)}
        return {**numbers, "n": self.n, "reason": self.reason or None}


def estimate(
    values: ArrayLike,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    hand_picked: bool = False,
) -> Estimate:
    """Return the mean of what is not NaN, with an interval that covers: see `studentised`.

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
    bounds
        The least and the greatest that a value can be; the interval ends there.
    hand_picked
        Whether the images were named one by one and not drawn: then their mean tells of no other, and there is no
        interval.

    Raises
    ------
    InputError
        If `confidence` is not between 0 and 1.
    """
    check_confidence(confidence)
    every = np.asarray(values, dtype=np.float64)
    defined = every[~np.isnan(every)]
    n, undefined = len(defined), len(every) - len(defined)
    mean = float(defined.mean()) if n else float("nan")
    reason = HAND_PICKED if hand_picked else no_interval(defined)
    if reason:
        return Estimate(mean, float("nan"), float("nan"), n, undefined, reason)
    low, high = studentised((defined,), confidence, resamples, seed)
    return Estimate(mean, max(low, bounds[0]), min(high, bounds[1]), n, undefined)


def share(hits: int, of: int, confidence: float) -> dict[str, Any]:
    """Give a share with Wilson's score interval: value, low, high, n; None of nothing.

    For a share the bootstrap is a binomial draw; Wilson's interval needs no draws and keeps its width
    where the share is 0 or 1 (Brown, Cai and DasGupta 2001, Statistical Science 16).
    """
    check_confidence(confidence)
    if of == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    low, high = wilson(hits / of, of, confidence)
    return {"value": hits / of, "low": low, "high": high, "n": int(of)}


def wilson(value: float, n: float, confidence: float) -> tuple[float, float]:
    """Give Wilson's score interval of a share `value` of n images, which need be no whole number.

    It is that of ``scipy.stats.binomtest`` to the last digit, without what `scipy.stats` takes to import.
    """
    z = float(ndtri(0.5 + 0.5 * confidence))
    whole = 2 * (n + z**2)
    middle = (2 * n * value + z**2) / whole
    reach = z / whole * math.sqrt(4 * n * value * (1 - value) + z**2)
    # At the ends the two are equal but for rounding.
    return 0.0 if value == 0 else middle - reach, 1.0 if value == 1 else middle + reach


def share_difference(hits: int, of: int, other_hits: int, other_of: int, confidence: float) -> tuple[float, float]:
    """Give the interval of the difference of two shares of independent samples: Newcombe's, from both of Wilson's.

    Method 10 of Newcombe 1998, Statistics in Medicine 17: it covers with few and with no hits too.

    Parameters
    ----------
    hits, of, other_hits, other_of
        The share that counts, and the one that is taken from it; of at least one each.
    confidence
        Of the interval.
    """
    one, other = share(hits, of, confidence), share(other_hits, other_of, confidence)
    gain = one["value"] - other["value"]
    below = np.hypot(one["value"] - one["low"], other["high"] - other["value"])
    above = np.hypot(one["high"] - one["value"], other["value"] - other["low"])
    return float(gain - below), float(gain + above)


def number(value: float) -> float | None:
    """Give a number for JSON, which has no word for NaN: None."""
    return value if np.isfinite(value) else None

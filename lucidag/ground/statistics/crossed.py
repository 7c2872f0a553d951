"""Means over networks and images at once: intervals that speak of other trainings, and not of other images only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.draws import check_confidence
from lucidag.ground.statistics.intervals import estimate, number
from lucidag.ground.statistics.studentised import welch


@dataclass(frozen=True)
class Crossed:
    """A mean over networks that were all shown the same images.

    Attributes
    ----------
    mean
        Of the networks' means; NaN if there are none.
    low, high
        Its interval; NaN where there is none.
    each
        Each network's mean over its images, NaN of a network without a value.
    images
        Those with a value.
    reason
        Why there is no interval; "" where there is one.
    """

    mean: float
    low: float
    high: float
    each: tuple[float, ...]
    images: int
    reason: str = ""

    def columns(self, prefix: str) -> dict[str, float]:
        """Return mean, low and high as ``{prefix}``, ``{prefix}_low``, ``{prefix}_high``."""
        return {prefix: self.mean, f"{prefix}_low": self.low, f"{prefix}_high": self.high}

    def json(self) -> dict[str, Any]:
        """Return ``value``, ``low``, ``high``, ``n`` images, ``reason``, ``each`` network; None where not defined."""
        found = {"value": number(self.mean), "low": number(self.low), "high": number(self.high), "n": self.images}
        return found | {"reason": self.reason or None, "each": [number(value) for value in self.each]}


def crossed(values: ArrayLike, confidence: float = 0.95, resamples: int = 2000, seed: int = 0) -> Crossed:
    """Return the mean of networks and images, with an interval over both.

    Half its width is the root of the sum of two squares: those of half of Student's interval of the networks' means and
    of the images' means (variances are joined as by Zou and Donner 2008, Statistics in Medicine 27). Both hold what is
    left over in a cell, so the interval is rather too wide than too narrow. The design is that of several readers of
    the same cases (Obuchowski and Rockette 1995, Communications in Statistics 24): our operationalisation. Of one
    network the interval is that over images, `lucidag.ground.statistics.intervals.estimate`, and says nothing of
    another training.

    Parameters
    ----------
    values
        Networks x images; NaN where undefined.
    confidence
        Of the interval.
    resamples, seed
        Of `estimate`.

    Raises
    ------
    InputError
        If `values` has not two axes, or `confidence` is not between 0 and 1.
    """
    (cells,) = _checked(confidence, values)
    if len(cells) == 1:
        found = _over_images(cells[0], confidence, resamples, seed)
        return replace(found, each=(found.mean,))
    networks, images = _means(cells, axis=1), _means(cells, axis=0)
    low, high, reason = _interval(_centre(networks), confidence, [networks], images)
    return Crossed(_centre(networks), low, high, tuple(networks), int((~np.isnan(images)).sum()), reason)


def crossed_difference(
    first: ArrayLike, second: ArrayLike, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Crossed:
    """Return the first mean less the second, of other networks and the same images; see `crossed`.

    The networks are independent (Welch's interval), the images paired. Where one side is a single network the interval
    is that over images of the paired differences. ``each`` is empty: no network has a difference of its own.

    Raises
    ------
    InputError
        As `crossed`, or if they have not as many images.
    """
    one, other = _checked(confidence, first, second)
    if one.shape[1] != other.shape[1]:
        raise InputError(f"values of {one.shape[1]} and {other.shape[1]} images cannot be paired")
    both = ~np.isnan(one).all(0) & ~np.isnan(other).all(0)
    one, other = one[:, both], other[:, both]
    images = _means(one, axis=0) - _means(other, axis=0)
    if min(len(one), len(other)) == 1:
        return _over_images(images, confidence, resamples, seed)
    parts = [_means(one, axis=1), _means(other, axis=1)]
    centre = _centre(parts[0]) - _centre(parts[1])
    low, high, reason = _interval(centre, confidence, parts, images)
    return Crossed(centre, low, high, (), len(images), reason)


def _checked(confidence: float, *values: ArrayLike) -> list[NDArray[np.float64]]:
    check_confidence(confidence)
    found = [np.asarray(each, dtype=np.float64) for each in values]
    for each in found:
        if each.ndim != 2:
            raise InputError(f"values of networks and images must be a table, not {each.shape}")
    return found


def _over_images(values: NDArray[np.float64], confidence: float, resamples: int, seed: int) -> Crossed:
    found = estimate(values, confidence, resamples, seed)
    return Crossed(found.mean, found.low, found.high, (), found.n, found.reason)


def _means(cells: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Average what is not NaN; NaN of nothing, without numpy's warning."""
    count = (~np.isnan(cells)).sum(axis)
    return np.where(count > 0, np.nansum(cells, axis) / np.maximum(count, 1), np.nan)


def _centre(values: NDArray[np.float64]) -> float:
    return float(_means(values, axis=0))


def _interval(
    centre: float, confidence: float, networks: Sequence[NDArray[np.float64]], images: NDArray[np.float64]
) -> tuple[float, float, str]:
    """Join Student's (of two arms Welch's) interval over networks and Student's over images around `centre`.

    Returns its ends and "", or NaN twice and why there is none.
    """
    parts = [[part[~np.isnan(part)] for part in side] for side in (networks, [images])]
    if any(len(part) < 2 for side in parts for part in side):
        what = "images" if any(len(part) < 2 for part in parts[1]) else "networks of an arm"
        return float("nan"), float("nan"), f"fewer than two {what} have a value"
    reach = hypot(*(_reach(side, confidence) for side in parts))
    if reach == 0:  # nothing varies: nothing is known of how much it would
        return float("nan"), float("nan"), "all values are equal, which tells nothing of how far others reach"
    return centre - reach, centre + reach, ""


def _reach(samples: Sequence[NDArray[np.float64]], confidence: float) -> float:
    """Give half of the interval of `welch`; 0 where nothing varies."""
    if not any(sample.var() > 0 for sample in samples):
        return 0.0
    spread, reach = welch(samples, confidence)
    return spread * reach

"""Intervals of means, and of differences of two means, that cover what they say with few and skewed values too."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lucidag.ground.statistics.draws import interval

Floats = NDArray[np.float64]
BLOCK = 1_000_000  # numbers that a bootstrap holds in memory at once
OTHERS = 2  # so many values must differ from the most common one


def no_interval(values: Floats) -> str:
    """Say why a mean of n values has no interval; "" where it has one.

    Where nearly all values are equal, as in an overlap that is 0 for nearly every image, nothing in the sample tells
    how far the rare values reach, and no interval that was tried covers what it says.
    """
    if len(values) <= OTHERS:
        return f"{len(values) or 'no'} value{'s are' if len(values) > 1 else ' is'} too few for an interval"
    others = len(values) - int(np.unique(values, return_counts=True)[1].max())
    if others < OTHERS:
        return f"all {len(values)} values{' but one' * others} are equal, which tells nothing of how far others reach"
    return ""


def studentised(samples: Sequence[Floats], confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    """Return the interval of a mean, or of the difference of two: Student's and the bootstrap-t together.

    Student's t (Welch's for two samples) covers with few values that are symmetric, the bootstrap-t (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, 12.5) with skewed ones; neither does with both. The interval
    reaches from the lower of both lower ends to the higher of both upper ends. The percentile bootstrap and BCa cover
    less than they say below about 30 values.

    Parameters
    ----------
    samples
        One or two arrays of n values, for each of which `no_interval` is "".
    confidence
        Of the interval.
    resamples
        Bootstrap samples.
    seed
        Of the samples.
    """
    rng = np.random.default_rng(seed)
    drawn = [_moments(sample, resamples, rng) for sample in samples]
    away = _difference([means for means, _ in drawn]) - _difference([sample.mean() for sample in samples])
    error = np.sqrt(sum(variances for _, variances in drawn))
    # A sample of one value repeated has no error, and is left out.
    below, above = interval(away[error > 0] / error[error > 0], confidence)
    spread, reach = welch(samples, confidence)
    centre = float(_difference([sample.mean() for sample in samples]))
    return centre - max(reach, above) * spread, centre + max(reach, -below) * spread


def welch(samples: Sequence[Floats], confidence: float) -> tuple[float, float]:
    """Return the standard error of a mean or of a difference of two, and how many of it Student's interval reaches.

    Of two samples the interval is Welch's; one of these must vary.
    """
    variances = [float(sample.var(ddof=1)) / len(sample) for sample in samples]
    total = sum(variances)
    freedom = total**2 / sum(own**2 / (len(sample) - 1) for own, sample in zip(variances, samples, strict=True))
    return total**0.5, float(stdtrit(freedom, (1 + confidence) / 2))


def _moments(values: Floats, resamples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return means of bootstrap samples and the variances of these means."""
    n = len(values)
    means, variances = np.empty(resamples), np.empty(resamples)
    step = max(1, BLOCK // n)
    for start in range(0, resamples, step):
        part = slice(start, min(start + step, resamples))
        rows = values[rng.integers(0, n, size=(part.stop - part.start, n))]
        means[part] = rows.mean(axis=1)
        variances[part] = rows.var(axis=1, ddof=1) / n
    return means, variances


def _difference(means: Sequence[Floats]) -> Floats:
    return means[0] - means[1] if len(means) > 1 else means[0]

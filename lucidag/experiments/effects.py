"""What a factor of a grid does to an outcome, with networks and not images as the sample.

Each seed gives one number: the mean, over all combinations of the other settings, of the difference between two values
of the factor, of networks of the same seed. Seeds are independent, whatever two networks of one seed share (their first
weights, the order of their images), so the interval is Student's over seeds, and a single seed has none. For two values
it is the analysis of variance of a mixed model whose random effects are seed and seed by factor.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, stdtr, stdtrit

from lucidag.ground.statistics.draws import check_confidence

Floats = NDArray[np.float64]
POWER = 0.8
QUANTILES = 2000
TINY = 1e-12  # a share of the spread below it is rounding


@dataclass(frozen=True)
class Effect:
    """The difference between two values of a factor; NaN where a number is not defined.

    Attributes
    ----------
    mean, mean_against, effect
        Means of the outcome with the value and with the one that it is held against, and their difference.
    low, high, p
        Of Student's t over seeds.
    visible
        The smallest effect that such an experiment, with seeds that scatter as these, calls in 8 of 10 cases.
    reason
        Why there is no interval, or "".
    """

    mean: float
    mean_against: float
    effect: float
    low: float
    high: float
    p: float
    visible: float
    reason: str


@dataclass(frozen=True)
class Spread:
    """How much of the sum of squares of an outcome over networks goes with what; NaN where it does not vary.

    Attributes
    ----------
    factor
        The share of the differences between the factor's mean values.
    chance
        The share that a factor without any effect would have on average, where seeds like its values as differently as
        they do here (the mean square of seed by factor); NaN for a single seed.
    seeds
        The share of the differences between networks that differ in their seed alone.
    rest
        What is left: other factors, and what factors do only together.
    """

    factor: float
    chance: float
    seeds: float
    rest: float


def no_effect(reason: str) -> Effect:
    """Return an effect of which nothing is known."""
    nothing = float("nan")
    return Effect(nothing, nothing, nothing, nothing, nothing, nothing, nothing, reason)


def effect(values: Floats, against: Floats, confidence: float) -> Effect:
    """Compare two values of a factor.

    Parameters
    ----------
    values, against
        C x S: an outcome for C combinations of other settings and S seeds, with the one value and with the other.
    confidence
        Of the interval; the level of the test is 1 less it.
    """
    check_confidence(confidence)
    by_seed = (values - against).mean(axis=0)
    seeds, middle = len(by_seed), float(by_seed.mean())
    means = float(values.mean()), float(against.mean()), middle
    nothing = float("nan")
    error = float(by_seed.std(ddof=1)) / seeds**0.5 if seeds > 1 else nothing
    # Differences of the same numbers differ in their last digits.
    if seeds < 2:
        return Effect(*means, nothing, nothing, nothing, nothing, "one seed tells nothing of how far others scatter")
    if error <= TINY * max(1.0, float(np.abs(values).max()), float(np.abs(against).max())):
        return Effect(*means, nothing, nothing, nothing, nothing, f"the difference is the same for all {seeds} seeds")
    reach = float(stdtrit(seeds - 1, (1 + confidence) / 2)) * error
    p = float(2 * stdtr(seeds - 1, -abs(middle) / error))
    return Effect(*means, middle - reach, middle + reach, p, error * visible(seeds, confidence), "")


@cache
def visible(seeds: int, confidence: float) -> float:
    """Give the effect, in standard errors, that Student's test over seeds calls in 8 of 10 cases.

    The power is the mean of a normal's over the standard errors that so few seeds give, at their quantiles: scipy's
    noncentral t is no number where effects are as great as two seeds need.
    """
    freedom = seeds - 1
    bound = float(stdtrit(freedom, (1 + confidence) / 2))
    errors = np.sqrt(chdtri(freedom, (np.arange(QUANTILES) + 0.5) / QUANTILES) / freedom)

    def missing(shift: float) -> float:
        return float((ndtr(shift - bound * errors) + ndtr(-bound * errors - shift)).mean()) - POWER

    return float(brentq(missing, 0.0, 2 * bound + 10))


def spread(values: Floats) -> Spread:
    """Say what the spread of an outcome goes with.

    Parameters
    ----------
    values
        L x C x S: for L values of a factor, C combinations of other settings and S seeds.
    """
    whole = float(((values - values.mean()) ** 2).sum())
    if whole <= TINY * max(1.0, float(np.abs(values).max())) ** 2:
        return Spread(*[float("nan")] * 4)
    _, combinations, seeds = values.shape
    by_level = values.mean(axis=(1, 2))
    factor = combinations * seeds * float(((by_level - by_level.mean()) ** 2).sum())
    by_seed = values.mean(axis=1)
    unlike = by_seed - by_seed.mean(axis=0) - by_level[:, None] + by_level.mean()
    chance = combinations * float((unlike**2).sum()) / (seeds - 1) if seeds > 1 else float("nan")
    within = float(((values - values.mean(axis=2, keepdims=True)) ** 2).sum())
    return Spread(
        factor / whole,
        chance / whole,
        within / whole,
        max(0.0, 1 - (factor + within) / whole),
    )


def scatter(values: Floats, confidence: float) -> tuple[float, float, float]:
    """Give the standard deviation of seeds, and its interval by chi-square: NaN for a single seed, 0 of equal numbers.

    Parameters
    ----------
    values
        ... x S: S seeds of networks that differ in nothing else.
    confidence
        Of the interval, which takes the scatter for normal and for the same everywhere.
    """
    groups, seeds = values.reshape(-1, values.shape[-1]).shape
    freedom = groups * (seeds - 1)
    if not freedom:
        return float("nan"), float("nan"), float("nan")
    squares = float(((values - values.mean(axis=-1, keepdims=True)) ** 2).sum())
    if squares <= (TINY * max(1.0, float(np.abs(values).max()))) ** 2:
        return 0.0, 0.0, 0.0
    ends = [float(squares / chdtri(freedom, end)) ** 0.5 for end in ((1 - confidence) / 2, (1 + confidence) / 2)]
    return (squares / freedom) ** 0.5, ends[0], ends[1]

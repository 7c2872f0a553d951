"""Shares, odds ratios and associations where several images are of one patient: patients vary, not single images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lucidag.ground.statistics.draws import check_confidence
from lucidag.ground.statistics.intervals import share, wilson

FEWEST = 5  # ids in each cell of a table of four, for the interval of an odds ratio
BATCH = 4_000_000  # numbers that a test holds in memory at once

Whole = NDArray[np.int64]


def constant(values: Whole, owner: Whole) -> bool:
    """Tell whether all images of each id have one value."""
    pairs = np.unique(np.stack([owner, values]), axis=1)
    return pairs.shape[1] == len(np.unique(owner))


def clustered_share(hits: NDArray[np.bool_], owner: Whole | None, confidence: float) -> dict[str, Any]:
    """Give a share of N images with Wilson's interval of as many independent images as tell as much.

    That number is the share's binomial variance over its variance between ids, less where ids are few (Korn and
    Graubard 1998, Survey Methodology 24), and never more than N. Where all hit, or none, each id is one trial.

    Parameters
    ----------
    hits
        N.
    owner
        N numbers of ids, see `lucidag.ground.statistics.owners`; None for independent images.
    confidence
        Of the interval.

    Returns
    -------
    dict
        value, low, high, n as `lucidag.ground.statistics.intervals.share` gives them.
    """
    check_confidence(confidence)
    n, value = len(hits), float(hits.mean()) if len(hits) else 0.0
    if owner is None or n == 0:
        return share(int(hits.sum()), n, confidence)
    _, own = np.unique(owner, return_inverse=True)
    count = int(own.max()) + 1
    if count < 2 or value in (0, 1):
        effective = float(count)
    else:
        gaps = np.bincount(own, hits - value)
        between = count / (count - 1) * float(gaps @ gaps) / n**2
        tails = stdtrit([n - 1, count - 1], (1 + confidence) / 2)
        effective = min(n, value * (1 - value) / between if between else n) * float(tails[0] / tails[1]) ** 2
    low, high = wilson(value, max(effective, 1.0), confidence)
    return {"value": value, "low": low, "high": high, "n": n}


def clustered_mean(
    values: NDArray[np.float64], owner: Whole | None, confidence: float
) -> tuple[float | None, float | None]:
    """Give Student's interval of the mean of N values, over ids where images share any; None twice of a single one.

    With ids the variance is that between them, linearised for a mean (Binder 1983, International Statistical Review
    51). It is meant for the hundreds of images of a split: of a few skewed values it covers less than it says, for
    which `lucidag.ground.statistics.intervals.estimate` is there.

    Parameters
    ----------
    values
        N.
    owner
        N numbers of ids, see `lucidag.ground.statistics.owners`; None for independent images.
    confidence
        Of the interval.
    """
    check_confidence(confidence)
    n, mean = len(values), float(values.mean()) if len(values) else 0.0
    own = np.arange(n) if owner is None else np.unique(owner, return_inverse=True)[1]
    count = int(own.max()) + 1 if n else 0
    if count < 2:
        return None, None
    between = np.bincount(own, values - mean)
    error = float(count / (count - 1) * (between @ between)) ** 0.5 / n
    reach = float(stdtrit(count - 1, (1 + confidence) / 2)) * error
    return mean - reach, mean + reach


def permuted_ids(first: Whole, second: Whole, owner: Whole, draws: int, rng: np.random.Generator) -> float:
    """Give the p value of an association of two columns over permutations of ids.

    Each id has a share of its images for every value of either column, and counts once. The statistic is Pearson's
    chi-square of the table of products of these shares, summed over ids; a permutation deals the shares of the second
    column out to the ids anew. What goes together only within ids does not count.

    Parameters
    ----------
    first, second
        N codes of values, from 0.
    owner
        N numbers of ids.
    draws
        Permutations; the observed order counts as one more, so that p is never 0.
    rng
        Of the permutations.
    """
    a, b = _profiles(first, owner), _profiles(second, owner)
    expected = np.outer(a.sum(axis=0), b.sum(axis=0)) / len(a)

    def statistic(tables: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = ((tables - expected) ** 2 / expected).sum(axis=(-2, -1))
        return found

    seen = float(statistic(a.T @ b))
    step, extreme = max(1, BATCH // b.size), 0
    for start in range(0, draws, step):
        orders = rng.permuted(np.tile(np.arange(len(a)), (min(step, draws - start), 1)), axis=1)
        extreme += int((statistic(a.T @ b[orders]) >= seen * (1 - 1e-9)).sum())
    return (1 + extreme) / (1 + draws)


def _profiles(values: Whole, owner: Whole) -> NDArray[np.float64]:
    """Return for each id the share of its images with each value that occurs."""
    codes = np.unique(values, return_inverse=True)[1]
    table = np.zeros((int(owner.max()) + 1, int(codes.max()) + 1))
    np.add.at(table, (owner, codes), 1)
    return table / table.sum(axis=1, keepdims=True)


def odds_interval(
    has: NDArray[np.bool_], of: NDArray[np.bool_], owner: Whole, confidence: float
) -> tuple[float, float, str]:
    """Give the interval of an odds ratio over ids: its ends and "", or NaN twice and why there is none.

    Student's on the scale of the logarithm, with the linearised variance between ids (Binder 1983, International
    Statistical Review 51), and one degree of freedom less than the rarest side has ids.

    Parameters
    ----------
    has, of
        N: which images have the value, and which are of the class.
    owner
        N numbers of ids.
    confidence
        Of the interval.
    """
    cells = [(has == value) & (of == side) for value in (True, False) for side in (True, False)]
    fewest = min(len(np.unique(owner[cell])) for cell in cells)
    if fewest < FEWEST:
        return float("nan"), float("nan"), f"a cell of the table has images of {fewest} ids, too few for an interval"
    gaps = np.zeros(len(has))
    for side, sign in ((has, 1), (~has, -1)):
        share_ = of[side].mean()
        gaps[side] = sign * (of[side] - share_) / (side.sum() * share_ * (1 - share_))
    between = np.bincount(owner, gaps)
    count = len(between)
    error = (count / (count - 1) * float(between @ between)) ** 0.5
    counts = [int(cell.sum()) for cell in cells]
    middle = float(np.log(counts[0]) - np.log(counts[1]) - np.log(counts[2]) + np.log(counts[3]))
    freedom = min(len(np.unique(owner[side])) for side in (has, ~has, of, ~of)) - 1
    reach = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    return float(np.exp(middle - reach)), float(np.exp(middle + reach)), ""

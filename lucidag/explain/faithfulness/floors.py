"""What the randomisation of a network leaves of a map anyway: its floors. No torch.

Two maps of one method are correlated by what they owe to the method and to how images are made, such as an object in
the middle. How much that is tell the maps of one image by two networks without any training, and the maps of different
images by the network as it is.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.explain.agreement.baselines import CENTRE, RANDOM, centre, random
from lucidag.explain.agreement.crossed import spearman_matrix
from lucidag.explain.agreement.images import check, methods_of
from lucidag.explain.faithfulness.metrics import FLOORS, OTHER_IMAGES, Point, shows_nothing
from lucidag.explain.store import Explained
from lucidag.ground.statistics.correlation import centred_ranks
from lucidag.ground.statistics.intervals import Estimate, estimate

FLOOR_COLUMNS = ("method", "floor", "mean", "low", "high", "n", "undefined", "reason")
FEWEST = 3  # images, so that one can be left out and two are there to be correlated


def of_different_images(images: Sequence[Explained], seed: int) -> list[Point]:
    """Correlate maps of one method for different images: for each the mean `|rank correlation|` with the rest.

    Parameters
    ----------
    images
        With the maps of all methods.
    seed
        Of the map of the control that is drawn.

    Returns
    -------
    list of Point
        A level line for each image and method, over the shares of the layers; None for a map that shows nothing, and
        where no other image has one that shows something. The centred blob and smooth noise stand at the end.

    Raises
    ------
    InputError
        If maps do not fit together, see `lucidag.explain.agreement.images.check`.
    """
    for each in images:
        check(each, images[0].frame.shape[1:])
    found = []
    for method in methods_of(images):
        own = [each for each in images if method in each.maps]
        found += _lines([each.image for each in own], method, [each.maps[method] for each in own])
    names, size = [each.image for each in images], images[0].frame.shape[-1] if images else 0
    found += _lines(names, CENTRE, [centre(size)] * len(names))
    return found + _lines(names, RANDOM, [random(size, seed, name, draws=1)[0] for name in names])


def _lines(names: Sequence[str], method: str, maps: Sequence[NDArray[np.float32]]) -> list[Point]:
    values = with_the_rest(maps)
    known = [None if np.isnan(value) else float(value) for value in values]
    return [
        Point(image, method, OTHER_IMAGES, share, "", value)
        for image, value in zip(names, known, strict=True)
        for share in (0.0, 1.0)
    ]


def with_the_rest(maps: Sequence[NDArray[np.floating]] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Give for each of n maps (S x S) the mean `|rank correlation|` with the others; NaN for one that shows nothing."""
    able = [at for at, values in enumerate(maps) if not shows_nothing(values)]
    means = np.full(len(maps), np.nan)
    if len(able) > 1:
        ranked = np.stack([centred_ranks(maps[at]) for at in able])
        matrix = np.abs(spearman_matrix(ranked, ranked))
        means[able] = (matrix.sum(axis=1) - np.diag(matrix)) / (len(able) - 1)
    return means


def mean_of_pairs(
    means: NDArray[np.float64], confidence: float, resamples: int, seed: int, hand_picked: bool = False
) -> Estimate:
    """Average over the pairs of n images, with an interval over images, which share pairs.

    Each image's mean over its pairs (`means`, NaN where there is none) counts every pair twice, so that their spread
    alone is about half the error. The interval is that of their mean's jackknife values, n times the mean over all
    pairs less n − 1 times that without the image (Efron and Tibshirani 1993, An Introduction to the Bootstrap, 11.5),
    by `lucidag.ground.statistics.intervals.estimate`; their own mean is the mean over all pairs.
    """
    n = int(np.count_nonzero(~np.isnan(means)))
    if n >= FEWEST:
        whole = np.nanmean(means)
        without = (n * whole - 2 * means) / (n - 2)
        means = n * whole - (n - 1) * without
    return estimate(means, confidence, resamples, seed, (0.0, 1.0), hand_picked)


def floors(
    points: pd.DataFrame, confidence: float, resamples: int, seed: int, hand_picked: bool = False
) -> pd.DataFrame:
    """Average the floors of each method over the images.

    Parameters
    ----------
    points
        The columns `lucidag.explain.faithfulness.metrics.CURVE_COLUMNS`.
    confidence, resamples, seed, hand_picked
        Of the bootstrap over images, see `lucidag.ground.statistics.intervals.estimate`.

    Returns
    -------
    DataFrame
        method, floor (``untrained``: `|rank correlation|` of the maps of one image by two untrained networks;
        ``other_images``: of the maps of different images by the network as it is), mean, low, high, n, undefined
        (images with and without a value), reason (why there is no interval).
    """
    rows = []
    level = points[points["share"] == 1]
    for floor, curve in FLOORS.items():
        for method, part in level[level["curve"] == curve].groupby("method", sort=False):
            values = part["value"].abs().to_numpy(np.float64)
            asked = (confidence, resamples, seed)
            if curve == OTHER_IMAGES:
                own = mean_of_pairs(values, *asked, hand_picked)
            else:
                own = estimate(values, *asked, (0.0, 1.0), hand_picked)
            rows.append({"method": method, "floor": floor, **asdict(own)})
    return pd.DataFrame(rows, columns=list(FLOOR_COLUMNS))

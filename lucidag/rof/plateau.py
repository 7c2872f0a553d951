"""The turning point of a curve that ends in a plateau: with how many units the network is as good as with all.

Accuracy rises and then stays nearly the same for many k. Where exactly on such a plateau the greatest value of a sample
lies is chance, so the first maximum says little of the population. The turning point here is the smallest k whose
metric is not worse than that of all units by more than a margin. It is our operationalisation.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.01
ROUNDING = 1e-12  # 0.9 - 0.89 is a little less than 0.01

Floats = NDArray[np.float64]


def gains(curves: Floats, metric: str) -> Floats:
    """Return how much better than all units each k is: accuracy, or nats of loss, along the last axis."""
    over_all = curves - curves[..., -1:]
    return -over_all if metric == "loss" else over_all


def retrieved(curves: Floats, metric: str, margin: float) -> NDArray[np.int64]:
    """Return the turning points (places) of B x (K+1) curves: the first k at most `margin` worse than all units.

    k = 0 is a candidate: where no unit does as well as all, no unit is needed.
    """
    return _first(gains(curves, metric), margin)


def bounds(
    curve: Floats,
    drawn: Floats,
    metric: str,
    margin: float,
    confidence: float,
    images: int,
    reordered: Floats | None = None,
) -> tuple[int, int]:
    """Return the interval (two places) of a turning point, by inverting tests of the gain over all units at each k.

    A percentile interval would be wrong: a noisier curve crosses a level sooner, so turning points of bootstrap
    samples lie before that of the sample, and that before that of the population. Here the low end is the first k
    whose gain may reach -`margin` (a test at k), the high end the first k whose gain surely does; the latter must hold
    for all k before the turning point at once, so its critical value is a quantile of the greatest standardised
    error from the low end on (max-t, of the same draws).

    Parameters
    ----------
    curve
        The metric at k = 0..K, or at a grid.
    drawn
        B x (K+1): the same of bootstrap samples of the images, B at least 2. Gains are paired: both ends of a
        difference come from the same sample.
    metric
        ``accuracy``, ``loss`` or ``worst_accuracy``.
    margin
        See `retrieved`.
    confidence
        Of the interval.
    images
        N, or for ``worst_accuracy`` the images of the least group. To the two counts behind a difference of accuracies
        half an image each is added, and two to N (Agresti and Min 2005): no image told apart in a sample
        is no proof that none is.
    reordered
        R x (K+1): the metric on the images of the sample, in the orders of R bootstrap samples. With them the interval
        is that of the turning point in the order of the population, without them in the order at hand.
    """
    gain, of_draws = gains(curve, metric), gains(drawn, metric)
    tail = (1 + confidence) / 2
    normal = NormalDist().inv_cdf(tail)
    error = _error(gain, of_draws, metric, images, reordered)
    low = int(_first((gain + normal * error)[None], margin)[0])
    between = np.arange(len(gain)) >= low
    between &= error > 0
    if not between.any():
        return low, int(_first(gain[None], margin)[0])
    excess = ((of_draws - of_draws.mean(axis=0))[:, between] / error[between]).max(axis=1)
    critical = max(float(np.quantile(excess, tail)), normal)
    return low, int(_first((gain - critical * error)[None], margin)[0])


def _first(gain: Floats, margin: float) -> NDArray[np.int64]:
    return (gain >= -margin - ROUNDING).argmax(axis=1)


def _error(gain: Floats, drawn: Floats, metric: str, images: int, reordered: Floats | None) -> Floats:
    """Give the standard error of the gain at each k; 0 at the last, which is compared with itself."""
    variance = drawn.var(axis=0, ddof=1)
    if metric != "loss":
        variance = (images**2 * variance + 1) / (images + 2) ** 2
    if reordered is not None:
        variance = variance + ((gains(reordered, metric) - gain) ** 2).mean(axis=0)
    variance[-1] = 0.0
    return np.sqrt(variance)

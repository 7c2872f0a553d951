"""What changes of the image do: how far the explanation moves, and how well it foretells what the logit does.

Sensitivity-max (section 5) and infidelity (section 2) of Yeh, Hsieh, Suggala, Inouye, Ravikumar, *On the (in)fidelity
and sensitivity of explanations* (NeurIPS 2019).
"""

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.faithfulness.metrics import OPPOSITE, Measured, shows_nothing


def sensitivity_max(values: NDArray[np.floating], moved: NDArray[np.floating]) -> Measured:
    """Return the greatest distance (Frobenius) of the maps of noisy images from that of the image, each of norm 1.

    It is max ‖φ(x + δ) / ‖φ(x + δ)‖ − φ(x) / ‖φ(x)‖‖ over the draws, from 0 to 2 (√2 where no map is below 0): captum's
    ``sensitivity_max`` of maps that were divided by their norms. So it tells how far the *pattern* moves. Without the
    division methods whose maps carry the scale of the logit, as relevance does, could not be compared with those that
    are scaled to 0 to 1. A method that does not look at the image has 0, the best value there is: stable is not
    faithful.

    Parameters
    ----------
    values
        S x S: φ(x).
    moved
        N x S x S: φ(x + δ) of each draw.
    """
    if nothing := shows_nothing(values):
        return Measured(None, nothing)
    distances = np.sqrt(((_unit(moved) - _unit(values)) ** 2).sum(axis=(-2, -1)))
    return Measured(float(distances.max()))


def _unit(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Divide each map by its norm; one of zeros stays."""
    norm = np.sqrt((values**2).sum(axis=(-2, -1), keepdims=True))
    return values / np.where(norm > 0, norm, 1)


def infidelity(values: NDArray[np.floating], weights: NDArray[np.floating], drops: NDArray[np.floating]) -> Measured:
    """Return E[(β Iᵀφ − d)²] / E[d²] with d = f(x) − f(x − I) and the scale β that makes it least.

    It is the share of the drops' second moment that the map does not foretell, 1 − R² of a regression through the
    origin: 0 for a map that foretells all of it, 1 for one that foretells nothing. Times E[d²] it is captum's
    ``infidelity`` with ``normalize=True``, needed for maps whose scale means nothing. β may be below 0: then the map
    with its sign turned would have foretold the drops, which the note says and the summary counts. An offset of the
    map is *not* undone.

    Parameters
    ----------
    values
        S x S: φ.
    weights
        N x S x S: I of each draw, so that Iᵀφ is their sum of products. Where a change *replaces* pixels it is 1 in the
        pixels that were replaced and 0 elsewhere, because maps of relevance tell what a pixel's being there is worth
        (captum calls these attributions global); where noise is added it is the noise, summed over the channels.
    drops
        N: f(x) − f(x − I).
    """
    if nothing := shows_nothing(values):
        return Measured(None, nothing)
    if not drops.any():
        return Measured(None, "no perturbation changes the logit")
    # Row by row: the sum of each is the same on any number of cores, which a matrix product's is not.
    told = np.array([np.sum(each * values, dtype=np.float64) for each in weights])
    if not told.any():
        return Measured(None, "no perturbation touches what the map shows")
    scale = float(np.sum(told * drops) / np.sum(told**2))
    rest = np.sum((scale * told - drops) ** 2) / np.sum(np.square(drops, dtype=np.float64))
    return Measured(float(rest), OPPOSITE if scale < 0 else "")

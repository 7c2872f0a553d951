"""What changes of the image do: how far the explanation moves, and how well it foretells what the logit does.

Sensitivity-max (section 5) and infidelity (section 2) of Yeh, Hsieh, Suggala, Inouye, Ravikumar, *On the (in)fidelity
and sensitivity of explanations* (NeurIPS 2019).
"""

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.faithfulness.metrics import Measured, shows_nothing


def sensitivity_max(values: NDArray[np.floating], moved: NDArray[np.floating]) -> Measured:
    """Return the greatest relative distance (Frobenius) of the maps of noisy images from that of the image.

    It is max ‖φ(x + δ) − φ(x)‖ / ‖φ(x)‖ over the draws, as captum's ``sensitivity_max``; that gives 0 for a map of
    zeros, where this is undefined. A method that does not look at the image has 0, the best value there is: stable is
    not faithful.

    Parameters
    ----------
    values
        S x S: φ(x).
    moved
        N x S x S: φ(x + δ) of each draw.
    """
    if nothing := shows_nothing(values):
        return Measured(None, nothing)
    distances = np.sqrt(((moved - values) ** 2).sum(axis=(1, 2)))
    return Measured(float(distances.max() / np.sqrt((values**2).sum())))


def infidelity(values: NDArray[np.floating], weights: NDArray[np.floating], drops: NDArray[np.floating]) -> Measured:
    """Return E[(β Iᵀφ − (f(x) − f(x − I)))²] with the scale β that makes it least.

    It is captum's ``infidelity`` with ``normalize=True``, needed for maps whose scale means nothing. β is 0 only if
    the map foretells nothing, and then the value is E[(f(x) − f(x − I))²]. β may be below 0: then the map with its sign
    turned would have foretold the drops, which the note says. An offset of the map is *not* undone.

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
    against = "the best scale is below 0: the map foretells the opposite of what happens" if scale < 0 else ""
    return Measured(float(np.mean((scale * told - drops) ** 2)), against)

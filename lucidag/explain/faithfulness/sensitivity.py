"""Sensitivity-max: how far an explanation moves when the image hardly does.

Yeh, Hsieh, Suggala, Inouye, Ravikumar, *On the (in)fidelity and sensitivity of explanations* (NeurIPS 2019), section 5.
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

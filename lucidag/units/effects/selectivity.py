"""How much more a unit answers to one class than to the others.

A. S. Morcos, D. G. T. Barrett, N. C. Rabinowitz and M. Botvinick, "On the importance of single directions for
generalization", ICLR 2018.
"""

import numpy as np
from numpy.typing import NDArray


def selectivity(features: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the class selectivity of each unit: (a - b) / (a + b).

    a is the greatest mean activation over the images of a class, b the mean of the means of the other classes.

    Parameters
    ----------
    features
        N x K.
    labels
        N class indices.

    Returns
    -------
    K
        From 0, all classes alike, to 1, one class alone; NaN of a unit that is 0 everywhere or below 0 anywhere, as the
        index says nothing of signed activations, and where there is one class.
    """
    means = np.array([features[labels == index].mean(axis=0, dtype=np.float64) for index in np.unique(labels)])
    if len(means) < 2:
        return np.full(features.shape[1], np.nan)
    greatest = means.max(axis=0)
    others = (means.sum(axis=0) - greatest) / (len(means) - 1)
    known = (features >= 0).all(axis=0) & (greatest > 0)
    return np.where(known, (greatest - others) / np.where(known, greatest + others, 1), np.nan)

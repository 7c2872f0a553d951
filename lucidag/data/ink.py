"""How much ink a digit is written with: a group that every set of digits has."""

import numpy as np
from numpy.typing import NDArray


def ink(images: NDArray[np.uint8]) -> list[str]:
    """Give ``thick`` for images whose sum of values is above the median of all, else ``thin``.

    Parameters
    ----------
    images
        uint8 N x H x W x 1, bright ink on black.
    """
    total = images.reshape(len(images), -1).sum(axis=1, dtype=np.int64)
    return np.where(total > np.median(total), "thick", "thin").tolist()

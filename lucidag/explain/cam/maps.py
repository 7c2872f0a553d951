"""From what a method computes at the layer (H x W) to a map of the image (S x S) in [0, 1]."""

import cv2
import numpy as np
from numpy.typing import NDArray


def weighted_sum(weights: NDArray[np.float32], activations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the sum of the channels (1 x K x H x W) times their weights (K): H x W."""
    total: NDArray[np.float32] = (weights[:, None, None] * activations[0]).sum(axis=0)
    return total


def image_map(coarse: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Keep what is above zero, scale it to [0, 1], resize it to the image and scale it again, as pytorch-grad-cam does.

    Parameters
    ----------
    coarse
        H x W.
    size
        Height and width of the image.

    Returns
    -------
    float32; all zero where `coarse` is the same everywhere or nowhere above zero.
    """
    height, width = size
    return scaled(cv2.resize(scaled(np.maximum(coarse, 0)), (width, height)))


def scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shift and scale to [0, 1]; the same value everywhere gives 0."""
    above = values - values.min()
    return (above / (np.float32(1e-7) + above.max())).astype(np.float32)

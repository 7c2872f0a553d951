"""What drawn images are made of: smooth noise, soft edges, and colour mixed into an image.

Plain sums, no matrix product, so that the bytes do not depend on the number of cores.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def noise(rng: np.random.Generator, size: int, cells: int, planes: int = 1) -> Array:
    """Give smooth noise, `planes` x `size` x `size`: normal values on a grid, eased from cell to cell."""
    grid = rng.standard_normal((planes, cells + 1, cells + 1), dtype=np.float32)
    place = np.arange(size, dtype=np.float32) * np.float32((cells - 1) / size) + np.float32(rng.random())
    low = place.astype(np.intp)
    part = place - low
    part = part * part * (3 - 2 * part)
    wide = np.take(grid, low, axis=2)
    wide += part * (np.take(grid, low + 1, axis=2) - wide)
    field: Array = np.take(wide, low, axis=1)
    field += part[:, None] * (np.take(wide, low + 1, axis=1) - field)
    return field


def blend(image: Array, share: Array, colour: Array) -> None:
    """Mix `colour`, of one pixel (3) or of all (3 x H x W), into `image` (3 x H x W) by `share` (H x W)."""
    if share.any():
        image += share * (colour.reshape(3, *(colour.shape[1:] or (1, 1))) - image)


def step(values: Array, low: float, high: float) -> Array:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    part = np.clip((values - np.float32(low)) * np.float32(1.0 / (high - low)), 0.0, 1.0)
    eased: Array = part * part * (3.0 - 2.0 * part)
    return eased

"""Relevance maps as vectors that can be compared: small, of one length, and turned the same way."""

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float64]


def descriptors(maps: NDArray[np.floating], grid: int, upright: bool) -> Maps:
    """Describe maps by vectors.

    Parameters
    ----------
    maps
        N x S x S, signed.
    grid
        Places a side; not above S.
    upright
        Whether maps are turned first, see `turned`.

    Returns
    -------
    array
        N x grid², rows of length 1; 0 where a map is empty.
    """
    shown = np.asarray(maps, dtype=np.float64)
    shown = turned(shown) if upright else shown
    flat = shrunk(shown, min(grid, shown.shape[1])).reshape(len(shown), -1)
    size = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(size > 0, size, 1)


def unit_descriptors(features: NDArray[np.floating], like: NDArray[np.floating]) -> Maps:
    """Describe images by units in front of the last layer.

    Parameters
    ----------
    features
        N x K.
    like
        M x K, whose means and standard deviations each unit is measured by.

    Returns
    -------
    array
        N x K, rows of length 1.
    """
    spread = like.std(axis=0, dtype=np.float64)
    found = (features - like.mean(axis=0, dtype=np.float64)) / np.where(spread > 0, spread, 1)
    size = np.linalg.norm(found, axis=1, keepdims=True)
    shown: Maps = found / np.where(size > 0, size, 1)
    return shown


def turned(maps: Maps) -> Maps:
    """Mirror each map so that its positive relevance lies to the right, and there below the middle by no more.

    The eight ways in which a square can lie become one: the middle of the positive relevance comes to lie where
    across >= down >= 0. A map whose relevance is the same on all sides hardly changes.
    """
    size = maps.shape[1]
    place = np.arange(size) - (size - 1) / 2
    positive = np.maximum(maps, 0)
    across, down = (positive.sum(axis=axis) @ place for axis in (1, 2))
    found = maps.copy()
    found[across < 0] = found[across < 0][:, :, ::-1]
    found[down < 0] = found[down < 0][:, ::-1]
    steep = np.abs(down) > np.abs(across)
    found[steep] = found[steep].swapaxes(1, 2)
    return found


def shrunk(maps: Maps, grid: int) -> Maps:
    """Average maps over `grid` x `grid` fields; where a side cannot be divided, fields differ by a row."""
    edges = np.linspace(0, maps.shape[1], grid + 1).round().astype(int)
    rows = np.add.reduceat(maps, edges[:-1], axis=1)
    cells: Maps = np.add.reduceat(rows, edges[:-1], axis=2)
    size = np.diff(edges)
    return cells / (size[:, None] * size[None, :])

"""One method on every image against another method on every image: their agreement and its control.

Explanations agree to some extent whatever the image shows, because objects are photographed in the middle and because
large masks overlap. How much that is tells the same comparison across images: the map of one method on one image,
that of the other method on another image.
"""

import numpy as np
from numpy.typing import NDArray

PIXELS = 8192  # of all masks that are converted at once


def iou_matrix(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the IoU of each mask of `a` with each of `b`.

    Parameters
    ----------
    a, b
        n x P and m x P.

    Returns
    -------
    array
        n x m; NaN where both are empty.
    """
    shared = np.zeros((len(a), len(b)))
    for start in range(0, a.shape[1], PIXELS):
        block = slice(start, start + PIXELS)
        # Sums of 0 and 1 up to 2**24 are exact in float32, whatever the order.
        shared += a[:, block].astype(np.float32) @ b[:, block].astype(np.float32).T
    union = a.sum(axis=1)[:, None] + b.sum(axis=1)[None, :] - shared
    return np.divide(shared, union, out=np.full(shared.shape, np.nan), where=union > 0)


def matched_iou_matrix(ranked: NDArray[np.int32], selected: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the IoU of each graded map with each selection, the map cut to as many pixels as the selection has.

    Parameters
    ----------
    ranked
        n x P: ranks of the pixels of graded maps, 0 the highest.
    selected
        m x P.

    Returns
    -------
    array
        n x m; NaN for a selection of nothing or of the whole frame, where any map would agree as well.
    """
    found = np.full((len(ranked), len(selected)), np.nan)
    for column, mask in enumerate(selected):
        pixels = np.count_nonzero(mask)
        if 0 < pixels < mask.size:
            shared = np.count_nonzero(ranked[:, mask] < pixels, axis=1)
            found[:, column] = shared / (2 * pixels - shared)
    return found


def spearman_matrix(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank correlation of each map of one method with each of another.

    Parameters
    ----------
    a, b
        n x P and m x P: what `lucidag.ground.statistics.correlation.centred_ranks` gives of them.

    Returns
    -------
    array
        n x m; NaN for constant maps.
    """
    norms = [np.sqrt(np.einsum("ij,ij->i", each, each)) for each in (a, b)]
    norm = norms[0][:, None] * norms[1][None, :]
    return np.divide(a @ b.T, norm, out=np.full(norm.shape, np.nan), where=norm > 0)


def with_others(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each image the mean over all other images, of both methods' maps of it.

    Parameters
    ----------
    matrix
        n x n: row i is image i under the first method, column j image j under the second. The own pairing, on
        the diagonal, is left out.

    Returns
    -------
    array
        n; NaN where no other image gives a value.
    """
    others = np.where(np.eye(len(matrix), dtype=bool), np.nan, matrix)
    both = np.concatenate([others, others.T], axis=1)
    count = np.count_nonzero(~np.isnan(both), axis=1)
    return np.divide(np.nansum(both, axis=1), count, out=np.full(len(matrix), np.nan), where=count > 0)

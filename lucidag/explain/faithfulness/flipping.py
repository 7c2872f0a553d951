"""Pixel flipping: what the class's probability does while the pixels change in the order of an explanation.

Samek, Binder, Montavon, Lapuschkin, Müller (IEEE TNNLS 2017); the areas under both curves as Petsiuk, Das, Saenko,
*RISE* (BMVC 2018). There a pixel is deleted to grey and inserted into a blur; here both have one baseline, so that
they share their ends.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray


def shares(steps: int) -> NDArray[np.float64]:
    """Return the shares of the pixels at which a curve is known: 0 to 1."""
    return np.linspace(0, 1, steps + 1)


def flipped(
    start: torch.Tensor, end: torch.Tensor, ranks: NDArray[np.integer], at: NDArray[np.float64]
) -> Iterator[torch.Tensor]:
    """Turn one image into another, pixel by pixel.

    Parameters
    ----------
    start, end
        C x S x S. From the image to its baseline is deletion, from the baseline to the image is insertion.
    ranks
        S x S: when each pixel's turn is, from 0; all its channels change together.
    at
        The shares of the pixels that have changed.

    Yields
    ------
    float32 C x S x S
        At each share.
    """
    turn = torch.from_numpy(np.ascontiguousarray(ranks))
    for share in at:
        yield torch.where(turn < round(share * ranks.size), end, start)


def area(values: NDArray[np.float64]) -> float:
    """Return the area under a curve at equally spaced shares from 0 to 1 (trapezoids)."""
    return float(np.trapezoid(values, dx=1 / (len(values) - 1)))

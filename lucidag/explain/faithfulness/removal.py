"""What the class's probability does while pixels change in the order of an explanation: pixel flipping, and ROAD.

Flipping: Samek, Binder, Montavon, Lapuschkin, Müller (IEEE TNNLS 2017); the areas under both curves as Petsiuk, Das,
Saenko, *RISE* (BMVC 2018). There a pixel is deleted to grey and inserted into a blur; here both have one baseline, so
that they share their ends.

ROAD removes pixels by guessing them from their surroundings, so that the removal itself tells nothing: Rong, Leemann,
Borisov, Kasneci, Kasneci, *A consistent and efficient evaluation strategy for attribution methods* (ICML 2022). Their
noisy linear imputation is that of pytorch-grad-cam. Not used of that package is the choice of the pixels, by a
percentile of the map: where many pixels are equal (zeros of a class activation map, superpixels) it takes all or none
of them, and if it takes all there is nothing to guess from. Here exactly the share asked for is removed, equal pixels
in a random order. Neither is its noise, which no seed of ours reaches and which differs by method.
"""

from collections.abc import Iterator, Sequence

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


def imputed(x: torch.Tensor, removed: NDArray[np.bool_], noise: torch.Tensor) -> torch.Tensor:
    """Replace pixels by weighted means of their eight neighbours, all solved at once, plus noise.

    Parameters
    ----------
    x
        float32 C x S x S.
    removed
        S x S: the pixels to guess; not all of them.
    noise
        C x S x S: added where a pixel is replaced.
    """
    if not removed.any():
        return x
    # Imported here: it brings matplotlib and scikit-learn, which only this metric needs.
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer

    guess: torch.Tensor = NoisyLinearImputer(noise=0)(x, torch.from_numpy((~removed).astype(np.float32)))
    return guess + noise * torch.from_numpy(removed)


def removals(
    x: torch.Tensor, ranks: NDArray[np.integer], shares: Sequence[float], noise: torch.Tensor
) -> Iterator[torch.Tensor]:
    """Give the image without its most relevant pixels at each share, then without its least relevant ones.

    Parameters
    ----------
    x
        float32 C x S x S.
    ranks
        S x S: the pixels' ranks from 0, the most relevant.
    shares
        Of the pixels that are removed, each between 0 and 1.
    noise
        See `imputed`.
    """
    for order in (ranks, ranks.size - 1 - ranks):
        for share in shares:
            yield imputed(x, order < round(share * ranks.size), noise)


def road(most: NDArray[np.float64], least: NDArray[np.float64]) -> float:
    """Return half the mean of the class's probability without the least, minus that without the most, relevant pixels.

    It is ``ROADCombined`` of pytorch-grad-cam: above 0 where the most relevant pixels matter more than the least.
    """
    return float((least - most).mean() / 2)

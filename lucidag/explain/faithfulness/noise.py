"""Changes of an image that all methods meet alike: noise, squares, and what takes the place of a pixel."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lucidag.explain.faithfulness.settings import MEAN

Square = tuple[slice, slice]


def uniform_noise(
    shape: tuple[int, ...], radius: float, std: Sequence[float], draws: int, seed: Sequence[int]
) -> Iterator[torch.Tensor]:
    """Draw noise from the ball of the maximum norm; the first draws are the same whatever their number.

    Parameters
    ----------
    shape
        C, S, S.
    radius
        Of the ball, as a share of the range from black to white.
    std
        What the images were divided by when they were normalised, one number or one per channel: that range is
        1 / std wide.
    draws
        Number of draws.
    seed
        Of the draws.

    Yields
    ------
    float32 C x S x S
    """
    generator = np.random.default_rng(seed)
    widths = radius / np.asarray(std, dtype=np.float32).reshape(-1, 1, 1)
    for _ in range(draws):
        yield torch.from_numpy(generator.uniform(-1, 1, shape).astype(np.float32) * widths)


def random_squares(size: int, largest: float, draws: int, seed: Sequence[int]) -> Iterator[Square]:
    """Draw squares inside the frame, their sides from 1 pixel to `largest` (a share of `size`), all equally likely."""
    generator = np.random.default_rng(seed)
    most = max(1, round(largest * size))
    for _ in range(draws):
        side = int(generator.integers(1, most + 1))
        top, left = (int(each) for each in generator.integers(0, size - side + 1, 2))
        yield slice(top, top + side), slice(left, left + side)


def baseline(x: torch.Tensor, kind: str, blur: float) -> torch.Tensor:
    """Give what an image (C x S x S) looks like without what it shows.

    Parameters
    ----------
    x
        The image.
    kind
        ``mean``: its mean colour. ``blur``: a Gaussian blur of it.
    blur
        Standard deviation of the blur as a share of S.
    """
    if kind == MEAN:
        return x.mean(dim=(1, 2), keepdim=True).expand_as(x).contiguous()
    sigma = blur * x.shape[-1]
    blurred: NDArray[np.float32] = gaussian_filter(x.cpu().numpy(), (0, sigma, sigma), mode="reflect")
    return torch.from_numpy(blurred)

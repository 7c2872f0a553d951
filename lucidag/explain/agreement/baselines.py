"""Maps that know nothing of the image: what any explanation must beat."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lucidag.ground.statistics.ranks import tie_seed

CENTRE, RANDOM = "centre", "random"
TITLES = {CENTRE: "centre of the frame", RANDOM: "smooth noise"}


def centre(size: int, sigma: float = 0.25) -> NDArray[np.float32]:
    """Return a Gaussian at the frame's centre, 1 at most: most objects are photographed in the middle.

    Parameters
    ----------
    size
        S, the side of the frame.
    sigma
        Its standard deviation as a share of S.

    Returns
    -------
    array
        float32 S x S.
    """
    line = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / (sigma * size)) ** 2)
    return (np.outer(line, line) / line.max() ** 2).astype(np.float32)


def random(size: int, seed: int, image: str, draws: int = 20, grid: int = 7) -> list[NDArray[np.float32]]:
    """Return maps as smooth as a class activation map of a last layer, of uniform noise.

    Parameters
    ----------
    size
        S, the side of the frame.
    seed, image
        Each image has draws of its own.
    draws
        Number of maps.
    grid
        Side of the noise, before it is brought to S x S bilinearly.

    Returns
    -------
    list of array
        float32 S x S, scaled to [0, 1].
    """
    generator = np.random.default_rng(tie_seed(seed, image))
    return [_scaled(_upsampled(generator.random((grid, grid), dtype=np.float32), size)) for _ in range(draws)]


def _upsampled(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    return np.array(Image.fromarray(values).resize((size, size), Image.Resampling.BILINEAR))


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = values.max() - values.min()
    return (values - values.min()) / (spread if spread else 1)

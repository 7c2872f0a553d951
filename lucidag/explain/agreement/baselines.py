"""Maps that know nothing of the image: what any explanation must beat."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lucidag.ground.statistics.ranks import tie_seed

CENTRE, RANDOM = "centre", "random"
GRID = 7  # the side of the noise, before it is brought to S x S bilinearly
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


def random(size: int, seed: int, image: str, draws: int) -> list[NDArray[np.float32]]:
    """Return maps as smooth as a class activation map of a last layer, of uniform noise.

    Parameters
    ----------
    size
        S, the side of the frame.
    seed, image
        Each image has draws of its own.
    draws
        Number of maps.

    Returns
    -------
    list of array
        float32 S x S, scaled to [0, 1].
    """
    generator = np.random.default_rng(tie_seed(seed, image))
    noise = (Image.fromarray(generator.random((GRID, GRID), dtype=np.float32)) for _ in range(draws))
    return [_scaled(np.array(each.resize((size, size), Image.Resampling.BILINEAR))) for each in noise]


def _scaled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = values.max() - values.min()
    return (values - values.min()) / (spread if spread else 1)

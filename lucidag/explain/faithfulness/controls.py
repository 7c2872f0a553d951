"""Two explanations that look at neither image nor network, which any method must beat."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.explain.agreement.baselines import CENTRE, RANDOM, centre, random
from lucidag.explain.methods.explainer import Explainer


def controls(size: int, seed: int, image: str) -> Explainer:
    """Make an explainer that looks at neither image nor network: a blob in the centre, and smooth noise.

    Parameters
    ----------
    size
        S, the side of the image.
    seed, image
        Each image has a random map of its own, which stays the same whatever happens to the image.
    """
    maps = {CENTRE: centre(size), RANDOM: random(size, seed, image, draws=1)[0]}

    def function(x: torch.Tensor, _: int) -> Mapping[str, NDArray[np.float32]]:
        return {method: np.repeat(values[None], len(x), axis=0) for method, values in maps.items()}

    return Explainer(tuple(maps), function)

"""Small images whose explanations are made up."""

import numpy as np
import pytest

from lucidag.explain.store import About, Explained


@pytest.fixture(scope="session")
def explained():
    """Return a function that wraps maps as an image."""

    def make(image, maps, mask=None, segments=None, record=None, frame=None):
        maps = {method: np.asarray(values, dtype=np.float32) for method, values in maps.items()}
        side = next(iter(maps.values())).shape[0]
        if frame is None:
            frame = np.zeros((3, side, side), dtype=np.uint8)
        mask = None if mask is None else np.asarray(mask, dtype=bool)
        about = {"lime": About("LIME", "selection")} if "lime" in maps else {}
        return Explained(image, frame, mask, maps, segments, record or {}, about)

    return make


@pytest.fixture(scope="session")
def planted(explained):
    """Return a function that draws images with one bright spot each, which every method finds up to some noise.

    LIME selects the tiles that the spot covers.
    """

    def make(count, methods=("gradcam", "layercam", "lime"), side=32, noise=0.02, seed=0):
        rng = np.random.default_rng(seed)
        images = []
        y, x = np.mgrid[:side, :side]
        tiles = y // 4 * (side // 4) + x // 4
        for index in range(count):
            centre = rng.uniform(6, side - 6, 2)
            distance = np.hypot(y - centre[0], x - centre[1])
            maps = {}
            for method in methods:
                spot = np.clip(np.exp(-(distance**2) / 50) + rng.normal(0, noise, distance.shape), 0, 1)
                means = np.bincount(tiles.ravel(), spot.ravel()) / 16
                maps[method] = np.where(means > 0.4, means, 0)[tiles] if method == "lime" else spot
            images.append(explained(f"p{index:02d}", maps, distance < 5))
        return images

    return make

"""Made-up JPEGs that weigh about what photographs of their size do."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Pixels of a blotch, and its contrast: coarse ones are strong, fine ones faint, as in photographs.
SCALES = ((100, 50.0), (30, 22.0), (10, 12.0), (3, 8.0))
FINE = ((10, 4.0), (3, 6.0))  # on something drawn


def photographs(
    folder: Path,
    sides: Sequence[tuple[int, int]],
    drawn: Callable[[int], NDArray[np.uint8]] | None = None,
    seed: int = 0,
) -> list[Path]:
    """Write images of these widths and heights, all different, and return where they are.

    Parameters
    ----------
    folder, sides, seed
        Where, how large, and what blotches are drawn from.
    drawn
        A number to a small image (h x w x 3) that is enlarged in place of the coarse blotches.
    """
    draw = np.random.default_rng(seed)
    paths = []
    for place, (width, height) in enumerate(sides):
        values = np.full((height, width, 3), 135, np.float32)
        if drawn is not None:
            values = cv2.resize(drawn(place), (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        for side, contrast in SCALES if drawn is None else FINE:
            coarse = draw.normal(0, contrast, (height // side + 2, width // side + 2, 3)).astype(np.float32)
            values += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        paths.append(folder / f"p{place:05d}.jpg")
        Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(paths[-1], quality=90)
    return paths

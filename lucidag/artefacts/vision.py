"""What a finder gives, and what all finders share."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError

SMALLEST = 8  # pixels per side


@dataclass(frozen=True)
class Finding:
    """What a finder sees in one image.

    Attributes
    ----------
    score
        The higher, the more likely the artefact is there; its unit is the finder's own.
    mask
        bool H x W: the pixels of the best candidate, whatever its score; none where there is no candidate.
    """

    score: float
    mask: NDArray[np.bool_]


def colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give an image with one or three channels as uint8 H x W x 3.

    Raises
    ------
    InputError
        If it is anything else, or smaller than 8 pixels per side.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise InputError(f"an image is {image.dtype} {image.shape}; it must be uint8 H x W x 1 or x 3")
    if min(image.shape[:2]) < SMALLEST:
        raise InputError(f"an image is {image.shape[1]} x {image.shape[0]} pixels; each side needs {SMALLEST} or more")
    return np.ascontiguousarray(np.repeat(image, 3 // image.shape[2], axis=2))


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the brightness of an image: uint8 H x W."""
    found: NDArray[np.uint8] = cv2.cvtColor(colour(image), cv2.COLOR_RGB2GRAY)
    return found


def lit(light: NDArray[np.uint8]) -> float:
    """Give the brightness of the lit part of an image, however much of it a ring covers: the 90th percentile."""
    return float(np.percentile(light, 90))


def odd(size: float) -> int:
    """Give the odd number of pixels at or below `size`, at least 3: a kernel with a middle."""
    return max(3, (round(size) - 1) // 2 * 2 + 1)


def ellipse(size: int) -> NDArray[np.uint8]:
    """Give a round kernel of `size` pixels."""
    kernel: NDArray[np.uint8] = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return kernel


def components(mask: NDArray[np.bool_], neighbours: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Label connected pixels: numbers H x W (0 is the background), and left, top, width, height, area a number."""
    _, numbers, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=neighbours)
    return numbers, boxes


def outside(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the part of `dark` (H x W) that is connected with the edge of the frame."""
    framed = np.pad(dark, 1, constant_values=True)
    numbers, _ = components(framed, 4)
    return np.asarray((numbers == numbers[0, 0])[1:-1, 1:-1])

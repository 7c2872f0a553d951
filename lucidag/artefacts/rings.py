"""The dark ring of a round aperture: black corners, and the share of the frame outside the circle."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.vision import Finding, colour, grey, lit, outside

CORNER = 10 / 256  # of each side: 10 x 10 pixels of an image of 256 x 256
BLACK = 10.0  # of 255
LEVEL = 100.0
SIZES = ((0.01, "other"), (0.25, "small"), (0.5, "medium"), (1.01, "large"))


def ring(image: NDArray[np.uint8]) -> Finding:
    """Find four black corners.

    The heuristic calls an image ringed if each of the four corners of 10 x 10 pixels has a mean below 10 of 255, in a
    image of 256 x 256. Here the corners are the same share of the height and of the width, so that images of any
    size need not be resized.

    Returns
    -------
    Finding
        ``score`` 255 less the mean of the brightest corner, so that the heuristic is score > 245; ``mask`` the pixels
        below the level of `dark_level` and connected with a corner.
    """
    values = colour(image)
    height, width = values.shape[:2]
    rows, columns = max(1, round(CORNER * height)), max(1, round(CORNER * width))
    corners = (
        values[:rows, :columns],
        values[:rows, -columns:],
        values[-rows:, :columns],
        values[-rows:, -columns:],
    )
    light = grey(image)
    dark = outside(light < dark_level(light))
    return Finding(255.0 - max(float(corner.mean()) for corner in corners), dark)


def dark_corner(image: NDArray[np.uint8]) -> Finding:
    """Find what lies outside the circle of the aperture.

    As in dermoscopic practice: the image in grey, what is brighter than 100, the largest contour of that, its least
    enclosing circle. The level is lower in a dark image, see `dark_level`.

    Returns
    -------
    Finding
        ``score`` the share of the frame outside the circle, see `size`; ``mask`` these pixels.
    """
    light = grey(image)
    bright = (light > dark_level(light)).astype(np.uint8)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return Finding(1.0, np.ones(light.shape, dtype=np.bool_))
    (x, y), radius = cv2.minEnclosingCircle(max(contours, key=cv2.contourArea))
    rows, columns = np.ogrid[: light.shape[0], : light.shape[1]]
    beyond = np.hypot(columns - x, rows - y) > radius
    return Finding(float(beyond.mean()), beyond)


def dark_level(light: NDArray[np.uint8]) -> float:
    """Give the grey below which a pixel is dark: 100, or less in a dark image, where skin itself is below 100.

    That is 0.6 of the median and half of the lit part's brightness, whichever is less, since a large lesion lowers the
    one and a highlight raises the other; but at least a fifth of the lit part's, for rings over more than half.
    """
    bright = lit(light)
    return min(LEVEL, max(0.2 * bright, min(0.6 * float(np.median(light)), 0.5 * bright)))


def size(share: float) -> str:
    """Name the size of dark corners: other (below 1 % of the frame), small, medium (from 25 %), large (from 50 %)."""
    return next(name for limit, name in SIZES if share < limit)

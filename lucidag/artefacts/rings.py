"""The dark ring of a round aperture: black corners, and the share of the frame outside the circle."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.vision import Finding, View, lit, outside

CORNER = 10 / 256  # of each side: 10 x 10 pixels of an image of 256 x 256
BLACK = 10.0  # of 255
LEVEL = 100.0
FULL = 0.8  # of its circle: the least that an aperture fills
LEAST_BAR = 0.97  # of the image: what is bright has no bars beside it if it is more
BARS = 0.02  # of what is bright: with less in its corners, the dark beside it is bars
SIZES = ((0.01, "other"), (0.25, "small"), (0.5, "medium"), (1.01, "large"))


def ring(seen: View) -> Finding:
    """Find four black corners.

    The heuristic calls an image ringed if each of the four corners of 10 x 10 pixels has a mean below 10 of 255, in a
    image of 256 x 256. Here the corners are the same share of the height and of the width.

    Returns
    -------
    Finding
        ``score`` 255 less the mean of the brightest corner, so that the heuristic is score > 245, and 0 where nothing
        in the image is lit; ``mask`` the pixels below the level of `dark_level` and connected with a corner.
    """
    values, light = seen.pixels, seen.grey
    if lit(light) <= BLACK:
        return Finding(0.0, np.zeros(light.shape, dtype=np.bool_))
    rows, columns = (max(1, round(CORNER * side)) for side in light.shape)
    corners = (
        values[:rows, :columns],
        values[:rows, -columns:],
        values[-rows:, :columns],
        values[-rows:, -columns:],
    )
    dark = outside(light < dark_level(light))
    return Finding(255.0 - max(float(corner.mean()) for corner in corners), dark)


def dark_corner(seen: View) -> Finding:
    """Find what lies outside the circle of the aperture.

    As in dermoscopic practice: the image in grey, what is brighter than 100, the largest contour of that, its least
    enclosing circle. The level is lower in a dark image, see `dark_level`. An aperture fills its circle: something
    bright on a dark ground of its own, which does not, has no dark corners, nor has an image with dark bars at its
    sides, whose circle leaves nothing dark in the corners of the rest.

    Returns
    -------
    Finding
        ``score`` the share of the image outside the circle, see `size`; ``mask`` these pixels. Practice calls below
        1 % none, but people flag corners from 0.1 % on.
    """
    light = seen.grey
    nothing = Finding(0.0, np.zeros(light.shape, dtype=np.bool_))
    bright = (light > dark_level(light)).astype(np.uint8)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours or lit(light) <= BLACK:
        return nothing
    largest = max(contours, key=cv2.contourArea)
    (x, y), radius = cv2.minEnclosingCircle(largest)
    rows, columns = np.ogrid[: light.shape[0], : light.shape[1]]
    beyond = np.hypot(columns - x, rows - y) > radius
    left, top, wide, high = cv2.boundingRect(largest)
    corners = beyond[top : top + high, left : left + wide]
    hull = cv2.fillConvexPoly(np.zeros_like(light), cv2.convexHull(largest), 1)
    if hull.sum() < FULL * (~beyond).sum():
        return nothing
    if corners.mean() < BARS and corners.size < LEAST_BAR * beyond.size:
        beyond = np.zeros_like(beyond)
        beyond[top : top + high, left : left + wide] = corners
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

"""The superpixels that speak for a class and those that speak against it, outlined in the image."""

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from lucidag.figures.overlay import rgb
from lucidag.figures.style import BLACK, SKY, YELLOW

FOR, AGAINST, CASING = YELLOW, SKY, BLACK
THIN = 112  # frames up to this size get lines one pixel wide, without casing
FADED = 0.55


def outlines(
    frame: NDArray[np.uint8], segments: NDArray[np.integer], weights: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """Draw the boundaries of the superpixels that have a weight: yellow for the class, blue against it.

    Parameters
    ----------
    frame
        uint8 C x S x S, C 1 or 3.
    segments
        S x S: the superpixels.
    weights
        S x S: the weight of the superpixel that each pixel belongs to.

    Returns
    -------
    array
        uint8 S x S x 3. A line lies inside its superpixel, with a dark casing on the inner side; every other pixel is
        as it was.
    """
    drawn = rgb(frame).copy()
    width = max(1, round(drawn.shape[0] / THIN))
    line = near_boundary(segments, width)
    casing = near_boundary(segments, width + 1) & ~line & (drawn.shape[0] > THIN)
    drawn[casing & (weights != 0)] = colour_bytes(CASING)
    drawn[line & (weights > 0)] = colour_bytes(FOR)
    drawn[line & (weights < 0)] = colour_bytes(AGAINST)
    return drawn


def near_boundary(segments: NDArray[np.integer], width: int) -> NDArray[np.bool_]:
    """Return the pixels with another superpixel at most `width` pixels away (in rows and in columns)."""
    side = 2 * width + 1
    return np.asarray(minimum_filter(segments, side) != maximum_filter(segments, side))


def faded(frame: NDArray[np.uint8], kept: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a frame (C x S x S) whose pixels outside `kept` (S x S) are faded to a light grey version of theirs."""
    grey = frame.mean(axis=0, keepdims=True) * (1 - FADED) + 255 * FADED
    return np.where(kept, frame, np.rint(grey).astype(np.uint8))


def colour_bytes(colour: str) -> NDArray[np.uint8]:
    """Return a colour as its three bytes."""
    return np.rint(np.array(to_rgb(colour)) * 255).astype(np.uint8)

"""A map painted on its image, in the frame that the network sees."""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray
from PIL import Image

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic

# On photographs a map of few hues is lost (tried: inferno, plasma, YlOrRd); turbo's many stay visible on all of them.
# It is smooth, and the opacity grows with the map too. Its darkest ends are left out.
HEAT = ListedColormap(colormaps["turbo"](np.linspace(0.05, 0.93, 256)), name="heat")
OPACITY, GAMMA = 0.65, 0.6


def overlay(frame: NDArray[np.uint8], values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Paint a map on its image: the higher, the more it covers; at 0 the image is as it was.

    Parameters
    ----------
    frame
        uint8 C x S x S, C 1 or 3.
    values
        S x S from 0 to 1; what lies outside is cut.

    Returns
    -------
    array
        uint8 S x S x 3.
    """
    heat = np.clip(np.asarray(values, dtype=np.float64), 0, 1)
    opacity = OPACITY * heat[:, :, None] ** GAMMA
    return np.rint(rgb(frame) * (1 - opacity) + HEAT(heat)[:, :, :3] * 255 * opacity).astype(np.uint8)


def signed_colours(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Paint a map in red where it is above 0 and blue where below, white at 0; the greatest value has full colour.

    Parameters
    ----------
    values
        S x S, finite. A map of zeros is white.

    Raises
    ------
    InputError
        For values that are not finite.
    """
    heat = np.asarray(values, dtype=np.float64)
    if not np.isfinite(heat).all():
        raise InputError("signed map: it holds values that are not finite, so it has no colours")
    share = heat / (np.abs(heat).max() or 1.0)
    pale = np.rint(255 * (1 - np.abs(share)))
    full = np.full_like(pale, 255)
    return np.stack([np.where(share < 0, pale, full), pale, np.where(share < 0, full, pale)], axis=-1).astype(np.uint8)


def grey_mask(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return a map from 0 to 1 as grey values from 0 to 255; what lies outside is cut."""
    return np.rint(np.clip(np.asarray(values, dtype=np.float64), 0, 1) * 255).astype(np.uint8)


def rgb(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a frame C x S x S (C 1 or 3) as an image S x S x 3."""
    return np.repeat(frame, 3 // len(frame), axis=0).transpose(1, 2, 0)


def write_png(path: str | Path, image: NDArray[np.uint8]) -> None:
    """Write an image, S x S (grey) or S x S x 3, as PNG in its own size, whole or not at all."""
    with atomic(path) as partial:
        Image.fromarray(np.ascontiguousarray(image)).save(partial, format="PNG", optimize=True)

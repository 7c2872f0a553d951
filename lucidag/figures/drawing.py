"""An explanation as an image, by what its map is: painted on its image, in two colours, or outlined."""

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.agreement.masks import evidence
from lucidag.explain.store import Explained
from lucidag.figures.outlines import faded, outlines
from lucidag.figures.overlay import grey_mask, overlay, rgb, signed_colours


def drawn(explained: Explained, method: str) -> NDArray[np.uint8]:
    """Draw a method's map of an image.

    A graded map is painted on the image, a signed one in red (for the class) and blue (against it), and of a selection
    the superpixels are outlined in the image.

    Returns
    -------
    array
        uint8 S x S x 3.
    """
    values, kind = explained.maps[method], explained.kind(method)
    if kind == "graded":
        return overlay(explained.frame, values)
    if kind == "signed":
        return signed_colours(values) if np.isfinite(values).all() else rgb(explained.frame)
    segments = explained.segments
    if segments is None:
        segments = np.unique(values, return_inverse=True)[1].reshape(values.shape).astype(np.int32)
    return outlines(faded(explained.frame, values > 0), segments, values)


def mask_of(explained: Explained, method: str) -> NDArray[np.uint8]:
    """Draw what a map says for the class as grey values, S x S: of a selection black and white."""
    values, kind = explained.maps[method], explained.kind(method)
    if kind == "selection":
        return np.where(values > 0, 255, 0).astype(np.uint8)
    return grey_mask(np.nan_to_num(evidence(values, kind), posinf=1))

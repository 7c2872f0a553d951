"""Artefacts put into an image, and taken out of it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.vision import colour, ellipse
from lucidag.data.lesions import PATCH_COLOURS, paint_patch, paint_ring
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

KINDS = ("patch", "ring", "dark_corner")
MARGIN = 2 / 256  # of the longer side: soft edges around a mask go with it

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]
NEAR = 3.0  # pixels: how far around a pixel the filling looks


def paste(image: NDArray[np.uint8], kind: str, seed: int) -> tuple[NDArray[np.uint8], Mask]:
    """Paint an artefact into an image, as `lucidag.data.lesions` draws it.

    Parameters
    ----------
    image
        uint8 H x W x 1 or x 3; grey becomes colour.
    kind
        ``patch`` (a coloured patch whose middle is on the rim of the frame, on the side whose surroundings are most
        even: lesions are left free), ``ring`` (a black ring that covers the corners) or ``dark_corner`` (grey, soft
        corners of a wider circle).
    seed
        Of its place, size and colour, which depend on nothing else but for the side that the patch is on.

    Returns
    -------
    image, mask
        uint8 H x W x 3; bool H x W, the pixels of the artefact with its soft edge: all others are as they were.

    Raises
    ------
    InputError
        If the kind does not exist, or the image is none.
    """
    check_known("kind of artefact", kind, KINDS)
    values = colour(image)
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    painted = values.transpose(2, 0, 1).astype(np.float32)
    mask = _patch(rng, painted, values) if kind == "patch" else _aperture(rng, painted, kind == "ring")
    after = np.clip(painted + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return after, mask | (after != values).any(axis=2)


def remove(image: NDArray[np.uint8], mask: Mask) -> NDArray[np.uint8]:
    """Fill a mask with its surroundings.

    What was under the artefact is not known: this is inpainting (Telea 2004, Journal of Graphics Tools), smooth where
    the mask is wide. As a control, fill a mask of the same size where there is no artefact.

    Parameters
    ----------
    image
        uint8 H x W x 1 or x 3.
    mask
        bool H x W, widened by about 1 % of the side, since the edge of an artefact is soft.

    Returns
    -------
    array
        uint8 H x W x 3; the image itself for an empty mask.

    Raises
    ------
    InputError
        If the mask has another size or covers everything.
    """
    values = colour(image)
    if mask.shape != values.shape[:2]:
        raise InputError(f"the mask is {mask.shape}, the image {values.shape[:2]}")
    if not mask.any():
        return values
    wide = widened(mask)
    if wide.all():
        raise InputError("the mask covers the whole image, so there is nothing to fill it with")
    filled: NDArray[np.uint8] = cv2.inpaint(values, wide.astype(np.uint8), NEAR, cv2.INPAINT_TELEA)
    return filled


def widened(mask: Mask) -> Mask:
    """Give a mask (bool H x W) with the soft edge around it."""
    margin = max(1, round(MARGIN * max(mask.shape)))
    return cv2.dilate(mask.astype(np.uint8), ellipse(2 * margin + 1)) > 0


def _places(shape: tuple[int, int], unit: float) -> tuple[Array, Array]:
    """Give the places of columns (1 x W) and rows (H x 1), 0 in the middle, in units of `unit` pixels."""
    rows, columns = (np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2) for size in shape)
    return (columns / np.float32(unit))[None, :], (rows / np.float32(unit))[:, None]


def _patch(rng: np.random.Generator, painted: Array, values: NDArray[np.uint8]) -> Mask:
    """Paint a patch on the rim where what it hides varies least, of eight places."""
    height, width = painted.shape[1:]
    unit = (min(height, width) - 1) / 2
    x, y = _places((height, width), unit)
    across, down = float(x.max()), float(y.max())
    turns, reach = rng.uniform(0, 2 * np.pi, 8), min(rng.uniform(0.85, 1.10), 1.05)
    half, stretch = float(rng.uniform(0.32, 0.60)), float(rng.uniform(0.85, 1.15))
    tint = PATCH_COLOURS[int(rng.integers(len(PATCH_COLOURS)))] * np.float32(rng.uniform(0.75, 1.05))
    scale = reach / np.maximum(np.abs(np.cos(turns)) / across, np.abs(np.sin(turns)) / down)
    places = np.stack([np.cos(turns) * scale, np.sin(turns) * scale], axis=1)
    light = values.mean(axis=2)
    spread = [light[np.hypot(x - px, y - py) < half].std() for px, py in places]
    px, py = places[int(np.argmin(spread))]
    return paint_patch(painted, x, y, (float(px), float(py)), half, stretch, tint)


def _aperture(rng: np.random.Generator, painted: Array, black: bool) -> Mask:
    """Paint a ring; a unit is the half side of the square with the image's diagonal, so that corners are reached."""
    height, width = painted.shape[1:]
    x, y = _places((height, width), float(np.hypot(height - 1, width - 1)) / np.sqrt(8))
    middle = rng.normal(0, 0.02, 2).astype(np.float32)
    radius = rng.uniform(0.90, 1.06) if black else rng.uniform(1.12, 1.28)
    light = rng.uniform(2, 7) if black else rng.uniform(15, 45)
    return paint_ring(painted, x, y, (middle[0], middle[1]), radius, light, 0.03 if black else 0.06)

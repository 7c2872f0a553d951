"""Images and maps small enough for a page."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.measure import block_reduce
from skimage.transform import resize

QUALITY = 70
LEVELS = 15  # of four bits
MIDDLE = 7  # stands for zero in a signed map


def thumbnail(image: NDArray[np.uint8], side: int) -> str:
    """Return an image (H x W x C or C x H x W bytes) as WebP in base64, shrunk into a square."""
    pixels = image if image.ndim == 2 or image.shape[-1] in (1, 3) else np.moveaxis(image, 0, -1)
    small = Image.fromarray(pixels.squeeze() if pixels.shape[-1] == 1 else pixels).convert("RGB")
    if max(small.size) > side:
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=6)
    return base64.b64encode(out.getvalue()).decode("ascii")


def coarse(values: NDArray[np.floating], side: int) -> NDArray[np.floating]:
    """Return a map S x S with side x side places, each the mean of what it stands for."""
    size = values.shape[0]
    if size <= side:
        return values
    if size % side == 0:
        return block_reduce(values, (size // side, size // side), np.mean).astype(np.float32)
    return resize(values, (side, side), order=1, anti_aliasing=True, preserve_range=True).astype(np.float32)


def nibbles(values: NDArray[np.floating], signed: bool) -> NDArray[np.uint8]:
    """Return a map in four bits, in parts of its greatest size: 0 to 15, or 0 to 14 with zero at 7 if it is signed."""
    found = np.nan_to_num(values)
    most = float(np.abs(found).max())
    if most == 0:
        return np.full(values.shape, MIDDLE if signed else 0, dtype=np.uint8)
    if signed:
        return np.rint(MIDDLE + found / most * MIDDLE).clip(0, 2 * MIDDLE).astype(np.uint8)
    return np.rint(found.clip(0) / most * LEVELS).astype(np.uint8)


def in_letters(maps: NDArray[np.uint8]) -> str:
    """Return maps of four bits as base64, two values a byte, the first in the upper half."""
    flat = maps.reshape(-1)
    even = np.append(flat, 0) if flat.size % 2 else flat
    return base64.b64encode((even[0::2] << 4 | even[1::2]).astype(np.uint8).tobytes()).decode("ascii")

"""What a finder sees and gives, and what all finders share."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.frames import frame
from lucidag.ground.errors import InputError

SMALLEST = 8  # pixels per side
KERNEL = 7  # pixels of a view: what is thinner stands out
SIDE = 256  # pixels: the longer side of every image when finders look at it


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


@dataclass(frozen=True)
class View:
    """An image as all finders look at it: without its frame, and with a longer side of 256 pixels.

    So what a finder measures in pixels is a share of the image, it decides alike at every resolution, and its cost is
    bounded. Much less than what is 1/256 of the image is not seen.

    Attributes
    ----------
    pixels
        uint8 h x w x 3.
    shape
        H, W of the image with its frame.
    inside
        The rows and columns of the image inside the frame.
    """

    pixels: NDArray[np.uint8]
    shape: tuple[int, int]
    inside: tuple[slice, slice]

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """The brightness: uint8 h x w."""
        found: NDArray[np.uint8] = cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY)
        return found

    @cached_property
    def thin(self) -> NDArray[np.float32]:
        """How much darker than its surroundings each thin structure is (h x w); 0 near dark corners."""
        light, kernel = self.grey, ellipse(KERNEL)
        hat = cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, kernel, borderType=cv2.BORDER_REPLICATE)
        dark = cv2.GaussianBlur(light, (0, 0), 3) < 0.3 * lit(light)
        values: NDArray[np.float32] = hat.astype(np.float32)
        values[cv2.dilate(dark.astype(np.uint8), np.ones((KERNEL + 2, KERNEL + 2), np.uint8)) > 0] = 0
        return values

    @cached_property
    def texture(self) -> float:
        """The contrast of this image's own thin structures: the 80th percentile of `thin`."""
        return float(np.percentile(self.thin, 80))

    @property
    def blur(self) -> float:
        """Pixels of the view that one pixel of the image spreads over, 1 or more: no edge is sharper."""
        return max(1.0, max(self.pixels.shape[:2]) / max(part.stop - part.start for part in self.inside))

    def whole(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give a mask of the view (h x w) in the image (H x W); what touches the frame goes on under it."""
        rows, columns = self.inside
        size = (columns.stop - columns.start, rows.stop - rows.start)
        scaled = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR) > 127
        frames = ((rows.start, self.shape[0] - rows.stop), (columns.start, self.shape[1] - columns.stop))
        return np.pad(scaled, frames, mode="edge")


def view(image: NDArray[np.uint8]) -> View:
    """Give an image (uint8 H x W x 1 or x 3) as finders look at it.

    It is averaged over areas where it shrinks and interpolated where it grows. Images more than 32 times as long as
    wide are stretched, so that 8 pixels are left.

    Raises
    ------
    InputError
        As `colour`.
    """
    values = colour(image)
    inside = frame(values)
    values = values[inside]
    height, width = values.shape[:2]
    scale = SIDE / max(height, width)
    high, wide = (max(SMALLEST, round(scale * side)) for side in (height, width))
    if (high, wide) != (height, width):
        smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        values = cv2.resize(values, (wide, high), interpolation=smooth)
    return View(np.ascontiguousarray(values), (image.shape[0], image.shape[1]), inside)


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
    return np.ascontiguousarray(image if image.shape[2] == 3 else np.repeat(image, 3, axis=2))


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

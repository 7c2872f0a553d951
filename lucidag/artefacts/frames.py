"""The frame that software leaves around an image: a few pixels of one colour on one to four sides."""

import numpy as np
from numpy.typing import NDArray

WIDEST = 8  # pixels
SLACK = 3  # of 255: what is nearer to the frame's colour is of it
SPREAD = 24  # of 255: more than this in a line of pixels is no single colour, be it saved as JPEG


def frame(values: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Give the rows and columns of an image that lie inside its frame.

    A side's outermost lines belong to a frame if they are of one colour (98 % of each line) for at most 8 pixels, and
    most of the next line is of another: a plain background goes on for longer, and the black around a round aperture
    ends somewhere before elsewhere. Sides may differ in colour, and frames may lie in each other. At least half of
    the height and width is left.

    Parameters
    ----------
    values
        uint8 H x W x 3.
    """
    bounds = [[0, size, size // 4] for size in values.shape[:2]]  # first, end, what one side may lose at most
    found = True
    while found:
        found = False
        for axis, (first, end, most) in enumerate(bounds):
            inside = values[bounds[0][0] : bounds[0][1], bounds[1][0] : bounds[1][1]]
            lines = inside if axis == 0 else inside.transpose(1, 0, 2)
            size = values.shape[axis]
            before = _width(lines, min(WIDEST, most) - first)
            after = _width(lines[::-1], min(WIDEST, most) - (size - end))
            bounds[axis][:2] = [first + before, end - after]
            found |= before + after > 0
    (top, bottom, _), (left, right, _) = bounds
    return slice(top, bottom), slice(left, right)


def _width(lines: NDArray[np.uint8], most: int) -> int:
    """Give how many of the first lines (L x P x 3) are frame: `most` or fewer."""
    if most < 1:
        return 0
    near = lines[: most + 1].astype(np.int16)
    middle = np.median(near[0], axis=0)
    low, high = np.percentile(near[0], [1, 99], axis=0)
    if (high - low).max() > SPREAD:
        return 0
    apart = np.abs(near - middle).max(axis=2) > SLACK + (high - low).max()
    differs = apart.mean(axis=1)  # of each line the share that is not of the frame's colour
    ends = np.flatnonzero(differs > 0.02)
    if not len(ends):
        return 0
    end = int(ends[0])
    if differs[end] > 0.5:
        return end
    # JPEG lets colours run over into the frame's last line.
    return end + 1 if end and end + 1 < len(differs) and differs[end + 1] > 0.9 else 0

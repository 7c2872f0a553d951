"""Coloured patches: round, of one colour that skin does not have, at the rim of the frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.vision import Finding, View, components, ellipse, odd, outside

APART = 25.0  # distance from the skin's colour, in a and b of CIELAB
CHROMA = 15.0  # distance from grey: what is below has no colour of its own
EDGE = 3  # pixels: how far beside an outline colours are compared
MIDDLE = slice(3, 5)  # of eight parts of each side: where patches are not
BLACK = 12.0  # lightness, of 100
LEAST_AREA = 0.004  # of the frame
RIM, ARC = 0.06, 0.15  # of the shorter side: how near the rim, and how much of the outline must be seen
MARGIN = 0.03
LEAST_RADIUS, MOST_RADIUS = 0.05, 0.8
ROUNDNESS = 4


def patch(seen: View) -> Finding:
    """Find coloured patches.

    Skin is the median colour of the brighter 60 % of the image. What is at least 25 away from it in the a and b of
    CIELAB, has a colour of its own (15 away from grey, which dark lesions are not) and reaches the rim (of the frame,
    or of the dark ring around it) is a candidate; a circle is fitted to that part of its outline that is not the rim
    itself. A patch differs from a lesion in that it is round, ends at once, and leaves the middle of the image free.

    Returns
    -------
    Finding
        Of the best candidate: ``score`` its distance from the skin's colour, times the fourth power of its overlap
        (IoU) with its circle, times the square of the share of that distance that is passed within a few pixels of its
        outline, times the share of the image's middle that it leaves free; ``mask`` its pixels. An image without
        candidates has 0.
    """
    values = seen.pixels
    short = min(values.shape[:2])
    kernel = odd(short / 60)
    lab = cv2.cvtColor(cv2.medianBlur(values, kernel).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, hue = lab[:, :, 0], lab[:, :, 1:]
    skin = np.median(hue[light >= np.percentile(light, 40)], axis=0)
    distance = np.hypot(hue[:, :, 0] - skin[0], hue[:, :, 1] - skin[1])
    nothing = Finding(0.0, np.zeros(light.shape, dtype=np.bool_))
    if not (distance > APART).any():
        return nothing
    black = outside(light < BLACK)
    # The distance of every pixel from what is outside the image: the frame's edge or the ring.
    away = cv2.distanceTransform(np.pad((~black).astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    found = ((distance > APART) & ~black).astype(np.uint8)
    numbers, boxes = components(cv2.morphologyEx(found, cv2.MORPH_OPEN, ellipse(kernel)) > 0, 4)
    best = nothing
    for number in np.flatnonzero(boxes[:, 4] >= LEAST_AREA * light.size):
        if number == 0:
            continue
        region = numbers == number
        overlap, filled = _roundness(region, black, away, short)
        if overlap > 0:
            inner = cv2.erode(region.astype(np.uint8), ellipse(kernel)) > 0
            middle = hue[inner if inner.any() else region].mean(axis=0)
            if np.hypot(*middle) > CHROMA:
                sharp, mask = _edge(hue - skin, middle - skin, filled, black, seen.blur)
                score = float(np.hypot(*(middle - skin))) * overlap**ROUNDNESS * sharp**2 * _aside(filled)
                best = max(best, Finding(score, mask), key=lambda one: one.score)
    return best


def _edge(
    hue: NDArray[np.float32],
    step: NDArray[np.float32],
    region: NDArray[np.bool_],
    black: NDArray[np.bool_],
    blur: float,
) -> tuple[float, NDArray[np.bool_]]:
    """Give how much of a step in colour is passed near the outline of a region, and the region up to half of it.

    1 is a sharp edge, 0 none. `blur` pixels on either side are left out, as no edge of the image can be sharper.
    """
    shape, passed = region.astype(np.uint8), hue @ (step / (step @ step))
    within = cv2.distanceTransform(np.pad(shape, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    beside = cv2.distanceTransform(1 - shape, cv2.DIST_L2, 5)
    least = 1 + blur
    inner, outer = (passed[(away > least) & (away <= least + EDGE) & ~black] for away in (within, beside))
    sharp = float(np.clip(np.median(inner) - np.median(outer), 0, 1)) if inner.size and outer.size else 0.0
    return sharp, region & ((passed > 0.5) | (within > least + EDGE))


def _aside(region: NDArray[np.bool_]) -> float:
    """Give the share of the middle of an image, a quarter of its height and width, that a region leaves free."""
    rows, columns = (slice(side * MIDDLE.start // 8, side * MIDDLE.stop // 8) for side in region.shape)
    return 1 - float(region[rows, columns].mean())


def _roundness(
    region: NDArray[np.bool_], black: NDArray[np.bool_], away: NDArray[np.float32], short: int
) -> tuple[float, NDArray[np.bool_]]:
    """Give the overlap of a region, its holes filled, with the circle through its outline; 0 if it is no candidate."""
    contours, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)[:, 0]
    filled = cv2.drawContours(np.zeros(region.shape, np.uint8), [outline], -1, 1, -1) > 0
    free = outline[away[outline[:, 1], outline[:, 0]] > max(1.5, MARGIN * short)]
    if away[region].min() > max(1.5, RIM * short) or len(free) < ARC * short:
        return 0.0, filled
    circle = fit_circle(free)
    if circle is None or not LEAST_RADIUS * short <= circle[2] <= MOST_RADIUS * short:
        return 0.0, filled
    x, y, radius = circle
    rows, columns = np.ogrid[: region.shape[0], : region.shape[1]]
    disc = (np.hypot(columns - x, rows - y) < radius) & ~black
    return float((disc & filled).sum() / (disc | filled).sum()), filled


def fit_circle(points: NDArray[np.integer]) -> tuple[float, float, float] | None:
    """Fit a circle (x, y, radius) to P x 2 points by least squares of the algebraic distance; None for a line.

    Kåsa, *A circle fitting procedure and its error analysis* (IEEE Transactions on Instrumentation and Measurement
    1976).
    """
    values = points.astype(np.float64)
    system = np.column_stack([2 * values, np.ones(len(values))])
    (x, y, rest), _, rank, _ = np.linalg.lstsq(system, (values**2).sum(axis=1), rcond=None)
    square = rest + x * x + y * y
    return (float(x), float(y), float(np.sqrt(square))) if rank == 3 and square > 0 else None

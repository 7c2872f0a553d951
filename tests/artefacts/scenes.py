"""Scenes drawn at any resolution: one seed is one scene, whatever the number of pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

PATCHES = ((48, 92, 176), (236, 214, 48), (70, 160, 66), (214, 44, 52), (238, 132, 40))
LESIONS = ((150, 40, 40), (200, 70, 60), (120, 60, 30), (60, 40, 90), (90, 30, 60), (40, 35, 45), (190, 90, 30))


def axes(size: int, tall: float = 0.75) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the places of columns (-1 to 1) and rows, of an image `size` pixels wide."""
    height = round(size * tall)
    x = (np.arange(size) + 0.5) / size * 2 - 1
    y = ((np.arange(height) + 0.5) / height * 2 - 1) * height / size
    return x[None], y[:, None]


def skin(size: int, seed: int, tall: float = 0.75) -> NDArray[np.float64]:
    """Give unevenly lit skin, H x W x 3; a little noise in each pixel."""
    draw = np.random.default_rng(seed)
    tone = np.array([[225, 180, 165], [205, 150, 130], [235, 200, 190]][seed % 3]) + draw.normal(0, 4, 3)
    x, y = axes(size, tall)
    slope = draw.uniform(-0.06, 0.06, 2)
    light = 1 + slope[0] * x + slope[1] * y
    return light[:, :, None] * tone + draw.normal(0, 1.5, (*light.shape, 1))


def cover(pixels: NDArray[np.float64], inside: NDArray[np.float64], colour: object, soft: float) -> None:
    """Paint where `inside` (a distance, positive inside) is; `soft` is half the width of the edge."""
    share = np.clip(0.5 + inside / (2 * max(soft, 1 / pixels.shape[1])), 0, 1)[:, :, None]
    pixels += share * (np.asarray(colour, float) - pixels)


def lesion(pixels: NDArray[np.float64], seed: int, reach: tuple[float, float] = (0.25, 0.5)) -> None:
    """Paint one lesion near the middle; of a brown, red, violet or black that is as strong as lesions get."""
    draw = np.random.default_rng([seed, 1])
    x, y = axes(pixels.shape[1], pixels.shape[0] / pixels.shape[1])
    middle, radius, colour = draw.uniform(-0.2, 0.2, 2), draw.uniform(*reach), LESIONS[seed % len(LESIONS)]
    turn = np.arctan2(y - middle[1], x - middle[0])
    border = radius * (1 + 0.06 * np.sin(3 * turn + seed) + 0.04 * np.sin(5 * turn))
    cover(pixels, border - np.hypot(x - middle[0], y - middle[1]), colour, draw.uniform(0.05, 0.12))


def patch(pixels: NDArray[np.float64], seed: int) -> NDArray[np.bool_]:
    """Paint one patch at the rim, of a colour that patches have; give its pixels."""
    draw = np.random.default_rng([seed, 2])
    tall = pixels.shape[0] / pixels.shape[1]
    x, y = axes(pixels.shape[1], tall)
    turn, radius = draw.uniform(0, 2 * np.pi), draw.uniform(0.3, 0.5)
    reach = 1 / max(abs(np.cos(turn)), abs(np.sin(turn)) / tall)
    inside = radius - np.hypot(x - reach * np.cos(turn), y - reach * np.sin(turn))
    cover(pixels, inside, np.array(PATCHES[seed % len(PATCHES)]) * draw.uniform(0.85, 1.05), 0.01)
    return inside > 0


def aperture(pixels: NDArray[np.float64], radius: float, outside: float = 4) -> None:
    """Paint what lies outside a round field of view; a radius of 1.25 and more reaches the corners of 4 : 3."""
    x, y = axes(pixels.shape[1], pixels.shape[0] / pixels.shape[1])
    cover(pixels, np.hypot(x, y) - radius, outside, 0.02)


def hairs(pixels: NDArray[np.float64], seed: int) -> None:
    """Paint dark bent strands across the frame, as thick as 1/130 of its width."""
    draw = np.random.default_rng([seed, 3])
    height, width = pixels.shape[:2]
    paint = np.zeros((height, width), np.uint8)
    t = np.linspace(0, 1, 60)[:, None]
    thick = width / 130
    for _ in range(draw.integers(6, 12)):
        start, bend, end = draw.uniform(-0.1, 1.1, (3, 2)) * (width, height)
        line = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        points = np.rint(line * 16).astype(np.int32)
        cv2.polylines(paint, [points], False, 255, max(1, round(thick)), cv2.LINE_AA, 4)
    share = paint[:, :, None] / 255 * min(1, thick)
    pixels += share * (np.array([60, 45, 40]) - pixels)


def texture(size: int, seed: int) -> Image:
    """Give a coloured texture of blobs and grain without a single line: what a photograph may show up close."""
    draw = np.random.default_rng([seed, 4])
    waves = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) + 1 / size
    planes = [np.fft.irfft2(np.fft.rfft2(draw.normal(size=(size, size))) / waves**1.2) for _ in range(3)]
    mixed = np.stack([planes[0] + 0.4 * plane for plane in planes], axis=2)
    return done(130 + 45 * (mixed - mixed.mean()) / mixed.std())


def objects(size: int, seed: int) -> Image:
    """Give a small photograph of things: filled shapes of any colour over a texture."""
    draw = np.random.default_rng([seed, 5])
    pixels = texture(size, seed).copy()
    for _ in range(draw.integers(2, 6)):
        points = (draw.uniform(-0.1, 1.1, 2) + draw.uniform(-0.4, 0.4, (draw.integers(3, 8), 2))) * size
        shape = cv2.convexHull(np.rint(points * 16).astype(np.int32))
        cv2.fillConvexPoly(pixels, shape, draw.integers(20, 236, 3).tolist(), cv2.LINE_AA, 4)
    return done(pixels + draw.normal(0, 6, (size, size, 1)))


def framed(image: Image, widths: tuple[int, int, int, int], colour: tuple[int, int, int]) -> Image:
    """Put a frame of one colour around an image: pixels at the top, bottom, left and right."""
    top, bottom, left, right = widths
    return cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)


def done(pixels: NDArray[np.floating]) -> Image:
    """Round to uint8."""
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)

"""The places of drawn scenes: one sky for all, and below it the structure that makes the place.

Every structure is drawn from the back to the front, each layer a little nearer and clearer. A layer is given
by its upper edge: one height for each column of the image.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lucidag.data.paint import Array, blend, noise, step

# Zenith, horizon, and the light that falls on the land.
_SKIES = np.array(
    [
        [[92, 152, 226], [206, 228, 244], [255, 253, 248]],  # day
        [[120, 178, 232], [250, 226, 190], [255, 246, 228]],  # morning
        [[112, 96, 160], [248, 170, 132], [250, 214, 204]],  # dusk
        [[172, 184, 198], [226, 230, 232], [236, 240, 246]],  # overcast
        [[52, 66, 122], [150, 150, 190], [196, 206, 236]],  # evening
        [[86, 176, 190], [232, 240, 214], [250, 252, 240]],  # after rain
    ],
    dtype=np.float32,
)


def paint_sky(rng: np.random.Generator, size: int) -> tuple[Array, Array, Array]:
    """Give a sky with clouds (3 x S x S), the colour of its horizon (3) and of its light (3, 1 is white)."""
    kind = _SKIES[int(rng.integers(len(_SKIES)))] + rng.normal(0, 5, (3, 3)).astype(np.float32)
    down = ((np.arange(size, dtype=np.float32) + 0.5) / size)[:, None]
    fade = np.clip(down * np.float32(rng.uniform(1.2, 1.7)), 0, 1)
    sky = kind[0][:, None, None] + fade * (kind[1] - kind[0])[:, None, None]
    sky = np.broadcast_to(sky, (3, size, size)).copy()
    field = noise(rng, size, 6)[0] + 0.45 * noise(rng, size, 13)[0]
    cover = step(field, 0.25, 1.5) * np.float32(rng.uniform(0.1, 0.75))
    blend(sky, cover, 0.5 * kind[1] + np.float32(127.5))
    return sky, kind[1], np.clip(kind[2] / 255.0, 0.6, 1.0)


def paint_place(
    rng: np.random.Generator, image: Array, place: str, share: float, haze: Array, light: Array
) -> NDArray[np.bool_]:
    """Paint the structure of a place over the lower part of a sky.

    Parameters
    ----------
    rng
        Where its details come from.
    image
        3 x S x S, changed in place.
    place
        One of `PLACES`.
    share
        About which share of the image it covers.
    haze, light
        Colours (3) of the air at the horizon and of the light.

    Returns
    -------
    Its pixels, S x S.
    """
    scene = _Canvas(rng, image, haze, light)
    PLACES[place](scene, np.float32(1 - 2 * share))
    return scene.covered > 0.5


class _Canvas:
    """An image while a place is painted: coordinates from -1 to 1, y down, and what is covered so far."""

    def __init__(self, rng: np.random.Generator, image: Array, haze: Array, light: Array) -> None:
        size = image.shape[1]
        self.rng, self.image, self.haze, self.light = rng, image, haze, light
        self.pixel = np.float32(2.0 / size)
        self.x: Array = (np.arange(size, dtype=np.float32) + 0.5) * self.pixel - 1
        self.y: Array = self.x[:, None]
        self.covered: Array = np.zeros((size, size), dtype=np.float32)

    def edge(self, distance: Array) -> Array:
        """Give the share of each pixel that is inside, from how far inside its centre is."""
        return np.clip(distance / self.pixel + np.float32(0.5), 0, 1)

    def fill(self, share: Array, colour: Array, far: float = 0.0) -> None:
        """Paint a colour (3, or 3 x S x S) by `share`, lit, and mixed with the haze by `far`."""
        tint: Array = colour.reshape(3, *(colour.shape[1:] or (1, 1))) * self.light[:, None, None]
        tint += np.float32(far) * (self.haze[:, None, None] - tint)
        blend(self.image, share, tint)
        np.maximum(self.covered, share, out=self.covered)

    def curve(self, steps: int, spread: float) -> Array:
        """Give a smooth random curve over x with mean 0."""
        heights = self.rng.normal(0, spread, steps + 3)
        place = (self.x + 1) / 2 * steps + self.rng.random()
        low = place.astype(np.intp)
        part = place - low
        part = part * part * (3 - 2 * part)
        values: Array = (heights[low] + part * (heights[low + 1] - heights[low])).astype(np.float32)
        return values - values.mean()

    def colour(self, values: tuple[float, float, float], spread: float) -> Array:
        """Give a colour near `values`: a little lighter or darker, warmer or colder."""
        shade = 1 + self.rng.normal(0, 0.05)
        return (np.array(values) * shade + self.rng.normal(0, spread, 3)).astype(np.float32)


def _sea(scene: _Canvas, top: np.float32) -> None:
    """Paint rows of scalloped waves, each with a light crest, that grow towards the viewer."""
    rng = scene.rng
    deep = scene.colour([(28, 92, 168), (22, 120, 146), (44, 84, 140)][int(rng.integers(3))], 5)
    bright = deep + np.float32(0.42) * (np.array([214, 240, 246], np.float32) - deep)
    rows = int(rng.integers(5, 7))
    lines = top + (1.06 - top) * (np.arange(rows) / rows) ** 1.25
    for row, line in enumerate(lines):
        near = row / (rows - 1)
        width = 0.26 + 0.20 * near
        swell = np.abs(np.sin(np.pi * (scene.x / width + rng.random() + scene.curve(3, 0.10))))
        depth = scene.y - (np.float32(line) + np.float32(0.05 + 0.05 * near) * (swell - np.float32(0.64)))
        body = bright + np.float32(near) * (deep - bright)
        shade = step(depth, 0.0, 0.16 + 0.12 * near)
        colour = body[:, None, None] * (1.12 - 0.26 * shade)
        crest = 1 - step(depth, 0.02 + 0.018 * near, 0.05 + 0.035 * near)
        blend(colour, np.float32(0.9) * crest, np.array([246, 252, 252], dtype=np.float32))
        scene.fill(scene.edge(depth), colour, far=0.25 * (1 - near))


def _forest(scene: _Canvas, top: np.float32) -> None:
    """Paint three rows of firs, each tree a stack of widening tiers with ragged skirts."""
    rng = scene.rng
    base = scene.colour((36, 96, 56), 6)
    for row, near in enumerate((0.0, 0.5, 1.0)):
        width = np.float32(0.24 + 0.09 * near)
        shift = np.float32(rng.random())
        cell = np.floor(scene.x / width + shift)
        aside, height = rng.uniform(-0.13, 0.13, (2, 12)).astype(np.float32)[:, cell.astype(np.intp) + 5]
        middle = (cell + 0.5 - shift + aside) * width
        tip = top - np.float32(0.15) + np.float32(0.62 * (1 - top) * row / 2.2) + height
        below = scene.y - tip
        tier = np.float32(0.17 + 0.05 * near)
        level = np.floor(below / tier)
        reach = np.float32(0.22) * tier * level + np.float32(0.62) * (below - level * tier)
        side = scene.x - middle
        inside = np.where(below > 0, np.minimum(reach, 0.66 * width) - np.abs(side), -1).astype(np.float32)
        ground = below - np.float32(0.62)
        # Lit from the left, and dark where a tier comes out from under the one above.
        under = 1 - step(below - level * tier, 0.0, 0.09)
        shade = 1.22 - 0.20 * step(side, -0.06, 0.06) - 0.32 * under
        tone = base * np.float32(1.18 - 0.30 * near)
        scene.fill(scene.edge(np.maximum(inside, ground)), tone[:, None, None] * shade, far=0.42 * (1 - near))


def _city(scene: _Canvas, top: np.float32) -> None:
    """Paint two rows of houses with flat roofs; the windows are lit or dark."""
    rng = scene.rng
    for near in (0.0, 1.0):
        widths = rng.uniform(0.20, 0.40, 14)
        left = np.cumsum(widths) - widths - 1.0 - rng.uniform(0, 0.3)
        which = np.searchsorted(left, scene.x, side="right") - 1
        roofs = top + rng.uniform(-0.23, 0.27, 14) + 0.34 * near
        walls = np.array([[104, 108, 124], [146, 122, 112], [92, 104, 112], [160, 150, 140]])[rng.integers(4, size=14)]
        walls = walls * rng.uniform(0.85, 1.1, (14, 1)) * (1.0 - 0.12 * near)
        across = scene.x - left[which].astype(np.float32)
        down = scene.y - roofs[which].astype(np.float32)
        colour = np.repeat(walls[which].T.astype(np.float32)[:, None, :], len(scene.x), axis=1)
        # Each house is darker along its right edge, so that neighbours stand apart.
        end = (left + widths)[which].astype(np.float32) - scene.x
        colour *= np.where(end < 0.055, np.float32(0.62), np.float32(1.0))
        step_x, step_y = np.float32(0.105), np.float32(0.125)
        column, row = np.floor((across - 0.03) / step_x), np.floor((down - 0.06) / step_y)
        p, q = (across - 0.03) / step_x - column, (down - 0.06) / step_y - row
        pane = (p > 0.18) & (p < 0.82) & (q > 0.2) & (q < 0.8) & (row >= 0) & (across > 0.03) & (end > 0.08)
        lit = rng.random((14, 24, 8)) < rng.uniform(0.35, 0.75)
        on = lit[which[None, :], np.clip(row, 0, 23).astype(np.intp), np.clip(column, 0, 7).astype(np.intp)[None, :]]
        glow = np.array([255, 226, 138], dtype=np.float32) / scene.light
        blend(colour, (pane & on).astype(np.float32), glow)
        blend(colour, (pane & ~on).astype(np.float32), np.array([52, 58, 78], dtype=np.float32))
        scene.fill(scene.edge(down), colour, far=0.38 * (1 - near))


def _desert(scene: _Canvas, top: np.float32) -> None:
    """Paint three rows of dunes with a lit and a shaded side and ripples, and cacti on them."""
    rng = scene.rng
    sand = scene.colour((230, 186, 116), 6)
    for row, near in enumerate((0.0, 0.5, 1.0)):
        length = rng.uniform(0.75, 1.15)
        phase: Array = np.mod(scene.x / np.float32(length) + np.float32(rng.random()), np.float32(1))
        crest = rng.uniform(0.55, 0.75)
        rise: Array = np.where(phase < crest, phase / crest, (1 - phase) / (1 - crest)).astype(np.float32)
        rise = rise * rise * (3 - 2 * rise)
        edge = top + np.float32((1 - top) * 0.30 * row) + np.float32(0.11) - np.float32(0.24) * rise
        depth = scene.y - edge
        # The shaded side hangs from the crest and runs out downwards.
        side = phase - np.float32(crest) + np.float32(0.22) * depth
        lee = step(side.astype(np.float32), -0.02, 0.03) * (1 - step(depth, 0.15, 0.5))
        ripple = np.sin(depth * 34 + scene.curve(4, 2.4)) * np.float32(0.035 + 0.02 * near)
        colour = sand[:, None, None] * (1.06 - 0.10 * near - 0.34 * lee + ripple)
        scene.fill(scene.edge(depth), colour, far=0.28 * (1 - near))
    green = scene.colour((66, 118, 66), 5)
    for middle in (rng.uniform(-0.85, -0.2), rng.uniform(0.2, 0.85)):
        foot = top + 0.45 * (1 - top) + rng.uniform(0, 0.15)
        _cactus(scene, middle, float(foot), rng.uniform(0.36, 0.52), green)


def _cactus(scene: _Canvas, middle: float, foot: float, height: float, green: Array) -> None:
    """Paint a column cactus with two arms."""
    thick = 0.16 * height

    def bar(x: float, low: float, high: float, radius: float) -> Array:
        return np.float32(radius) - np.hypot(scene.x - np.float32(x), scene.y - np.clip(scene.y, high, low))

    inside = bar(middle, foot, foot - height, thick)
    for side in (-1, 1):
        level = foot - height * scene.rng.uniform(0.35, 0.55)
        x = middle + side * 2.6 * thick
        inside = np.maximum(inside, bar(x, level, level - 0.32 * height, 0.75 * thick))
        low, high = sorted((middle, x))
        across = scene.x - np.clip(scene.x, low, high)
        inside = np.maximum(inside, 0.75 * thick - np.hypot(across, scene.y - np.float32(level)))
    rib = 1.0 - np.float32(0.4) * step(scene.x - np.float32(middle), -thick, 2 * thick)
    scene.fill(scene.edge(inside), green[:, None, None] * (rib + np.zeros_like(inside)))


def _mountains(scene: _Canvas, top: np.float32) -> None:
    """Paint two ranges of peaks, each with a lit and a shaded side, and snow on the far ones."""
    rng = scene.rng
    rock = scene.colour((116, 118, 140), 5)
    grain = noise(rng, len(scene.x), 16)[0]
    for near in (0.0, 1.0):
        peaks = np.linspace(-1.0, 1.0, 4) + rng.uniform(-0.22, 0.22, 4)
        tips = top + rng.uniform(-0.34, -0.02, 4) + 0.56 * near
        slopes = rng.uniform(0.85, 1.25, 4) - 0.30 * near
        ridges = (tips[:, None] + slopes[:, None] * np.abs(scene.x - peaks[:, None])).astype(np.float32)
        which = ridges.argmin(axis=0)
        depth = scene.y - ridges.min(axis=0) - scene.curve(18, 0.022)
        # The edge between the two sides runs down from the tip in a zigzag.
        side = scene.x - peaks[which].astype(np.float32) + np.float32(0.05) * np.sin(scene.y * 26) - 0.10 * depth
        shaded = step(side, -0.02, 0.03)
        colour = rock[:, None, None] * (1.14 - 0.24 * near - 0.42 * shaded + np.float32(0.04) * grain)
        zigzag = np.abs((scene.x * 9) % 2 - 1)
        line = tips[which].astype(np.float32) + np.float32(0.26 - 0.16 * near) + np.float32(0.06) * zigzag
        snow = 1 - step(scene.y - line, -0.02, 0.03)
        blend(colour, snow, np.array([250, 252, 255], np.float32)[:, None, None] * (1.0 - 0.26 * shaded))
        scene.fill(scene.edge(depth), colour, far=0.20 * (1 - near))


def _meadow(scene: _Canvas, top: np.float32) -> None:
    """Paint two grassy hills and flowers of several colours on them."""
    rng = scene.rng
    grass = scene.colour((118, 186, 72), 6)
    blades = noise(rng, len(scene.x), 32)[0]
    for near in (0.0, 1.0):
        edge = top + np.float32(0.30 * (1 - top) * near - 0.04 * (1 - near)) + scene.curve(2, 0.09)
        depth = scene.y - edge
        shade = 1.10 - 0.16 * near - 0.22 * step(depth, 0.0, 0.9) + np.float32(0.07) * blades
        scene.fill(scene.edge(depth), grass[:, None, None] * shade, far=0.22 * (1 - near))
        if near == 0.0:
            _flowers(scene, depth, 0.13, 0.75)
    _flowers(scene, depth, 0.19, 0.8)


def _flowers(scene: _Canvas, depth: Array, cell: float, density: float) -> None:
    """Paint one flower into most cells of a grid, wherever there is meadow under it."""
    rng = scene.rng
    count = int(2 / cell) + 3
    row = np.floor((scene.y + 1) / np.float32(cell)).astype(np.intp)
    along = (scene.x + 1) / np.float32(cell) + np.float32(0.5) * (row % 2)
    column = np.floor(along).astype(np.intp)
    middle = rng.uniform(0.36, 0.64, (2, count, count)).astype(np.float32)[:, row, column]
    p, q = along - column - middle[0], (scene.y + 1) / np.float32(cell) - row - middle[1]
    away = np.hypot(p, q) * np.float32(cell)
    petals = np.array([[255, 255, 255], [250, 92, 92], [255, 214, 60], [214, 120, 230], [255, 156, 200]], np.float32)
    kinds = rng.integers(len(petals), size=(count, count))
    there = (rng.random((count, count)) < density)[row, column] & (depth > 0.5 * cell)
    colour = petals[kinds[row, column]].transpose(2, 0, 1).copy()
    heart = np.where(kinds == 2, 0, 1)[row, column]
    core = scene.edge(np.float32(0.09 * cell) - away)
    blend(colour, core, np.stack([180 + 70 * heart, 100 + 90 * heart, 30 + 10 * heart]).astype(np.float32))
    scene.fill(scene.edge(np.float32(0.32 * cell) - away) * there, colour)


PLACES: Mapping[str, Callable[[_Canvas, np.float32], None]] = {
    "city": _city,
    "desert": _desert,
    "forest": _forest,
    "meadow": _meadow,
    "mountains": _mountains,
    "sea": _sea,
}

"""The objects of drawn scenes: eight kinds of outline, five materials, eight colours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lucidag.data.paint import Array, blend, step

# Two tones each, so that every part of a patterned surface is still of the named colour.
TONES: Mapping[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "red": ((224, 50, 46), (142, 16, 30)),
    "orange": ((246, 140, 34), (182, 84, 10)),
    "yellow": ((252, 216, 58), (200, 152, 14)),
    "green": ((72, 176, 80), (22, 98, 48)),
    "blue": ((58, 116, 226), (18, 50, 132)),
    "purple": ((150, 80, 200), (82, 32, 126)),
    "pink": ((250, 156, 196), (204, 82, 140)),
    "white": ((248, 248, 244), (168, 172, 184)),
}
COLOURS = tuple(TONES)


@dataclass(frozen=True)
class Thing:
    """One object: what it is and where.

    Attributes
    ----------
    kind, material, colour
        Of `KINDS`, `MATERIALS` and `COLOURS`.
    x, y, radius
        Centre and half width, where the image reaches from -1 to 1 and y points down. Two objects of one
        radius have about the same area, whatever their kind.
    turn
        Rotation in radians.
    mirrored
        Whether left and right are exchanged.
    """

    kind: str
    material: str
    colour: str
    x: float
    y: float
    radius: float
    turn: float
    mirrored: bool


def paint_thing(rng: np.random.Generator, image: Array, thing: Thing) -> NDArray[np.bool_]:
    """Paint an object with its shadow into `image` (3 x S x S); give its pixels, S x S."""
    size = image.shape[1]
    pixel = 2.0 / size
    reach = 1.6 * thing.radius + 2 * pixel
    window = tuple(
        slice(max(0, int((c - reach + 1) / pixel)), min(size, int((c + reach + 1) / pixel) + 1))
        for c in (thing.y, thing.x)
    )
    axis = ((np.arange(size, dtype=np.float32) + 0.5) * pixel - 1).astype(np.float32)
    dx, dy = axis[window[1]][None, :] - np.float32(thing.x), axis[window[0]][:, None] - np.float32(thing.y)
    part = image[(slice(None), *window)]
    drop = 0.10 * thing.radius
    shadow = _inside(thing, dx - drop, dy - 2 * drop)
    blend(part, np.float32(0.34) * step(shadow, -1.5 * drop - pixel, drop), np.full(3, 18, dtype=np.float32))
    inside = _inside(thing, dx, dy)
    blend(part, step(inside, -0.6 * pixel, 0.6 * pixel), _surface(rng, thing, dx, dy, inside, pixel))
    seen = np.zeros((size, size), dtype=np.bool_)
    seen[window] = inside > 0
    return seen


def _inside(thing: Thing, dx: Array, dy: Array) -> Array:
    """Give how far inside the object each place is, negative outside, in the image's own unit."""
    outline, scale = KINDS[thing.kind]
    u, v = _turned(thing, dx, dy)
    unit = np.float32(thing.radius * scale)
    distance: Array = outline(u / unit, v / unit) * unit
    return distance


def _turned(thing: Thing, dx: Array, dy: Array) -> tuple[Array, Array]:
    cos, sin = np.float32(np.cos(thing.turn)), np.float32(np.sin(thing.turn))
    u, v = cos * dx + sin * dy, cos * dy - sin * dx
    return (-u if thing.mirrored else u), v


def _surface(rng: np.random.Generator, thing: Thing, dx: Array, dy: Array, inside: Array, pixel: float) -> Array:
    """Give the colour of every place: two tones by material, lit from the upper left, darker along the outline."""
    light, dark = (np.array(tone, dtype=np.float32)[:, None, None] for tone in TONES[thing.colour])
    u, v = _turned(thing, dx, dy)
    # Fine enough for the small objects, never finer than the pixels can show.
    period = max(0.10 + 0.40 * thing.radius, 5.5 * pixel)
    lit = 1.0 - np.float32(0.17 / thing.radius) * (0.6 * dx + 0.8 * dy)
    p, q = u, v
    if thing.kind == "box":
        p, q, lit = _faces(u, v)
    pattern = MATERIALS[thing.material](rng, p / np.float32(period), q / np.float32(period))
    rim = 0.62 + 0.38 * step(inside, 0.2 * pixel, 0.2 * pixel + 0.07 * thing.radius + 0.5 * pixel)
    colour: Array = (light + pattern * (dark - light)) * (np.clip(lit, 0.74, 1.16) * rim)
    if thing.kind == "fish":
        _eye(colour, thing, u, v, pixel)
    return np.minimum(colour, 255.0)


def _faces(u: Array, v: Array) -> tuple[Array, Array, Array]:
    """Give, for a box seen from above, two coordinates along the edges of each face, and how it is lit."""
    slant = u * np.float32(0.577)
    top = v < -np.abs(slant)
    p = np.where(top, v - slant, 1.155 * u)
    q = np.where(top, v + slant, v - np.abs(slant))
    return p, q, np.where(top, 1.16, np.where(u < 0, 0.98, 0.74)).astype(np.float32)


def _eye(colour: Array, thing: Thing, u: Array, v: Array, pixel: float) -> None:
    radius = thing.radius * KINDS["fish"][1]
    away = np.hypot(u - np.float32(0.52 * radius), v + np.float32(0.12 * radius))
    blend(colour, 1 - step(away, 0.15 * radius, 0.15 * radius + pixel), np.full(3, 250, dtype=np.float32))
    blend(colour, 1 - step(away, 0.06 * radius, 0.06 * radius + pixel), np.full(3, 20, dtype=np.float32))


def _ball(u: Array, v: Array) -> Array:
    return 1 - np.hypot(u, v)


def _bottle(u: Array, v: Array) -> Array:
    wide = np.abs(u)
    body = np.minimum(0.46 - wide, 0.5 - np.abs(v - 0.5))
    shoulder = 0.46 - np.hypot(u, 0.9 * v)
    neck = np.minimum(0.19 - wide, 0.5 - np.abs(v + 0.5))
    lip = np.minimum(0.27 - wide, 0.12 - np.abs(v + 0.88))
    return np.maximum(np.maximum(body, shoulder), np.maximum(neck, lip))


def _box(u: Array, v: Array) -> Array:
    wide = np.abs(u) * np.float32(0.866)
    return np.float32(0.866) - np.maximum(np.abs(u), wide * np.float32(0.577) + np.float32(0.866) * np.abs(v))


def _fish(u: Array, v: Array) -> Array:
    body = (1 - np.hypot((u - 0.22) / 0.78, v / 0.50)) * np.float32(0.55)
    tail = np.minimum(-0.36 - u, np.minimum(u + 1.0, (-0.34 - u) * np.float32(0.70) - np.abs(v) + 0.12))
    return np.maximum(body, tail)


def _heart(u: Array, v: Array) -> Array:
    # A square on its tip, with half a disc on each of its upper sides.
    p, q = (u + v) * np.float32(0.7071), (v - u) * np.float32(0.7071)
    square = np.float32(0.54) - np.maximum(np.abs(p), np.abs(q))
    discs = np.float32(0.54) - np.minimum(np.hypot(p + 0.54, q), np.hypot(p, q + 0.54))
    return np.maximum(square, discs)


def _mushroom(u: Array, v: Array) -> Array:
    cap = np.minimum((1 - np.hypot(u / 0.98, (v - 0.02) / 0.92)) * np.float32(0.92), 0.06 - v)
    stem = np.minimum(0.27 + 0.10 * np.abs(v - 0.3) - np.abs(u), 0.5 - np.abs(v - 0.42))
    return np.maximum(cap, stem)


def _ring(u: Array, v: Array) -> Array:
    return np.float32(0.25) - np.abs(np.hypot(u, v) - np.float32(0.72))


def _star(u: Array, v: Array) -> Array:
    tip = np.float32(2 * np.pi / 5)
    angle = np.arctan2(u, -v)
    angle = np.abs(angle - tip * np.rint(angle / tip))
    away = np.hypot(u, v)
    # The line from the tip (1, 0) to the notch (0.45 at 36 degrees), by its normal.
    across, along = 0.45 * np.sin(np.pi / 5), 1 - 0.45 * np.cos(np.pi / 5)
    length = np.hypot(across, along)
    inside: Array = (1 - away * np.cos(angle)) * np.float32(across / length)
    inside -= away * np.sin(angle) * np.float32(along / length)
    return inside


# The outline of each kind, and by how much it is enlarged so that all kinds have about the same area.
KINDS: Mapping[str, tuple[Callable[[Array, Array], Array], float]] = {
    "ball": (_ball, 0.92),
    "bottle": (_bottle, 1.30),
    "box": (_box, 0.97),
    "fish": (_fish, 1.30),
    "heart": (_heart, 1.04),
    "mushroom": (_mushroom, 1.08),
    "ring": (_ring, 1.06),
    "star": (_star, 1.28),
}


def _wave(values: Array) -> Array:
    """Give 0 and 1 in turn, with soft edges, over the period 1."""
    swing = np.sin(values * np.float32(2 * np.pi))
    return np.clip(0.5 + 1.8 * swing, 0, 1)


def _plain(rng: np.random.Generator, u: Array, v: Array) -> Array:
    return np.zeros(np.broadcast_shapes(u.shape, v.shape), dtype=np.float32)


def _striped(rng: np.random.Generator, u: Array, v: Array) -> Array:
    angle = rng.uniform(0, np.pi)
    return _wave(u * np.float32(np.cos(angle)) + v * np.float32(np.sin(angle)) + np.float32(rng.random()))


def _dotted(rng: np.random.Generator, u: Array, v: Array) -> Array:
    # Dots in rows, every second row moved by half a step.
    shift = rng.random(2).astype(np.float32)
    row = np.floor(v * np.float32(1.15) + shift[0])
    p = u + shift[1] + 0.5 * (row % 2)
    p, q = p - np.floor(p) - 0.5, (v * np.float32(1.15) + shift[0] - row - 0.5) * np.float32(0.87)
    return 1 - step(np.hypot(p, q), 0.20, 0.36)


def _checked(rng: np.random.Generator, u: Array, v: Array) -> Array:
    shift = rng.random(2).astype(np.float32)
    p, q = np.sin((u * 0.8 + shift[0]) * np.float32(2 * np.pi)), np.sin((v * 0.8 + shift[1]) * np.float32(2 * np.pi))
    return np.clip(0.5 + 3.0 * p * q, 0, 1)


def _marbled(rng: np.random.Generator, u: Array, v: Array) -> Array:
    """Give veins: stripes bent twice, by waves of other directions and lengths."""
    phase = rng.uniform(0, 2 * np.pi, 3).astype(np.float32)
    u, v = 1.6 * u, 1.6 * v
    p = u + np.float32(0.42) * np.sin(2.3 * v + phase[0])
    q = v + np.float32(0.42) * np.sin(2.9 * p + phase[1])
    swing = np.abs(np.sin(1.15 * q + 0.8 * np.sin(1.9 * p + phase[2]) + phase[0]))
    return 1 - step(swing, 0.16, 0.55)


MATERIALS: Mapping[str, Callable[[np.random.Generator, Array, Array], Array]] = {
    "plain": _plain,
    "striped": _striped,
    "dotted": _dotted,
    "checked": _checked,
    "marbled": _marbled,
}

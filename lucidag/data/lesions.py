"""Dermoscopic images drawn from a seed: skin, lesion, hair, and artefacts whose share is planted per class.

Two continuous traits decide the class: how irregular the border is and how many colours the lesion has
(the B and C of the ABCD rule: Stolz et al. 1994, European Journal of Dermatology). Both traits are normal
with the same spread in the two classes, so that the classes overlap as they do in the clinic. Everything
else (skin, size, place, hair) is drawn without regard to the class, and coloured patches and dark rings
with the probabilities that the caller gives for each class.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lucidag.data.paint import Array, blend, noise, step
from lucidag.ground.progress import track

CLASSES = ("benign", "malignant")
SKINS = ("light", "medium", "dark")
TRAIT_MEAN = {"benign": 0.30, "malignant": 0.68}
TRAIT_SPREAD = 0.17

_SKIN_COLOURS = np.array([[228, 190, 174], [205, 158, 128], [150, 105, 80]], dtype=np.float32)
PATCH_COLOURS = np.array(
    [[236, 214, 48], [70, 160, 66], [214, 44, 52], [48, 92, 176], [238, 132, 40]], dtype=np.float32
)
# What is left of the light that the skin would send back: the pigment of a lesion filters it.
_BROWN_LIGHT = np.array([0.80, 0.62, 0.47], dtype=np.float32)
_BROWN_DARK = np.array([0.44, 0.27, 0.19], dtype=np.float32)
# Colours that come with irregularity, on light skin: black, blue-grey, red, whitish, dark brown.
_EXTRA_COLOURS = np.array(
    [[44, 34, 36], [104, 116, 138], [176, 88, 80], [214, 190, 184], [78, 46, 34]], dtype=np.float32
)
_ANGLES = 1024

Rates = Mapping[str, float] | None  # the probability of an artefact by class


@dataclass(frozen=True)
class Drawing:
    """One image and what is where in it.

    Attributes
    ----------
    image
        uint8 S x S x 3.
    lesion, patch, ring, hair
        bool S x S: the pixels of the lesion that can be seen, of the coloured patch, the dark ring and hairs.
    label, skin
        The class and the skin tone.
    border, colour
        The two traits that decide the class.
    """

    image: NDArray[np.uint8]
    lesion: NDArray[np.bool_]
    patch: NDArray[np.bool_]
    ring: NDArray[np.bool_]
    hair: NDArray[np.bool_]
    label: str
    skin: str
    border: float
    colour: float


def draw(
    number: int, size: int, seed: int, malignant: float, hair: float, patch: Rates = None, ring: Rates = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], dict[str, list[str]]]:
    """Draw `number` dermoscopic images.

    Image i depends on `seed` and i alone, and a probability decides only whether its artefact is there:
    the same seed with ``patch`` 0 and 1 gives pairs that differ in nothing but the patch.

    Parameters
    ----------
    number
        How many images.
    size
        Their side S in pixels, at least 24.
    seed
        The seed of every draw.
    malignant
        Probability that a lesion is malignant.
    hair
        Probability of hairs.
    patch, ring
        Probability of a coloured patch and of a dark ring for each class; a class left out has 0.

    Returns
    -------
    images, masks, columns
        uint8 N x S x S x 3; uint8 N x S x S, 1 on the lesion; the columns ``label``, ``patch``, ``ring``,
        ``hair`` (``"0"`` or ``"1"``) and ``skin`` (light, medium, dark), N strings each.
    """
    images = np.empty((number, size, size, 3), dtype=np.uint8)
    masks = np.empty((number, size, size), dtype=np.uint8)
    columns: dict[str, list[str]] = {name: [] for name in ("label", "patch", "ring", "hair", "skin")}
    for index in track(range(number), "draw lesions"):
        drawing = draw_one(index, size, seed, malignant, hair, patch, ring)
        images[index], masks[index] = drawing.image, drawing.lesion
        columns["label"].append(drawing.label)
        columns["skin"].append(drawing.skin)
        for name in ("patch", "ring", "hair"):
            columns[name].append(str(int(getattr(drawing, name).any())))
    return images, masks, columns


def draw_one(
    index: int, size: int, seed: int, malignant: float, hair: float, patch: Rates = None, ring: Rates = None
) -> Drawing:
    """Draw image `index` of `draw`, with the masks of its artefacts."""
    patch, ring = patch or {}, ring or {}
    # One stream for each part: what one part draws never shifts another.
    body, strands, sticker, frame = (_stream(index, seed, part) for part in range(4))
    label = _label(body, malignant)
    border, colour = np.clip(body.normal(TRAIT_MEAN[label], TRAIT_SPREAD, 2), 0.0, 1.0)
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]

    skin = int(body.choice(3, p=(0.5, 0.35, 0.15)))
    pixels = _skin(body, size, skin)
    inside, centre, radius = _outline(body, x, y, float(border))
    _paint_lesion(body, pixels, inside, x - centre[0], y - centre[1], radius, float(colour))
    lesion = inside > 0.0

    hairs = _hairs(strands, size) if strands.random() < hair else np.zeros((size, size), np.float32)
    if hairs.any():
        blend(pixels, hairs, strands.uniform(0.5, 1.0) * np.array([62, 44, 36], np.float32))
    light = 1.0 - body.uniform(0.05, 0.30) * (x * x + y * y) * 0.5
    pixels *= light
    cover = _sticker(sticker, pixels, x, y, centre, radius, patch.get(label, 0.0))
    dark = _ring(frame, pixels, x, y, ring.get(label, 0.0))
    pixels += body.normal(0.0, body.uniform(1.0, 3.5), (size, size)).astype(np.float32)
    return Drawing(
        image=np.clip(pixels + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0),
        lesion=lesion & ~cover & ~dark,
        patch=cover & ~dark,
        ring=dark,
        hair=(hairs > 0.25) & ~cover & ~dark,
        label=label,
        skin=SKINS[skin],
        border=float(border),
        colour=float(colour),
    )


def labels_of(number: int, seed: int, malignant: float) -> list[str]:
    """Give the class of each image of `draw`, without drawing any."""
    return [_label(_stream(index, seed, 0), malignant) for index in range(number)]


def _stream(index: int, seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng([seed, index, part])


def _label(body: np.random.Generator, malignant: float) -> str:
    return CLASSES[int(body.random() < malignant)]


def _skin(rng: np.random.Generator, size: int, tone: int) -> Array:
    """Give skin, 3 x S x S: a tone, uneven redness, pores."""
    colour = _SKIN_COLOURS[tone] * rng.uniform(0.90, 1.08) + rng.normal(0, 5, 3)
    flush = np.array([2.0, -5.0, -4.0]) * rng.uniform(0.4, 1.6)
    pores = colour.astype(np.float32)[:, None, None] + 3 * noise(rng, size, max(4, size // 4))
    pixels: Array = pores + flush.astype(np.float32)[:, None, None] * noise(rng, size, 3)
    return pixels


def _outline(rng: np.random.Generator, x: Array, y: Array, border: float) -> tuple[Array, tuple[float, float], float]:
    """Give how far inside the lesion each pixel is (positive inside), its centre and mean radius.

    Every lesion is an ellipse with a few soft lobes. The trait `border` makes the lobes larger, and shifts
    the outline by noise on two finer scales, which gives notches, pseudopods and satellites.
    """
    centre = (float(rng.uniform(-0.16, 0.16)), float(rng.uniform(-0.16, 0.16)))
    radius = float(rng.uniform(0.30, 0.52))
    angle = np.linspace(-np.pi, np.pi, _ANGLES, dtype=np.float32)
    orders = np.arange(2, 7, dtype=np.float32)
    sizes = 0.30 * border / orders**0.7 * rng.rayleigh(0.8, orders.size)
    sizes[0] += rng.uniform(0.02, 0.13)
    phases = rng.uniform(0, 2 * np.pi, orders.size).astype(np.float32)
    waves = np.cos(orders[:, None] * angle + phases[:, None])
    reach = radius * np.maximum(1.0 + (sizes[:, None] * waves).sum(axis=0), 0.35)
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    turn = ((np.arctan2(dy, dx) + np.pi) * ((_ANGLES - 1) / (2 * np.pi))).astype(np.intp)
    inside: Array = reach.astype(np.float32)[turn] - np.sqrt(dx * dx + dy * dy)
    size = inside.shape[0]
    inside += np.float32(0.16 * radius * border) * noise(rng, size, 14)[0]
    inside += np.float32(0.13 * radius * border) * noise(rng, size, 26)[0]
    return inside, centre, radius


def _paint_lesion(
    rng: np.random.Generator,
    pixels: Array,
    inside: Array,
    x: Array,
    y: Array,
    radius: float,
    colour: float,
) -> None:
    """Paint pigment over the skin: one or two browns, and with the trait `colour` further ones in blotches."""
    size = pixels.shape[1]
    soft = float(rng.uniform(0.05, 0.13))
    network = noise(rng, size, max(6, size // 3))[0]
    blotches = noise(rng, size, 7, planes=6)
    depth = np.float32(0.35 / radius) * inside
    depth += np.float32(rng.uniform(0.15, 0.65)) + np.float32(rng.uniform(0.05, 0.16)) * network
    depth += np.float32(0.06 + 0.16 * colour) * blotches[5]
    np.clip(depth, 0.0, 1.0, out=depth)
    brown = _BROWN_LIGHT[:, None, None] + depth * (_BROWN_DARK - _BROWN_LIGHT)[:, None, None]
    pigment = pixels * brown

    # Which colours come: the more irregular, the more of them and the larger their blotches.
    strength = np.clip(rng.normal(2.3 * colour - 1.05, 0.30, 5), -0.6, 1.4)
    light = np.float32(pixels.mean() / 195.0)
    tilt = rng.normal(0.0, 0.55 / radius, (5, 2)).astype(np.float32)
    for number in rng.permutation(5):
        place = blotches[number] + (tilt[number, 0] * x + tilt[number, 1] * y)
        place += np.float32(0.25) * network
        start = 1.5 - 1.5 * float(strength[number])
        tint = _EXTRA_COLOURS[number] * (light * np.float32(rng.uniform(0.85, 1.10)))
        blend(pigment, np.float32(0.72) * step(place, start, start + 1.3), tint)
    blend(pixels, step(inside, -0.4 * soft, soft), pigment)


def _hairs(rng: np.random.Generator, size: int) -> Array:
    """Give the share of hair in each pixel: bent strands across the frame, as dense points."""
    number = int(rng.integers(3, 14))
    ends = rng.uniform(-0.15, 1.15, (2, number, 2))
    ends[:, :, 0] = np.where(rng.random(number) < 0.5, ends[:, :, 0], np.array([[-0.1], [1.1]]))
    bend = ends.mean(axis=0) + rng.normal(0, 0.18, (number, 2))
    t = np.linspace(0, 1, 3 * size)[:, None, None]
    points = ((1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * bend + t**2 * ends[1]) * (size - 1)
    thick = np.broadcast_to(rng.uniform(0.10, 0.38, number), points.shape[:2])
    low = np.floor(points).astype(np.intp)
    part = points - low
    share = np.zeros(size * size)
    for right in (0, 1):
        for down in (0, 1):
            column, row = low[:, :, 0] + right, low[:, :, 1] + down
            weight = np.abs(1 - right - part[:, :, 0]) * np.abs(1 - down - part[:, :, 1]) * thick
            seen = (column >= 0) & (column < size) & (row >= 0) & (row < size)
            place = row[seen] * size + column[seen]
            share += np.bincount(place, weights=weight[seen], minlength=size * size)
    return np.minimum(share, 0.9).reshape(size, size).astype(np.float32)


def _sticker(
    rng: np.random.Generator,
    pixels: Array,
    x: Array,
    y: Array,
    centre: tuple[float, float],
    radius: float,
    probability: float,
) -> NDArray[np.bool_]:
    """Paint, with `probability`, a coloured patch at the rim of the frame; give its pixels."""
    there = rng.random() < probability
    if not there:
        return np.zeros(pixels.shape[1:], dtype=np.bool_)
    # Of eight places around the frame, one on the side that the lesion leaves free.
    turns = rng.uniform(0, 2 * np.pi, 8)
    reach = rng.uniform(0.85, 1.10)
    square = reach / np.maximum(np.abs(np.cos(turns)), np.abs(np.sin(turns)))
    square = np.minimum(square, 1.05)  # so that a dark ring never hides it
    places = np.stack([np.cos(turns) * square, np.sin(turns) * square], axis=1)
    middle = places[np.hypot(places[:, 0] - centre[0], places[:, 1] - centre[1]).argmax()]
    half = float(rng.uniform(0.32, 0.60))
    stretch = float(rng.uniform(0.85, 1.15))
    colour = PATCH_COLOURS[int(rng.integers(len(PATCH_COLOURS)))] * np.float32(rng.uniform(0.75, 1.05))
    return paint_patch(pixels, x, y, (middle[0], middle[1]), half, stretch, colour)


def paint_patch(
    pixels: Array,
    x: Array,
    y: Array,
    middle: tuple[float, float],
    half: float,
    stretch: float,
    colour: Array,
) -> NDArray[np.bool_]:
    """Paint one coloured patch; give its pixels.

    Parameters
    ----------
    pixels
        float32 3 x H x W of 0 to 255, changed in place.
    x, y
        The places of its columns (1 x W) and rows (H x 1); half of a side is about 1.
    middle, half, stretch
        Where the patch is, its radius, and how much wider than high it is.
    colour
        Three values of 0 to 255.
    """
    dx, dy = (x - np.float32(middle[0])) / stretch, (y - np.float32(middle[1])) * stretch
    inside = (half - np.sqrt(dx * dx + dy * dy)).astype(np.float32)
    edge = 2.0 / pixels.shape[1]
    share = step(inside, -edge, edge)
    shade = 1.0 + np.float32(0.12) * (x * np.float32(middle[0]) + y * np.float32(middle[1]))
    blend(pixels, share, colour[:, None, None] * shade)
    return inside > 0


def _ring(rng: np.random.Generator, pixels: Array, x: Array, y: Array, probability: float) -> NDArray[np.bool_]:
    """Paint, with `probability`, the dark ring of a round aperture; give its pixels."""
    there = rng.random() < probability
    if not there:
        return np.zeros(pixels.shape[1:], dtype=np.bool_)
    shift = rng.normal(0, 0.02, 2).astype(np.float32)
    radius = rng.uniform(0.90, 1.06)
    return paint_ring(pixels, x, y, (shift[0], shift[1]), radius, rng.uniform(2, 7))


def paint_ring(
    pixels: Array,
    x: Array,
    y: Array,
    middle: tuple[float, float],
    radius: float,
    light: float,
    soft: float = 0.03,
) -> NDArray[np.bool_]:
    """Paint what is outside a round aperture; give its pixels.

    Parameters
    ----------
    pixels, x, y
        See `paint_patch`.
    middle, radius
        Of the aperture.
    light
        How bright the ring is, of 255.
    soft
        Half the width of its edge.
    """
    outside = np.hypot(x - middle[0], y - middle[1]) - np.float32(radius)
    blend(pixels, step(outside, -soft, soft), np.full(3, light, dtype=np.float32))
    return np.asarray(outside > 0)

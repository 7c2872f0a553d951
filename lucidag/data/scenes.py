"""Images of a place with objects in it, drawn from a seed, and what is where in them as label maps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lucidag.data.scene_objects import COLOURS, KINDS, MATERIALS, Thing, paint_thing
from lucidag.data.scene_places import PLACES, paint_place, paint_sky
from lucidag.ground.progress import track

CONCEPTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"object": tuple(KINDS), "material": tuple(MATERIALS), "colour": COLOURS, "place": tuple(PLACES)}
)
_PAIRS = len(CONCEPTS["object"]) * len(CONCEPTS["place"])
_MOST = 4  # objects in an image
_ORDER = 4 + _MOST  # the streams before are those of the parts of an image
_TIED = _ORDER + 1


@dataclass(frozen=True)
class Drawing:
    """One image and what is where in it.

    Attributes
    ----------
    image
        uint8 S x S x 3.
    concepts
        uint8 S x S by category (``object``, ``material``, ``colour``, ``place``): 0 where there is none, i where
        there is the i-th name of ``CONCEPTS[category]``.
    main
        bool S x S: the pixels of the main object.
    things
        The objects; the main one is the last and the largest.
    place
        The place.
    """

    image: NDArray[np.uint8]
    concepts: Mapping[str, NDArray[np.uint8]]
    main: NDArray[np.bool_]
    things: tuple[Thing, ...]
    place: str


@dataclass(frozen=True)
class Tied:
    """Colours that go with the kind of the main object.

    Attributes
    ----------
    colours
        Kind to its colour.
    share
        Of the main objects of these kinds, how many are given that colour; the others have any.
    """

    colours: Mapping[str, str]
    share: float


def draw(number: int, size: int, seed: int, tied: Tied | None = None) -> Iterator[Drawing]:
    """Draw `number` scenes, one after another.

    Image i depends on `seed`, i and `tied` alone, and shows the same scene at every size.

    Parameters
    ----------
    number
        How many images.
    size
        Their side S in pixels, at least 32.
    seed
        The seed of every draw.
    tied
        Which colours go with main objects; nothing else changes by it.
    """
    return (draw_one(index, size, seed, tied) for index in track(range(number), "draw scenes"))


def draw_one(index: int, size: int, seed: int, tied: Tied | None = None) -> Drawing:
    """Draw image `index` of `draw`."""
    # One stream for each part: what one part draws never shifts another.
    layout, air, land, grain, *surfaces = (_stream(seed, index, part) for part in range(_ORDER))
    kind, place = _of(index, _order_of(index, seed))
    share = float(layout.uniform(0.27, 0.42))
    things = _things(layout, kind)
    if tied is not None and kind in tied.colours and _stream(seed, index, _TIED).random() < tied.share:
        things = (*things[:-1], replace(things[-1], colour=tied.colours[kind]))

    pixels, haze, light = paint_sky(air, size)
    concepts = {name: np.zeros((size, size), dtype=np.uint8) for name in CONCEPTS}
    structure = paint_place(land, pixels, place, share, haze, light)
    concepts["place"][structure] = 1 + CONCEPTS["place"].index(place)
    for surface, thing in zip(surfaces, things, strict=False):
        seen = paint_thing(surface, pixels, thing)
        concepts["place"][seen] = 0
        for name, value in (("object", thing.kind), ("material", thing.material), ("colour", thing.colour)):
            concepts[name][seen] = 1 + CONCEPTS[name].index(value)
    pixels += grain.normal(0.0, grain.uniform(1.0, 3.5), (size, size)).astype(np.float32)
    return Drawing(
        image=np.clip(pixels + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0),
        concepts=concepts,
        main=seen,
        things=things,
        place=place,
    )


def classes_of(number: int, seed: int) -> list[tuple[str, str]]:
    """Give the kind of the main object and the place of each image of `draw`, without drawing any."""
    orders = [_order_of(first, seed) for first in range(0, number, _PAIRS)]
    return [_of(index, orders[index // _PAIRS]) for index in range(number)]


def _stream(seed: int, index: int, part: int) -> np.random.Generator:
    return np.random.default_rng([seed, index, part])


def _order_of(index: int, seed: int) -> NDArray[np.int64]:
    """Give the order of the pairs of a kind and a place: each once, in a random order, then all pairs again."""
    return np.random.default_rng([seed, index // _PAIRS, _ORDER]).permutation(_PAIRS)


def _of(index: int, order: NDArray[np.int64]) -> tuple[str, str]:
    kinds, places = CONCEPTS["object"], CONCEPTS["place"]
    kind, place = divmod(int(order[index % _PAIRS]), len(places))
    return kinds[kind], places[place]


def _things(rng: np.random.Generator, main: str) -> tuple[Thing, ...]:
    """Draw one to three small objects of other kinds, then the main one, all apart from each other."""
    others = [kind for kind in CONCEPTS["object"] if kind != main]
    kinds = [main, *(others[which] for which in rng.permutation(len(others))[: rng.integers(1, _MOST)])]
    placed: list[Thing] = []
    for number, kind in enumerate(kinds):
        radius = float(rng.uniform(0.38, 0.48) if number == 0 else rng.uniform(0.13, 0.18))
        edge = 0.98 - 1.05 * radius * KINDS[kind][1]
        # Off the centre rather than in it: the square root of a uniform number, on either side.
        tries = edge * np.sqrt(rng.random((12, 2))) * rng.choice((-1.0, 1.0), (12, 2))
        # The first place is as good as any; each further one keeps most distance from what is there.
        gap = [min((np.hypot(x - t.x, y - t.y) - t.radius for t in placed), default=0.0) for x, y in tries]
        x, y = tries[int(np.argmax(gap))]
        placed.append(
            Thing(
                kind=kind,
                material=CONCEPTS["material"][int(rng.integers(len(MATERIALS)))],
                colour=COLOURS[int(rng.integers(len(COLOURS)))],
                x=float(x),
                y=float(y),
                radius=radius,
                turn=float(rng.uniform(-0.45, 0.45)),
                mirrored=bool(rng.random() < 0.5),
            )
        )
    return (*placed[1:], placed[0])

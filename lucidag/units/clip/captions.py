"""Captions of drawn scenes, by a small grammar over what their label maps show. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

CATEGORIES = ("object", "material", "colour", "place")
SENTENCE = "sentence"
STYLES = (*CATEGORIES, SENTENCE)
LEAST_SHARE = 0.002
OPENINGS = ("a photo of ", "an image of ")


@dataclass(frozen=True)
class Thing:
    """One object of an image.

    Attributes
    ----------
    object, material, colour
        Its concepts.
    share
        The share of the image's pixels that it covers.
    """

    object: str
    material: str
    colour: str
    share: float


@dataclass(frozen=True)
class Content:
    """What an image shows: its objects, the largest first, and its place (None where none is seen)."""

    things: tuple[Thing, ...]
    place: str | None


def read_content(maps: Mapping[str, NDArray[np.uint8]], names: Mapping[str, Sequence[str]]) -> Content:
    """Read what an image shows from its label maps alone.

    Pixels of the same object, material and colour are one thing; what covers less than 0.2 % of the image is left
    out. The place is the one with most pixels.

    Parameters
    ----------
    maps
        Label maps, H x W, of the categories ``object``, ``material``, ``colour`` and ``place``.
    names
        The names of their numbers 1, 2, ... by category.

    Raises
    ------
    InputError
        If one of these categories is missing.
    """
    missing = [category for category in CATEGORIES if category not in maps]
    if missing:
        raise InputError(f"captions need label maps of {', '.join(CATEGORIES)}; there are none of '{missing[0]}'")
    drawn = np.stack([maps[category].reshape(-1) for category in CATEGORIES[:3]])
    found, counts = np.unique(drawn[:, (drawn > 0).all(axis=0)], axis=1, return_counts=True)
    least = LEAST_SHARE * drawn.shape[1]
    things = []
    for numbers, count in zip(found.T.tolist(), counts.tolist(), strict=True):
        if count >= least:
            words = {category: names[category][k - 1] for category, k in zip(CATEGORIES[:3], numbers, strict=True)}
            things.append(Thing(**words, share=count / drawn.shape[1]))
    places = np.bincount(maps["place"].reshape(-1), minlength=1 + len(names["place"]))[1:]
    place = names["place"][int(places.argmax())] if places.max() >= least else None
    return Content(tuple(sorted(things, key=lambda thing: -thing.share)), place)


def caption(content: Content, style: str, rng: np.random.Generator) -> str:
    """Say something true about an image.

    Parameters
    ----------
    content
        What the image shows.
    style
        A category: its concept of the largest object, or the place, alone or in a phrase such as ``a ball``,
        ``something red`` or ``a photo of the sea``. Or ``sentence``: the largest object, with or without its material
        and colour, with or without a second one and the place.
    rng
        Where the form comes from.

    Returns
    -------
    str
        ``nothing`` where the image has nothing of the kind.

    Raises
    ------
    InputError
        If the style is unknown.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> content = Content((Thing("ball", "striped", "red", 0.1), Thing("star", "plain", "blue", 0.02)), "sea")
    >>> caption(content, "colour", rng), caption(content, "sentence", rng)
    ('something red', 'a red ball and a plain star in front of the sea')
    """
    check_known("style", style, STYLES, "captions")
    if style == SENTENCE:
        return _sentence(content, rng) if content.things else "nothing"
    word = content.place if style == "place" else getattr(content.things[0], style) if content.things else None
    if word is None:
        return "nothing"
    if rng.random() < 0.5:
        return str(word)
    phrase = {"object": _article(word), "place": f"the {word}"}.get(style, f"something {word}")
    return _opening(rng) + phrase if rng.random() < 0.5 else phrase


def _sentence(content: Content, rng: np.random.Generator) -> str:
    several = len(content.things) > 1 and rng.random() < 0.2
    things = content.things[:1]
    if several:
        things += (content.things[1 + int(rng.integers(len(content.things) - 1))],)
    text = " and ".join(_phrase(thing, rng) for thing in things)
    if content.place and rng.random() < 0.7:
        text += f" in front of the {content.place}"
    return text if several or rng.random() < 0.5 else _opening(rng) + text


def _phrase(thing: Thing, rng: np.random.Generator) -> str:
    """Name an object with a random part of what is known of it."""
    details = [word for word in (thing.material, thing.colour) if rng.random() < 0.8]
    return _article(" ".join([*details, thing.object]))


def _opening(rng: np.random.Generator) -> str:
    return OPENINGS[int(rng.integers(len(OPENINGS)))]


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"

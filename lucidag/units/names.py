"""What the methods that label units are called, and what concepts may be: light, as rules read it."""

from collections.abc import Iterable

from lucidag.ground.errors import InputError

CLIP_DISSECT, ANNOTATIONS, NETDISSECT = "clip-dissect", "annotations", "netdissect"
METHODS = (CLIP_DISSECT, ANNOTATIONS, NETDISSECT)
# Those by the similarity of a unit's top images and concepts; each is called by what tells what the images show.
SIMILAR = (CLIP_DISSECT, ANNOTATIONS)
TITLES = {CLIP_DISSECT: "CLIP-Dissect", ANNOTATIONS: "Labels by annotations", NETDISSECT: "NetDissect"}
# What tells how strong a label is.
STRENGTH = {CLIP_DISSECT: "strength", ANNOTATIONS: "strength", NETDISSECT: "IoU"}
# Whether a label is to be believed, and what tells it (see `lucidag.units.labels.verdict`).
CONFIRMED, UNCONFIRMED, UNTESTABLE = "confirmed", "unconfirmed", "untestable"
# The columns of a unit's second concept start so; whether it would have one by chance (`lucidag.units.labels.tested`).
SECOND, SECOND_CHANCE = "second", "second_chance"
BY_ANNOTATIONS, BY_CLIP = "annotations", "CLIP (circular)"
UNTRAINED = "/untrained"  # the folder, inside that of a model, of what its untrained twin gives
NONE = "none"  # the concept of a unit that a method gives no label


def read_alike(concept: str) -> str:
    """Give what CLIP's tokenizer makes no difference in."""
    return " ".join(concept.lower().split())


def plain_name(name: str) -> str:
    """Give a name as two methods' names are compared: lower case, single spaces for ``_`` and ``-``."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def check_names(where: str, concepts: Iterable[str]) -> None:
    """Stop where a concept is called as units without a label are.

    Raises
    ------
    InputError
        It says where.
    """
    if NONE in map(read_alike, concepts):
        raise InputError(f"{where}: '{NONE}' is what units without a label get, so it can be no concept")

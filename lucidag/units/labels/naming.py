"""What concepts may be called. No torch, and no list of words."""

from collections.abc import Iterable

from lucidag.ground.errors import InputError
from lucidag.units.labels.names import NONE


def read_alike(concept: str) -> str:
    """Give what CLIP's tokenizer makes no difference in."""
    return " ".join(concept.lower().split())


def check_names(where: str, concepts: Iterable[str]) -> None:
    """Stop where a concept is called as units without a label are.

    Raises
    ------
    InputError
        It says where.
    """
    if NONE in map(read_alike, concepts):
        raise InputError(f"{where}: '{NONE}' is what units without a label get, so it can be no concept")

"""Things that are paired by their place: whether they are of the same images."""

from collections.abc import Sequence

from lucidag.ground.errors import InputError


def check_same(one: Sequence[str], other: Sequence[str], first: object, second: object) -> None:
    """Stop where two things are not of the same images in the same order.

    Parameters
    ----------
    one, other
        The image ids of each.
    first, second
        What they are, such as their files, for the message.

    Raises
    ------
    InputError
        It names the first difference.
    """
    if list(one) == list(other):
        return
    place = next((row for row, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    here, there = ("no image" if place >= len(ids) else f"'{ids[place]}'" for ids in (one, other))
    raise InputError(
        f"{first} and {second} are not of the same images: {len(one)} and {len(other)}, and in row {place + 1} {here} "
        f"and {there}"
    )

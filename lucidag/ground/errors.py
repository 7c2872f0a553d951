"""The one exception that a user is meant to read, and what it quotes of others."""

from collections.abc import Iterator
from contextlib import contextmanager


class InputError(Exception):
    """Something the user gave is wrong: one sentence that names the file or the key at fault."""


@contextmanager
def told_of(what: str) -> Iterator[None]:
    """Put before what is wrong inside the block what it is about: a key, an image, a method."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{what}: {error}") from error


def first_line(error: BaseException) -> str:
    """Give the first line of what another library says of an error; where it says nothing, the error's kind."""
    return (str(error).splitlines() or [type(error).__name__])[0]

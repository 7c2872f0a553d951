"""The one exception that a user is meant to read, and what it quotes of others."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = 3000  # characters of a sentence
_BREAKS = re.compile(r"\s*[\t-\r\x1c-\x1e\x85\u2028\u2029]\s*")
_LONG_WORD = re.compile(r"\S{601,}")


class InputError(Exception):
    """Something the user gave is wrong: one sentence that names the file or the key at fault, or one for each mistake.

    Whatever a sentence quotes, it is one line that a terminal shows as it is: see `one_line`.

    Attributes
    ----------
    lines
        The sentences.
    """

    def __init__(self, *sentences: str) -> None:
        self.lines = tuple(map(one_line, sentences))
        super().__init__("\n".join(self.lines))


def one_line(sentence: str) -> str:
    r"""Return a sentence as one line of at most `LONGEST` characters, which a terminal shows and does not obey.

    Line breaks and tabs become blanks, other characters without a sign of their own are escaped, and of very long
    words and sentences the middle is left out.

    >>> one_line("no file 'a\nb\x1b[31m'")
    "no file 'a b\\x1b[31m'"
    """
    line = _BREAKS.sub(" ", sentence).strip()
    if not line.isprintable():
        line = "".join(each if each.isprintable() else _escaped(each) for each in line)
    line = _LONG_WORD.sub(lambda word: f"{word[0][:400]}…{word[0][-100:]}", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1000]} … {line[-900:]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


@contextmanager
def told_of(what: str) -> Iterator[None]:
    """Put before what is wrong inside the block what it is about: a key, an image, a method."""
    try:
        yield
    except InputError as error:
        raise InputError(*(f"{what}: {line}" for line in error.lines)) from error


def first_line(error: BaseException) -> str:
    """Give the first line of what another library says of an error; where it says nothing, the error's kind."""
    return (str(error).splitlines() or [type(error).__name__])[0]

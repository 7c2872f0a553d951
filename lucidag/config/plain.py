"""Whether a configuration is made of plain words: YAML has kinds of values that no key of it takes."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

MOST = 100_000  # values: aliases of aliases make billions of a few lines
DEEPEST = 30
LONGEST = 4096  # characters of a text; no path may be longer
LARGEST = 2**63  # what a number in the files of jobs and libraries may be
FREE = ("options", "classes", "target")  # below these keys, text may have several lines

Place = tuple[str, ...]


def unplain(words: Any) -> list[str]:  # noqa: ANN401 (whatever YAML gives)
    """Return a line for each value that is no text, number, truth value, list or section, and for what is too much.

    Too much are more than `MOST` values, sections `DEEPEST` deep in each other (a list that holds itself has no end),
    texts above `LONGEST` characters, whole numbers of `LARGEST` and above, and text with control characters, which no
    name and no path has.
    """
    faults: list[str] = []
    left: list[tuple[Place, Any]] = [((), words)]
    number = 0
    while left:
        path, value = left.pop()
        number += 1
        if number > MOST:
            return [f"the file: it has more than {MOST:,} values, as aliases of aliases make; write fewer"]
        if len(path) > DEEPEST:
            where = ".".join(path[:3])
            return [f"{where}: lists and sections are more than {DEEPEST} deep in each other, or hold themselves"]
        faults += _faults(path, value)
        left += [((*path, str(part)), inner) for part, inner in _items(value)]
    return faults


def _items(value: Any) -> Iterable[tuple[Any, Any]]:  # noqa: ANN401
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _faults(path: Place, value: Any) -> Iterable[str]:  # noqa: ANN401
    key = ".".join(path) or "the file"
    if isinstance(value, Mapping):
        for name in value:
            if isinstance(name, date | bytes | tuple | frozenset):
                yield f"{key}: a key is {name!r}; write keys as text"
            elif isinstance(name, str) and (told := _untold(name, ("keys",))):
                yield f"{key}: a key {told}"
    elif isinstance(value, date):
        yield f"{key}: found the date {value}, and a text is needed; write it in quotes, such as '{value}'"
    elif isinstance(value, str):
        if told := _untold(value, path):
            yield f"{key}: the text {told}"
    elif isinstance(value, int):
        if abs(value) >= LARGEST:
            yield f"{key}: found a number of {len(hex(abs(value))) * 6 // 5} digits or so; it is too large"
    elif not isinstance(value, float | list | BaseModel | None):
        yield f"{key}: found a value of the kind '{type(value).__name__}'; write a text, a number, a list or a section"


def _untold(text: str, path: Place) -> str:
    """Say what is wrong with a text, if anything is."""
    if len(text) > LONGEST:
        return f"has {len(text):,} characters; {LONGEST:,} are allowed"
    free = "\t\n\r" if any(part in FREE for part in path) else ""
    odd = next((each for each in text if unicodedata.category(each) in ("Cc", "Cs") and each not in free), None)
    return f"{text[:60]!r} holds a line break, a tab or another control character; write it without" if odd else ""

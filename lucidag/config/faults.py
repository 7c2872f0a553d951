"""What is wrong with the words of a configuration, in one line for each mistake."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lucidag.config.command_line import TAGS
from lucidag.config.grid import WrittenOut
from lucidag.config.renamed import new_name
from lucidag.config.schema import Config, all_sections, sections_in
from lucidag.data.registry import OWN_SOURCE
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

SHOWN = 200  # characters of a value that is quoted
YAML_WORDS = {True: "yes", False: "no"}


class Faults:
    """Mistakes that are gathered, to be told all at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def gathered(self, prefix: str = "") -> Iterator[None]:
        """Run a check, and keep what it finds wrong, each line with the same words before it.

        What other exceptions come of mistakes that were found before (a name that does not exist, looked up; images
        that could not be drawn) is no mistake of its own.
        """
        try:
            yield
        except InputError as error:
            lines = [f"{prefix}{line}" for line in error.lines]
            self.lines += [line for line in lines if line not in self.lines]
        except Exception:
            if not self.lines:
                raise

    def stop(self) -> None:
        """Raise an `InputError` with a line for each mistake, if there is one."""
        if self.lines:
            raise InputError(*self.lines)


def explain(error: ValidationError, grids: WrittenOut, config: type[Config]) -> list[str]:
    """Return a line for each fault, unknown keys before what may follow from them; of members of a family, one.

    Where a value may be of several kinds, pydantic tells why it is none of them; the reason that looks deepest into it
    is told. Of the items of a list that are wrong in the same way, the first stands for all.
    """
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    paths = [tuple(_key_path(fault["loc"], grids.words, fault["type"] == "missing")) for fault in faults]
    deep = {path[:end] for path in paths for end in range(len(path))}
    same: dict[tuple[Any, ...], list[str]] = {}
    told = set()
    for fault, path in zip(faults, paths, strict=True):
        kind = fault["type"]
        if path in told or (path in deep and kind not in ("extra_forbidden", "missing", "value_error")):
            continue
        told.add(path)
        in_list = bool(path) and isinstance(path[-1], int) and kind == "string_type"
        place = (path[:-1], kind) if in_list else (path, None)
        key = ".".join(map(str, grids.in_file(path))) or "the file"
        same.setdefault(place, []).append(_line(fault, path, key, config))
    found = [
        f"{lines[0]} (and {len(lines) - 1} more in this list)" if lines[1:] else lines[0] for lines in same.values()
    ]
    return list(dict.fromkeys(found))


def unexpanded(words: Any, path: tuple[str, ...] = ()) -> Iterator[str]:  # noqa: ANN401 (whatever YAML gives)
    """Yield a line for each path that only a shell would understand: ``~/x``, ``$HOME/x``."""
    if isinstance(words, Mapping):
        for key, value in words.items():
            yield from unexpanded(value, (*path, str(key)))
    elif isinstance(words, list):
        for place, value in enumerate(words):
            yield from unexpanded(value, (*path, str(place)))
    elif isinstance(words, str) and words.startswith(("~", "$")) and "/" in words:
        sign = "home folders (~)" if words[0] == "~" else "variables ($)"
        whole = "/home/me" + words[words.index("/") :]
        yield f"{'.'.join(path)}: found '{words}'; {sign} are not filled in: write the whole path, such as '{whole}'"


def _line(fault: ErrorDetails, path: Sequence[int | str], key: str, config: type[Config]) -> str:
    if fault["type"] == "extra_forbidden":
        if renamed := new_name(path):
            return f"{key}: {renamed}"
        return f"{key}: {unknown('key', str(path[-1]), _fields_at(fault['loc'][:-1], config))}"
    if fault["type"] == "missing":
        return f"{key}: missing"
    if fault["type"] in ("union_tag_not_found", "union_tag_invalid"):
        tag = fault["ctx"]["discriminator"].strip("'")
        if fault["type"] == "union_tag_not_found":
            return f"{key}.{tag}: missing; allowed: {', '.join(_tags(tag))}"
        return f"{key}.{tag}: {unknown(tag, str(fault['ctx']['tag']), _tags(tag))}"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{key}: {message}"
    if fault["type"] == "literal_error":
        if renamed := new_name(path, str(fault["input"])):
            return f"{key}: '{fault['input']}' {renamed}"
        allowed = fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{key}: {unknown('choice', str(fault['input']), allowed)}"
    if fault["type"] == "string_type" and (told := _no_text(fault["input"])):
        return f"{key}: {told}"
    found = repr(fault["input"])
    shown = found if len(found) <= SHOWN else f"{found[:SHOWN]}…"
    return f"{key}: found {shown}; {message[0].lower()}{message[1:]}"


def _no_text(found: Any) -> str | None:  # noqa: ANN401 (whatever YAML gives)
    """Say what to write in place of what YAML takes for no text; None for lists and sections."""
    if isinstance(found, bool):
        word = YAML_WORDS[found]
        read = f"found {str(found).lower()}, which YAML reads in {word} too"
        return f"{read}, and a text is needed; write the word in quotes, such as '{word}'"
    if found is None:
        return "found nothing (YAML reads it in ~ and null too), and a text is needed; write one, in quotes"
    if isinstance(found, list | Mapping):
        return None
    kind = "the number" if isinstance(found, int | float) else "the date"
    return f"found {kind} {found}, and a text is needed; write it in quotes, such as '{found}'"


def _key_path(loc: tuple[int | str, ...], words: Any, missing: bool) -> list[int | str]:  # noqa: ANN401
    """Return the part of `loc` that a user wrote: pydantic adds the names of union members to it.

    Of what is `missing`, the last part is the key that should be there.
    """
    path: list[int | str] = []
    loc = loc[:-1] if loc[-1:] == ("[key]",) else loc
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        inside = part in words if isinstance(words, Mapping) else isinstance(words, list) and isinstance(part, int)
        if inside:
            words = words[part]
        elif not (missing and last):
            continue
        path.append(part)
    return path


def _fields_at(loc: tuple[int | str, ...], config: type[Config]) -> list[str]:
    """Return the keys that the section at `loc` may have."""
    kinds: list[Any] = [config]
    for part in loc:
        nested = [kind for model in kinds for kind in _inside(model, part)]
        kinds = nested or kinds
    return [name for kind in kinds for name in kind.model_fields]


def _inside(model: type[BaseModel], part: int | str) -> list[type[BaseModel]]:
    if str(part) in model.model_fields:
        return sections_in(model.model_fields[str(part)].annotation)
    kinds = [tag for key in TAGS if key in model.model_fields for tag in _values(model, key)]
    return [model] if part in kinds else []


def _tags(key: str) -> list[str]:
    """Return the values of `key` that tell the kinds of a section apart."""
    own = [OWN_SOURCE] if key == "source" else []
    return [tag for kind in all_sections(Config) if key in kind.model_fields for tag in _values(kind, key)] + own


def _values(kind: type[BaseModel], key: str) -> list[str]:
    return list(get_args(kind.model_fields[key].annotation))

"""Values from Snakemake's ``--config``, which gives every nested one as a word: read by the type of their key."""

from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel

from lucidag.ground.errors import InputError

TAGS = ("source", "algorithm")  # keys that tell the kinds of a section apart
NULL = ("", "~", "null", "Null", "NULL")
BOOLEANS = ("true", "false")

Kinds = list[Any]  # the members of a type annotation, unions and annotations taken apart


def typed(words: Mapping[str, Any], given: Mapping[str, Any], kind: type[BaseModel]) -> dict[str, Any]:
    """Return a configuration in which what came from the command line has the type of its key.

    Snakemake reads ``--config 'models={m: {train: null}}'`` into words and forgets which of them stood in quotes. So
    a word is read by what its key may be: ``no`` is a class where names are listed, and false where a key is true or
    false. ``null`` is a name only where nothing but a name may stand.

    Parameters
    ----------
    words
        The whole configuration, the command line's values among it.
    given
        What the command line gave.
    kind
        The section that describes the whole.

    Raises
    ------
    InputError
        For a word that YAML would read as a number, a truth value or null, of a key that takes anything, as an option
        of a network does: what is meant cannot be told. The sentence starts with the key.
    """
    found: dict[str, Any] = _typed(words, given, [kind], ())
    return found


def _typed(value: Any, given: Any, kinds: Kinds, path: tuple[str, ...]) -> Any:  # noqa: ANN401 (words of YAML)
    if isinstance(given, Mapping) and isinstance(value, Mapping):
        return {
            key: _typed(inner, given[key], _below(kinds, str(key), value), (*path, str(key))) if key in given else inner
            for key, inner in value.items()
        }
    if isinstance(given, list):
        items = [part for each in kinds for part in _items(each)]
        return [_typed(item, item, items, (*path, str(place))) for place, item in enumerate(given)]
    return _leaf(given, kinds, ".".join(path)) if isinstance(given, str) else value


def _leaf(word: str, kinds: Kinds, key: str) -> Any:  # noqa: ANN401 (of any type)
    literals = {str(choice): choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)}
    if word in literals:
        return literals[word]
    if word in NULL and (NoneType in kinds or (str not in kinds and Any not in kinds)):
        return None
    if word.lower() in BOOLEANS and bool in kinds:
        return word.lower() == "true"
    if str in kinds:
        number = _number(word, kinds)
        return word if number is None else number
    if Any in kinds and not isinstance(yaml.safe_load(word) if word else None, str):
        raise InputError(
            f"{key}: '{word}' of --config may be meant as a word or as a value, and this key takes both: write it "
            "into a configuration file"
        )
    return word


def _number(word: str, kinds: Kinds) -> int | float | None:
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(word)
            except ValueError:
                continue
    return None


def _members(annotation: Any) -> Kinds:  # noqa: ANN401 (any annotation)
    """Take unions and annotated types apart."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _members(arguments[0])
    if arguments and origin not in (Literal, list, dict, tuple):
        return [member for argument in arguments for member in _members(argument)]
    return [annotation]


def _below(kinds: Kinds, key: str, beside: Mapping[str, Any]) -> Kinds:
    """Return what may stand under a key of a mapping."""
    found: Kinds = []
    for kind in kinds:
        if kind is Any:
            found.append(Any)
        elif get_origin(kind) is dict:
            found += _members(get_args(kind)[1])
        elif isinstance(kind, type) and issubclass(kind, BaseModel) and key in kind.model_fields and _is(kind, beside):
            found += _members(kind.model_fields[key].annotation)
    return found


def _is(kind: type[BaseModel], words: Mapping[str, Any]) -> bool:
    """Tell whether words are of this kind of section."""
    tag = next((tag for tag in TAGS if tag in kind.model_fields), None)
    allowed = get_args(kind.model_fields[tag].annotation) if tag is not None else ()
    return tag is None or tag not in words or not allowed or words[tag] in allowed


def _items(kind: Any) -> Kinds:  # noqa: ANN401 (any annotation)
    if kind is Any:
        return [Any]
    return _members(get_args(kind)[0]) if get_origin(kind) in (list, tuple) else []

"""From the words of a configuration file to a checked `Config`, or to one line that says what is wrong."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lucidag.config.checks import check_names
from lucidag.config.command_line import TAGS, typed
from lucidag.config.plan import Plan
from lucidag.config.renamed import new_name
from lucidag.config.schema import Config, config_with, sections_in
from lucidag.data.registry import OWN_SOURCE, source_class
from lucidag.data.source import DataSource
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.models.settings import Model


def load_config(words: Mapping[str, Any], source: str, given: Mapping[str, Any] | None = None) -> Config:
    """Check a configuration and write out its repeated models.

    Parameters
    ----------
    words
        The configuration as read from YAML.
    source
        The file (or files) it was read from, for messages.
    given
        What of it the command line gave: see `lucidag.config.command_line.typed`.

    Returns
    -------
    Config
        With one entry in ``models`` for each seed of a model that has ``seeds``.

    Raises
    ------
    InputError
        One line: the file, the key path, what was found, what is allowed, the nearest spelling.
    """
    own = _own_sources(words, source)
    kind = config_with(own.values()) if own else Config
    try:
        words = typed(words, given or {}, kind)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    try:
        config = kind.model_validate(words)
    except ValidationError as error:
        raise InputError(f"{source}: {_explain(error, words, kind)}") from error
    try:
        whole = config.model_copy(update={"models": _repeat_seeds(config.models)})
        check_names(config, Plan(whole))
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    return whole


def _own_sources(words: Mapping[str, Any], source: str) -> dict[str, type[DataSource]]:
    """Import the sources of the user's own: those that are named as ``package.module:Class``."""
    found = {}
    datasets = words.get("datasets")
    for name, section in datasets.items() if isinstance(datasets, Mapping) else ():
        kind = section.get("source") if isinstance(section, Mapping) else None
        if isinstance(kind, str) and ":" in kind and kind not in found:
            try:
                found[kind] = source_class(kind)
            except InputError as error:
                raise InputError(f"{source}: datasets.{name}.source: {error}") from error
    return found


def _repeat_seeds(models: Mapping[str, Model]) -> dict[str, Model]:
    expanded: dict[str, Model] = {}
    for name, model in models.items():
        if model.seeds is None or model.train is None:
            copies = {name: model}
        else:
            copies = {
                f"{name}-s{seed}": model.model_copy(update={"train": model.train.model_copy(update={"seed": seed})})
                for seed in model.seeds
            }
        for copy in copies:
            if copy in expanded:
                raise InputError(f"models.{name}: two models would be called '{copy}'")
        expanded.update(copies)
    return expanded


def _explain(error: ValidationError, words: Mapping[str, Any], config: type[Config]) -> str:
    """Return the first fault in one line, unknown keys before what may follow from them."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    path = _key_path(fault["loc"], words)
    key = ".".join(map(str, path)) or "the file"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        if renamed := new_name(path):
            return f"{key}: {renamed}{more}"
        return f"{key}: {unknown('key', str(path[-1]), _fields_at(fault['loc'][:-1], config))}{more}"
    if fault["type"] == "missing":
        return f"{key}: missing{more}"
    if fault["type"] in ("union_tag_not_found", "union_tag_invalid"):
        tag = fault["ctx"]["discriminator"].strip("'")
        if fault["type"] == "union_tag_not_found":
            return f"{key}.{tag}: missing; allowed: {', '.join(_tags(tag))}{more}"
        return f"{key}.{tag}: {unknown(tag, str(fault['ctx']['tag']), _tags(tag))}{more}"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{key}: {message}{more}"
    if fault["type"] == "literal_error":
        if renamed := new_name(path, str(fault["input"])):
            return f"{key}: '{fault['input']}' {renamed}{more}"
        allowed = fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{key}: {unknown('choice', str(fault['input']), allowed)}{more}"
    return f"{key}: found {fault['input']!r}; {message[0].lower()}{message[1:]}{more}"


def _key_path(loc: tuple[int | str, ...], words: Any) -> list[int | str]:  # noqa: ANN401
    """Return the part of `loc` that a user wrote: pydantic adds the names of union members to it."""
    path: list[int | str] = []
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        inside = part in words if isinstance(words, Mapping) else isinstance(words, list) and isinstance(part, int)
        if inside:
            words = words[part]
        elif not (last and isinstance(words, Mapping) and isinstance(part, str)):
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


def all_sections(section: type[BaseModel]) -> list[type[BaseModel]]:
    below = [inner for field in section.model_fields.values() for inner in sections_in(field.annotation)]
    found = [section, *(deep for inner in below for deep in all_sections(inner))]
    return list(dict.fromkeys(found))

"""Models and data sets that a configuration names by their family or by a selection of it, written out."""

from collections.abc import Iterable, Mapping
from typing import Any

from lucidag.config.grid import SEED, SEEDS, Member, WrittenOut
from lucidag.config.grid_names import matches
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

FAMILY = "family"
# Sections with one key for each model or data set.
BY_MODEL = (
    ("explain", "without"),
    ("explain", "cam", "layers"),
    ("relevance", "atlas", "layers"),
    ("dissect", "layers"),
    ("units", "layers"),
)
BY_DATASET = (("explain", "images"),)
OF_DATASETS = ("artefacts", "datasets")


def choose(grids: WrittenOut) -> dict[str, Any]:
    """Return the words in which selections and the families of data sets are written out.

    A selection is a section with a ``family`` and values, ``{family: net, train.lr: .01}``: all models of the family
    that have these; a list asks for any of its values. It may stand wherever models are named. Families of models are
    left as they are where a section takes them; a key of a section by model that is a family stands for all its
    models but those that have a key of their own.

    Raises
    ------
    InputError
        A line that starts with the key, for a family or a key path that does not exist, or no model that fits.
    """
    rest = {key: value for key, value in grids.words.items() if key not in ("datasets", "models")}
    chosen: dict[str, Any] = {**grids.words, **{key: _chosen(value, key, grids.models) for key, value in rest.items()}}
    for paths, members in ((BY_MODEL, grids.models), (BY_DATASET, grids.datasets)):
        for path in paths:
            chosen = _keys_written_out(chosen, path, members)
    section, key = OF_DATASETS
    inner = chosen.get(section)
    if isinstance(inner, Mapping) and isinstance(inner.get(key), list):
        names = [own for name in inner[key] for own in (members_of(name, grids.datasets) or [name])]
        chosen[section] = {**inner, key: names}
    return chosen


def members_of(name: Any, members: Mapping[str, Member]) -> list[str]:  # noqa: ANN401 (whatever YAML gives)
    """Return the members of a family, or of one block of it: models that differ in their seed alone."""
    found = [own for own, member in members.items() if member.family == name]
    return found or [own for own, member in members.items() if member.block == name]


def _chosen(words: Any, key: str, models: Mapping[str, Member]) -> Any:  # noqa: ANN401
    """Write out the selections in a part of a configuration: in a list all that fit, elsewhere a list of its own."""
    if isinstance(words, list):
        found: list[Any] = []
        for place, each in enumerate(words):
            inner = _chosen(each, f"{key}[{place}]", models)
            found += inner if _is_selection(each) and isinstance(inner, list) else [inner]
        return found
    if not isinstance(words, Mapping):
        return words
    if not _is_selection(words):
        return {own: _chosen(value, f"{key}.{own}", models) for own, value in words.items()}
    return _fitting(words, key, models)


def selected(words: Mapping[Any, Any], models: Mapping[str, Member]) -> list[str]:
    """Return the models of a selection; none where it is not as it should be."""
    try:
        return _fitting(words, "", models) if _is_selection(words) else []
    except InputError:
        return []


def _is_selection(words: object) -> bool:
    return isinstance(words, Mapping) and isinstance(words.get(FAMILY), str)


def _fitting(words: Mapping[str, Any], key: str, models: Mapping[str, Member]) -> list[str]:
    name = words[FAMILY]
    family = {own: member for own, member in models.items() if member.family == name}
    if not family:
        raise InputError(f"{key}.{FAMILY}: {unknown(FAMILY, name, _once(each.family for each in models.values()))}")
    paths = _once(path for member in family.values() for path in member.values)
    asked = {SEED if path in ("seed", SEEDS) else str(path): value for path, value in words.items() if path != FAMILY}
    for path in asked:
        if path not in paths:
            raise InputError(f"{key}: {unknown('key', path, paths)}")
    fits = [own for own, member in family.items() if matches(member.values, asked)]
    if not fits:
        raise InputError(f"{key}: no model of family '{name}' has these values")
    return fits


def _keys_written_out(words: dict[str, Any], path: tuple[str, ...], members: Mapping[str, Member]) -> dict[str, Any]:
    """Replace keys that are families by those of all members, in one section."""
    first, *rest = path
    inner = words.get(first)
    if not isinstance(inner, Mapping):
        return words
    if rest:
        return {**words, first: _keys_written_out(dict(inner), tuple(rest), members)}
    found: dict[Any, Any] = {}
    for name, value in inner.items():
        own = [] if name in members else members_of(name, members)
        found |= {each: value for each in own or [name] if each == name or each not in inner}
    return {**words, first: found}


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))

"""Data sets and models that a `grid:` multiplies: every combination of some values, as if each stood in the file."""

import copy
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lucidag.config.grid_names import label, matches, meaning, shortened
from lucidag.ground.errors import InputError
from lucidag.ground.section import Seed, Unique

MOST = 10_000
OWN_KEYS = ("zip", "exclude")
NAME = "name"  # in a zip: what its places are called
SEED, SEEDS = "train.seed", "seeds"

Values = dict[str, Any]  # by key path


@dataclass(frozen=True)
class Member:
    """A data set or model that a grid made.

    Attributes
    ----------
    family
        The name in the file.
    block
        The name without its seed: members of one block differ in nothing else.
    values
        What its grid, and of a model also that of its data set, gave it: key path to value. Those of a data set
        begin with ``data.``.
    """

    family: str
    block: str
    values: Values


@dataclass(frozen=True)
class WrittenOut:
    """A configuration whose grids are written out.

    Attributes
    ----------
    words
        As read from YAML, with one entry for each combination and without grids.
    datasets, models
        By its name, each that a grid made.
    """

    words: dict[str, Any]
    datasets: Mapping[str, Member] = field(default_factory=dict)
    models: Mapping[str, Member] = field(default_factory=dict)

    def in_file(self, path: Sequence[int | str]) -> list[int | str]:
        """Return a path of these words as it stands in the file: in the grid, where the value came from there."""
        section, name, below = str(path[0]) if path else "", str(path[1]) if path[1:] else "", path[2:]
        member = {"datasets": self.datasets, "models": self.models}.get(section, {}).get(name)
        if member is None:
            return list(path)
        key = ".".join(map(str, below))
        given = [value for value in member.values if f"{key}.".startswith(f"{value}.") or value.startswith(f"{key}.")]
        return [section, member.family, *(["grid"] if given and given != [SEED] else []), *below]


@dataclass(frozen=True)
class _Axis:
    """Values that run together: P places with one value for each of the keys; what the places are called."""

    places: list[Values]
    labels: list[str]


def write_out(words: Mapping[str, Any]) -> WrittenOut:
    """Write out the grids of all data sets and models.

    Parameters
    ----------
    words
        The configuration as read from YAML. What is not as it should be outside grids is left to other checks.

    Raises
    ------
    InputError
        A line that starts with the key, for each grid with: no value, a value twice, a path through something that is
        no section, lists of a zip that differ in length, an exclusion that excludes nothing or all, more than 10,000
        combinations, a name that another one has.
    """
    datasets, data_members = _multiplied("datasets", words, {})
    models, members = _multiplied("models", words, data_members)
    return WrittenOut({**words, **datasets, **models}, data_members, members)


def _multiplied(
    section: str, words: Mapping[str, Any], data_members: Mapping[str, Member]
) -> tuple[dict[str, Any], dict[str, Member]]:
    """Write out a section, given as {section: entries}; nothing where it is none. Give what grids made of it, too."""
    entries = words.get(section)
    if not isinstance(entries, Mapping):
        return {}, {}
    found: dict[Any, Any] = {}
    members: dict[str, Member] = {}
    for name, entry in entries.items():
        of_models = section == "models"
        if (
            isinstance(entry, Mapping)
            and "grid" in entry
            and not (isinstance(entry["grid"], Mapping) and entry["grid"])
        ):
            raise InputError(
                f"{section}.{name}.grid: must be a section of key paths with lists of values, such as "
                "`train.lr: [.01, .001]`"
            )
        if not isinstance(entry, Mapping) or not (_grid_of(entry, of_models) or _data_family(entry, data_members)):
            found[name] = entry
            continue
        for own, copied, member in _copies(f"{section}.{name}", str(name), entry, of_models, data_members):
            if own in found or (own != name and own in entries):
                raise InputError(f"{section}.{name}: two {section} would be called '{own}'")
            found[own], members[own] = copied, member
    return {section: found}, members


def _grid_of(entry: Mapping[str, Any], of_models: bool) -> dict[str, Any]:
    """Return the grid of an entry, with its seeds where these are as they should be; else another check says so."""
    seeds = _seeds(entry) if of_models else None
    return {**(entry.get("grid") or {}), **({SEEDS: seeds} if seeds else {})}


def _seeds(entry: Mapping[str, Any]) -> list[int] | None:
    if SEEDS not in entry or not isinstance(entry.get("train"), Mapping):
        return None
    try:
        return TypeAdapter(Unique[Seed]).validate_python(entry[SEEDS])
    except ValidationError:
        return None


def _copies(
    key: str, name: str, entry: Mapping[str, Any], of_models: bool, data_members: Mapping[str, Member]
) -> Iterator[tuple[str, dict[str, Any], Member]]:
    """Give each member of a family: its name, its words, and what makes it."""
    grid = _grid_of(entry, of_models)
    axes = _axes(f"{key}.grid", grid, of_models) if grid else []
    plain = {part: value for part, value in entry.items() if part != "grid" and not (part == SEEDS and SEEDS in grid)}
    for values, labels in _combined(f"{key}.grid", axes, grid):
        copied = _with_values(f"{key}.grid", plain, values)
        seed = labels[-1:] if SEED in values else []
        for suffix, dataset, more in _datasets_of(copied, data_members):
            own = [*suffix, *labels]
            block = shortened(name, own[: len(own) - len(seed)])
            words = copied if dataset is None else {**copied, "dataset": dataset}
            yield shortened(name, own), words, Member(name, block, {**more, **values})


def _combined(key: str, axes: Sequence[_Axis], grid: Mapping[str, Any]) -> Iterator[tuple[Values, list[str]]]:
    """Give the values of each combination that is not excluded, and what its places are called."""
    exclude = _exclusions(key, grid, axes)
    found, used = [], set()
    for places in itertools.product(*(range(len(axis.places)) for axis in axes)):
        chosen = list(zip(axes, places, strict=True))
        values = {path: value for axis, place in chosen for path, value in axis.places[place].items()}
        hits = [number for number, asked in enumerate(exclude) if matches(values, asked)]
        used.update(hits)
        if not hits:
            found.append((values, [axis.labels[place] for axis, place in chosen]))
    for number in range(len(exclude)):
        if number not in used:
            raise InputError(f"{key}.exclude[{number}]: no combination is like this")
    if not found:
        raise InputError(f"{key}.exclude: leaves no combination")
    yield from found


def _data_family(entry: Mapping[str, Any], data_members: Mapping[str, Member]) -> dict[str, Member]:
    asked = entry.get("dataset")
    return {name: member for name, member in data_members.items() if member.family == asked}


def _datasets_of(
    entry: Mapping[str, Any], data_members: Mapping[str, Member]
) -> Iterator[tuple[list[str], str | None, Values]]:
    """Give the data sets that a model's stands for: what they add to its name, their names, what their grid gave."""
    family = _data_family(entry, data_members)
    for name, member in family.items():
        values = {f"data.{path}": value for path, value in member.values.items()}
        yield [name.removeprefix(f"{member.family}-")], name, values
    if not family:
        yield [], None, {}


def _axes(key: str, grid: Mapping[str, Any], of_models: bool) -> list[_Axis]:
    """Read a grid: its lists, each crossed with all others; those of a zip run together; seeds come last."""
    lists = {_full(str(path), of_models): values for path, values in grid.items() if path not in OWN_KEYS}
    if len(lists) < len([path for path in grid if path not in OWN_KEYS]):
        raise InputError(f"{key}: the seed has values twice")
    zips = _zips(key, grid, of_models)
    paths = [*lists, *(path for each in zips for path in each if path != NAME)]
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(f"{key}: '{path}' has values twice")
    if not paths:
        raise InputError(f"{key}: names no key whose values are to be tried")
    sizes = [len(_values(f"{key}.{path}", values)) for path, values in lists.items()]
    sizes += [_length(f"{key}.zip", each) for each in zips]
    if math.prod(sizes) > MOST:
        raise InputError(f"{key}: would be {math.prod(sizes):,} combinations; at most {MOST:,} are written out")
    axes = {
        path: _Axis([{path: value} for value in values], _labels(f"{key}.{path}", path, values, paths))
        for path, values in lists.items()
    }
    seeds = [axes.pop(path) for path in lists if path == SEED]
    return [*axes.values(), *(_zipped(f"{key}.zip", each, paths) for each in zips), *seeds]


def _zips(key: str, grid: Mapping[str, Any], of_models: bool) -> list[dict[str, Any]]:
    asked = grid.get("zip", [])
    asked = [asked] if isinstance(asked, Mapping) else asked
    if not isinstance(asked, list) or not all(isinstance(each, Mapping) and each for each in asked):
        raise InputError(f"{key}.zip: must be a section of key paths with lists of the same length, or a list of such")
    return [{_full(str(path), of_models): values for path, values in each.items()} for each in asked]


def _zipped(key: str, words: Mapping[str, Any], paths: Sequence[str]) -> _Axis:
    lists = {path: values for path, values in words.items() if path != NAME}
    places = [{path: values[place] for path, values in lists.items()} for place in range(_length(key, words))]
    if len({meaning(each) for each in places}) < len(places):
        raise InputError(f"{key}: two of its places mean the same")
    if NAME in words:
        names = words[NAME]
        if not all(isinstance(each, str) and each for each in names):
            raise InputError(f"{key}.{NAME}: must be words, one for each place")
        return _Axis(places, _labels(f"{key}.{NAME}", "", names, paths))
    parts = [
        [label(path, value, paths) for path, value in zip(lists, row, strict=True)]
        for row in zip(*lists.values(), strict=True)
    ]
    return _Axis(places, ["-".join(each) for each in parts])


def _length(key: str, words: Mapping[str, Any]) -> int:
    """Return how many places the lists of a zip have."""
    sizes = {str(path): len(_values(f"{key}.{path}", values)) for path, values in words.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"'{path}' has {size}" for path, size in sizes.items())
        raise InputError(f"{key}: lists that run together must be of one length; {told}")
    return next(iter(sizes.values()))


def _values(key: str, values: Any) -> Sequence[Any]:  # noqa: ANN401
    if not isinstance(values, list):
        raise InputError(f"{key}: must be a list of values, and is {json.dumps(values, default=str)}")
    if not values:
        raise InputError(f"{key}: is an empty list: write the values to be tried, or leave the key out")
    return values


def _labels(key: str, path: str, values: Sequence[Any], paths: Sequence[str]) -> list[str]:
    """Say what each value is called in a name; stops at values that mean the same or have one name."""
    seen: dict[str, Any] = {}
    meanings: set[str] = set()
    found = []
    for value in values:
        same = meaning(value)
        own = label(path, value, paths)
        if same in meanings:
            raise InputError(f"{key}: {json.dumps(value, default=str)} stands twice")
        if own in seen:
            raise InputError(
                f"{key}: {json.dumps(seen[own], default=str)} and {json.dumps(value, default=str)} would both be "
                f"called '{own}'; give them names in a `zip:`"
            )
        meanings.add(same)
        seen[own] = value
        found.append(own)
    return found


def _exclusions(key: str, grid: Mapping[str, Any], axes: Sequence[_Axis]) -> list[Values]:
    asked = grid.get("exclude", [])
    asked = [asked] if isinstance(asked, Mapping) else asked
    if not isinstance(asked, list) or not all(isinstance(each, Mapping) and each for each in asked):
        raise InputError(f"{key}.exclude: must be a list of combinations, such as `- {{train.lr: .01, seed: 1}}`")
    known = {path for axis in axes for place in axis.places for path in place}
    found = []
    for number, words in enumerate(asked):
        own = {SEED if path in ("seed", SEEDS) and SEED in known else str(path): value for path, value in words.items()}
        for path in own:
            if path not in known:
                raise InputError(
                    f"{key}.exclude[{number}]: '{path}' is no key of this grid; there are: {', '.join(sorted(known))}"
                )
        found.append(own)
    return found


def _full(path: str, of_models: bool) -> str:
    """Return the path of a key; the seed of a model is that of its training."""
    return SEED if of_models and path in ("seed", SEEDS) else path


def _with_values(key: str, entry: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Return a copy of an entry with values at key paths."""
    found = copy.deepcopy(dict(entry))
    for path, value in values.items():
        *above, last = path.split(".")
        place = found
        for part in above:
            inner = place.get(part)
            inner = {} if inner is None else inner
            if not isinstance(inner, dict):
                raise InputError(f"{key}.{path}: '{part}' is no section that has keys")
            place[part] = inner
            place = inner
        place[last] = copy.deepcopy(value)
    return found

"""What the members of a grid are called: short, readable, safe in paths, and the same when values are added."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 60
KEPT = 48
SHORT = 6
BY_VALUE = ("architecture", "dataset")  # keys whose values say enough
SEEDS = ("seed", "train.seed")


def meaning(value: Any) -> str:  # noqa: ANN401 (a value of YAML)
    """Return a text that two values share where they mean the same: 1 and 1.0 do, 1 and true do not."""
    return json.dumps(_as_numbers(value), sort_keys=True, default=str)


def matches(values: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Tell whether values by key path are those that are asked for; a list asks for any of its values."""
    return all(
        path in values
        and meaning(values[path]) in {meaning(each) for each in (wanted, *(wanted if isinstance(wanted, list) else ()))}
        for path, wanted in asked.items()
    )


def label(path: str, value: Any, paths: Sequence[str]) -> str:  # noqa: ANN401
    """Return what a value of a key adds to a name, such as ``lr.01`` or ``resnet18``.

    Parameters
    ----------
    path
        The key path; "": a word that is a name itself.
    value
        The value.
    paths
        All key paths of the grid: of two that end alike, more is taken.
    """
    own = _of_value(value)
    if not path or path in BY_VALUE:
        return own
    if path in SEEDS:
        return f"s{own}"
    parts = path.split(".")
    alike = [other for other in paths if other != path and other.split(".")[-1] == parts[-1]]
    key = _safe("_".join(parts[-2:] if alike else parts[-1:]))
    return f"{key}-{own}" if own[:1].isalpha() else f"{key}{own}"


def shortened(family: str, parts: Sequence[str]) -> str:
    """Join a family's name and what its values add to it; a long name ends in a hash, and in the seed.

    The same parts give the same name, whatever other members the family has.
    """
    whole = "-".join([family, *parts])
    if len(whole) <= LONGEST:
        return whole
    seed = [part for part in parts[-1:] if re.fullmatch(r"s\d+", part)]
    rest = "-".join([family, *parts[: len(parts) - len(seed)]])
    kept = rest[: max(KEPT, len(family) + 1)].rstrip("-._")
    return "-".join([kept, _hash(rest), *seed])


def _of_value(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, int | float):
        return re.sub(r"^(-?)0\.", r"\1.", repr(value)).replace("+", "")
    if isinstance(value, str) and value:
        word = _safe(value.rpartition(":")[2])
        return word or _hash(value)
    return _hash(meaning(value))


def _safe(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "_", word).strip("_.")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:SHORT]


def _as_numbers(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {str(key): _as_numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_numbers(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

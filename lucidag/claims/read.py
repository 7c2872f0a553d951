"""From a file of claims to checked claims, or to one sentence that says what is wrong."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lucidag.claims.registry import MEASURES
from lucidag.claims.settings import Claim, ClaimsFile
from lucidag.ground.errors import InputError, first_line
from lucidag.ground.spelling import nearest


def read_claims(path: str | Path) -> list[Claim]:
    """Read a file of claims.

    Raises
    ------
    InputError
        If it is missing, is no YAML, or says what no claim may say: the file, the claim, the key, and what is wrong.
    """
    try:
        words = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"claims: {path} does not exist") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"claims: {path} cannot be read: {first_line(error)}") from error
    try:
        return ClaimsFile.model_validate(words).claims
    except ValidationError as error:
        raise InputError(f"claims: {path}: {_sentence(error, words)}") from error


def _sentence(error: ValidationError, words: Any) -> str:  # noqa: ANN401 (whatever YAML gives)
    """Say the first mistake, with the id of its claim and the nearest name of a measure or key."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    where = ".".join(place)
    if place[:1] == ["claims"] and len(place) > 1 and place[1].isdigit():
        given = words["claims"][int(place[1])]
        own = given.get("id", place[1]) if isinstance(given, dict) else place[1]
        where = ".".join([f"claim '{own}'", *(part for part in place[2:] if part not in MEASURES)])
    if first["type"] == "union_tag_invalid":
        tag = str((first.get("ctx") or {}).get("tag"))
        return f"{where}: measure '{tag}' does not exist{nearest(tag, MEASURES)}; there are: {', '.join(MEASURES)}"
    if first["type"] == "extra_forbidden":
        kind = next((MEASURES[part] for part in place if part in MEASURES), Claim)
        return f"{where}: unknown key{nearest(place[-1], kind.model_fields)}"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"

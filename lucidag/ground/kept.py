"""What one start of the workflow keeps for the next: it may always be missing, and what was changed is not used."""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.ground.files import read_json, write_text

KEPT = ".cache"  # the folder of what is kept, in a folder of results or deeper in it
_SEALED = re.compile(r'\{"seal": "([0-9a-f]{64})", "kept": (\{.*\})\}\n', re.DOTALL)


def kept_in(results: str | Path) -> Path:
    """Return the folder in which the workflow keeps what it has found out, for its next start."""
    return Path(results) / KEPT


def read_kept(file: Path | None) -> dict[str, Any]:
    """Return what `keep` wrote into a file; nothing where it is missing, cut off, changed, or was kept as another."""
    try:
        found = _SEALED.fullmatch(file.read_text(encoding="utf-8")) if file is not None else None
    except (OSError, ValueError):
        return {}
    if file is None or found is None or found[1] != _seal(file, found[2]):
        return {}
    return dict(json.loads(found[2]))


def keep(file: Path | None, words: Mapping[str, Any]) -> None:
    """Write what is to be kept, with a checksum; a folder that cannot be written to keeps nothing."""
    if file is not None:
        text = json.dumps(words, ensure_ascii=False, allow_nan=False)
        with suppress(InputError):
            write_text(file, f'{{"seal": "{_seal(file, text)}", "kept": {text}}}\n')


def read_if_any(file: Path) -> dict[str, Any]:
    """Return what a file of JSON says, and nothing where it says nothing that can be read."""
    try:
        return dict(read_json(file))
    except (OSError, ValueError, TypeError):
        return {}


def _seal(file: Path, text: str) -> str:
    return hashlib.sha256(f"{file.name}\n{text}".encode()).hexdigest()

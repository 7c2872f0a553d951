"""What one start of the workflow keeps for the next: it may always be missing."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.ground.files import read_json, write_json


def read_kept(file: Path | None) -> dict[str, Any]:
    """Return what a file keeps, and nothing where it keeps nothing that can be read."""
    try:
        return dict(read_json(file)) if file is not None else {}
    except (OSError, ValueError, TypeError):
        return {}


def keep(file: Path | None, words: Mapping[str, Any]) -> None:
    """Write what is to be kept; a folder that cannot be written to keeps nothing."""
    if file is not None:
        with suppress(InputError):
            write_json(file, words)

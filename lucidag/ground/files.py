"""Outputs that appear whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors import SafetensorError

from lucidag.ground.errors import InputError


class DamagedError(InputError, ValueError):
    """A file of the project's own that is not what was written."""


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and move it there when the block ends well.

    The file keeps its suffix, because many writers choose their format by it. When the block
    raises, the partial file is removed and `path` stays as it was.

    Raises
    ------
    InputError
        If the disk is full or the folder cannot be written to; the sentence names `path`.
    """
    path = Path(path)
    partial = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
        mode = partial.stat().st_mode
        yield partial
        # Some writers put a file of their own in its place, which nobody else may read.
        partial.chmod(mode)
        with partial.open("rb+") as handle:
            os.fsync(handle.fileno())
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} could not be written: {error.strerror or error}") from error
    except SafetensorError as error:  # what a full disk is to this library
        raise InputError(f"{path} could not be written: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def is_file(path: str | Path) -> bool:
    """Return whether a path leads to a file: False also where no system takes it, as of a name that is too long."""
    return os.path.isfile(path)  # noqa: PTH113 (which raises)


def is_folder(path: str | Path) -> bool:
    """Return whether a path leads to a folder: False also where no system takes it."""
    return os.path.isdir(path)  # noqa: PTH112 (which raises)


def discard(path: str | Path) -> None:
    """Remove a file if it is there, and the partial files that killed writers of it left beside it."""
    Path(path).unlink(missing_ok=True)
    discard_partial(path)


def discard_partial(path: str | Path) -> None:
    """Remove the partial files that killed writers of a file left beside it."""
    path = Path(path)
    for file in path.parent.glob(f".{escape(path.stem)}.{'[0-9a-f]' * 8}{escape(path.suffix)}"):
        file.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) to `path`, whole or not at all."""
    with atomic(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:  # noqa: ANN401 (JSON is what json takes)
    """Write `value` as indented JSON; NaN and infinity are refused because JSON has no word for them."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:  # noqa: ANN401
    """Read JSON from `path`.

    Raises
    ------
    DamagedError
        If it is cut or something else.
    OSError
        If it cannot be read.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is not what lucidag writes ({error}); remove it and run again") from error

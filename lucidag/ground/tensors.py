"""Files of tensors: safetensors, with what is known about them as JSON in the metadata."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic

KEY = "lucidag"


def write_tensors(path: str | Path, tensors: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write a file of tensors, whole or not at all.

    Parameters
    ----------
    path
        The new file.
    tensors
        Arrays by name.
    about
        What is known about them, as JSON has words for it.
    """
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with atomic(path) as partial:
        save_file(contiguous, str(partial), metadata=metadata(about))


def metadata(about: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of a file of tensors."""
    return {KEY: json.dumps(about, allow_nan=False)}


@contextmanager
def read_tensors(path: str | Path, what: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Open a file that `write_tensors` wrote; each tensor is read when it is asked for.

    Parameters
    ----------
    path
        The file.
    what
        What it should hold, in words.

    Yields
    ------
    handle, about
        safetensors' handle (``get_tensor(name)``, ``keys()``), and what is known.

    Raises
    ------
    InputError
        If the file is missing or is something else, or if something is missing in it while it is read.
    """
    try:
        with safe_open(str(path), framework="np") as handle:
            about = json.loads(handle.metadata()[KEY])
            if not isinstance(about, dict):
                raise ValueError("what is said about it is no section")
            yield handle, about
    except (OSError, SafetensorError, TypeError, KeyError, ValueError, RecursionError) as error:
        raise InputError(f"{path} does not hold {what} of lucidag: {error}") from error

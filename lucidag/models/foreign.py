"""The named tensors of a file that any framework wrote. Nothing in the file is run."""

import collections
import pickle
import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from safetensors.torch import load_file
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file

Tensors = dict[str, torch.Tensor]

# What else of Python's own library may stand in a file: plain values, which a stand-in replaces.
HARMLESS = {
    *(f"collections.{name}" for name in ("defaultdict", "OrderedDict", "Counter")),
    *(f"pathlib.{name}" for name in ("Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
    *(f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")),
    *(f"builtins.{name}" for name in ("list", "dict", "tuple", "frozenset", "int", "float", "str", "bool", "slice")),
    *(f"builtins.{name}" for name in ("object", "bytes", "range")),
    "argparse.Namespace",
    "types.SimpleNamespace",
    "decimal.Decimal",
    "uuid.UUID",
    "enum.Enum",
    "functools.partial",
    "copyreg._reconstructor",
}
ADVICE = "save model.state_dict() instead"
DAMAGED = "torch.save did not write it, or it is damaged"
GROWTH = 20  # times its size that an archive may unpack to: torch itself writes members as they are
SMALL = 2**24  # bytes that any archive may unpack to
DEEPEST = 40  # containers in each other that are looked into; a container may also hold itself
QUICK = 256 * 2**20  # bytes of a file of torch's old format that are read for its shapes alone
# How files of other formats begin.
BEGINNINGS = {
    b"\x89hdf": "it is a file of HDF5, as Keras writes them",
    b"<!doctype html": "it is a web page (a download that failed?)",
    b"<html": "it is a web page (a download that failed?)",
    b"\x1f\x8b": "it is compressed by gzip; unpack it first",
    b"bzh": "it is compressed by bzip2; unpack it first",
    b"\xfd7zxz": "it is compressed by xz; unpack it first",
}


class _StandIn:
    """Stands for every class that is not torch's: it takes what it is given and does nothing with it.

    What it makes is an `OrderedDict`, which torch's reader fills with entries and attributes. So a whole pickled
    network is read too: its modules are such dictionaries, with their tensors as attributes.
    """

    def __new__(cls, *_: object, **__: object) -> "collections.OrderedDict[Any, Any]":  # type: ignore[misc]
        return collections.OrderedDict()


@overload
def read_tensors(path: Path) -> Tensors: ...
@overload
def read_tensors(path: Path, shapes_only: bool) -> Tensors | None: ...
def read_tensors(path: Path, shapes_only: bool = False) -> Tensors | None:
    """Read every tensor of a file, named by its place in it, such as ``state_dict.model.conv1.weight``.

    Safetensors are read as such, whatever the suffix; all else goes through torch's reader of weights, which makes
    tensors, plain containers and numbers, and runs nothing. Classes that it does not know (settings, metrics,
    modules) are replaced by containers, unless they are part of Python itself, as whatever runs commands is.
    Arrays of numpy become tensors, modules of a pickled network the tensors that `torch.nn.Module.state_dict`
    would give.

    Parameters
    ----------
    path
        The file.
    shapes_only
        Whether the values stay in the file until they are used; None is returned where that cannot be, and reading all
        of it would take long.

    Raises
    ------
    InputError
        If the file is missing, is of another format, is damaged, or asks for a function of Python's own.
    """
    if not is_file(path):
        raise InputError(f"weights {path}: there is no such file")
    mapped = shapes_only and (_is_safetensors(path) or zipfile.is_zipfile(path))
    if shapes_only and not mapped and path.stat().st_size > QUICK:
        return None
    return dict(_flat(_content(path, mapped), ""))


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as handle:
        head = handle.read(9)
    return path.suffix.lower() == ".safetensors" or (
        head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size
    )


def _content(path: Path, mapped: bool) -> Any:  # noqa: ANN401 (a file may hold anything)
    try:
        if _is_safetensors(path):
            return load_file(path)
        _check_growth(path)
        with safe_globals(_allowed(path)), warnings.catch_warnings(action="ignore"):  # of archives that are refused
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except InputError:
        raise
    except Exception as error:  # a damaged file can raise anything
        asked = (
            re.search(r"(?:GLOBAL|[Cc]lass) ([\w.]+)", str(error))
            if isinstance(error, pickle.UnpicklingError)
            else None
        )
        if asked is not None:
            raise _refused(path, asked[1]) from error
        reason = _other_format(path) or DAMAGED
        raise InputError(f"weights {path} cannot be read: {reason}; {ADVICE}") from error


def _check_growth(path: Path) -> None:
    """Stop at an archive that is far larger unpacked than packed."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > max(GROWTH * path.stat().st_size, SMALL):
        raise InputError(
            f"weights {path} are refused: the archive of {path.stat().st_size:,} bytes would unpack to {unpacked:,}; "
            f"{ADVICE}"
        )


def _refused(path: Path, name: str) -> InputError:
    return InputError(
        f"weights {path} are refused: the pickle holds more than tensors and would run code when read ({name[:120]}); "
        f"{ADVICE}"
    )


def _other_format(path: Path) -> str:
    """Say what a file is by how it begins, where that is known."""
    with path.open("rb") as handle:
        head = handle.read(64)
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS and not the file itself (`git lfs pull` fetches it)"
    for begins, words in BEGINNINGS.items():
        if head.lstrip().lower().startswith(begins):
            return words
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return ""
        if any("/code/" in name or name.endswith("constants.pkl") for name in names):
            return "it is an archive of TorchScript"
        if any("models/" in name for name in names):
            return "it is an exported program"
    return ""


def _allowed(path: Path) -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """Give what the reader may make beside tensors: numbers and arrays of numpy, and stand-ins for all other classes.

    Raises
    ------
    InputError
        If the file asks for anything of Python's own that is not a plain value.
    """
    plain: list[Any] = [np.ndarray, np.dtype, *{type(np.dtype(letter)) for letter in "?bBhHiIlLqQefdFDSUO"}]
    private = {"scalar": np.float64(0).__reduce__()[0], "_reconstruct": np.zeros(0).__reduce__()[0]}
    numpy = [(make, f"numpy.{core}.multiarray.{name}") for name, make in private.items() for core in ("core", "_core")]
    known = [*plain, *numpy, (lambda *_: [], "collections.deque")]
    try:
        with safe_globals(known):
            others = get_unsafe_globals_in_checkpoint(path)
    except (ValueError, RuntimeError, OSError, pickle.UnpicklingError, EOFError):
        return known  # of the time before zip archives, or no pickle of weights at all: then reading says so
    for name in others:
        if name.partition(".")[0] in {*sys.stdlib_module_names, "builtins"} and name not in HARMLESS:
            raise _refused(path, name)
    return [*known, *((_StandIn, name) for name in others)]


def _flat(content: Any, place: str, depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:  # noqa: ANN401
    """Yield the tensors in nested containers, each with its place; a tensor without one shape is no weight."""
    if isinstance(content, np.ndarray) and content.dtype.kind in "biufc":
        content = torch.from_numpy(content.astype(content.dtype.newbyteorder("=")))
    if isinstance(content, torch.Tensor) and not content.is_nested:
        yield place, content.detach()
    elif isinstance(content, Mapping) and depth < DEEPEST:
        for name, value in {**_held(content), **content}.items():
            if isinstance(name, str):
                yield from _flat(value, f"{place}.{name}" if place else name, depth + 1)


def _held(module: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what a module of a pickled network holds: its own tensors and its modules, by name."""
    state = getattr(module, "__dict__", {})
    kept = {
        name: value
        for name, value in dict(state.get("_buffers", {})).items()
        if name not in state.get("_non_persistent_buffers_set", ())
    }
    return {**dict(state.get("_parameters", {})), **kept, **dict(state.get("_modules", {}))}

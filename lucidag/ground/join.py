"""One file out of several, in memory that does not grow with them."""

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import SafetensorError, safe_open

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic

PIECE = 2**24  # bytes that are copied at a time
ABOUT = "__metadata__"


def join_tensors(
    path: str | Path, parts: Sequence[str | Path], stacked: Collection[str], metadata: Mapping[str, str]
) -> None:
    """Write the tensors of several files as one file: the bytes that `safetensors.numpy.save_file` gives.

    Parameters
    ----------
    path
        The new file, whole or not at all.
    parts
        Files of the same tensors, one or more.
    stacked
        The tensors that are put one after the other along their first axis; the others must be the same in all
        parts, and are taken once.
    metadata
        What the new file says of itself.

    Raises
    ------
    InputError
        If a part is no such file, or differs from the first one in more than what is stacked.
    """
    layouts = [_layout(part) for part in parts]
    for other in layouts[1:]:
        _check_same(layouts[0], other, stacked)
    with atomic(path) as partial, partial.open("wb") as out:
        out.write(_header(layouts, stacked, metadata))
        # In the order of the library, which wrote the parts: it is one of names and types.
        for name in layouts[0].tensors:
            for layout in layouts if name in stacked else layouts[:1]:
                out.writelines(layout.pieces(name))


def join_rows(path: str | Path, parts: Sequence[str | Path]) -> None:
    """Write the rows of several CSV files below one header.

    Raises
    ------
    InputError
        If the parts have different headers, or one has none, cannot be read or does not end with a whole row.
    """
    with atomic(path) as partial, partial.open("wb") as out:
        first = b""
        for part in parts:
            with open_part(part) as rows:
                header = rows.readline()
                if not header or header != (first or header):
                    raise InputError(f"{part} has other columns than {parts[0]}: they are no shards of one table")
                if not first:
                    first = header
                    out.write(header)
                rows.seek(-1, os.SEEK_END)
                if rows.read() != b"\n":
                    raise InputError(f"{part} is cut short: its last row has no end")
                rows.seek(len(header))
                shutil.copyfileobj(rows, out, PIECE)


def open_part(path: str | Path) -> BinaryIO:
    """Open a file to be joined.

    Raises
    ------
    InputError
        If it cannot be opened.
    """
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


@dataclass(frozen=True)
class _Layout:
    """Where the tensors of a file stand: its header, and where the bytes after it start."""

    path: Path
    tensors: dict[str, dict[str, Any]]
    start: int

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a tensor, some at a time."""
        first, last = self.tensors[name]["data_offsets"]
        with self.path.open("rb") as file:
            file.seek(self.start + first)
            for left in range(last - first, 0, -PIECE):
                yield file.read(min(PIECE, left))


def _layout(path: str | Path) -> _Layout:
    try:
        with safe_open(str(path), framework="np"):  # checks the header, and the length of the file against it
            pass
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is not a safetensors file: {error}") from error
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        tensors = json.loads(file.read(length))
    tensors.pop(ABOUT, None)
    return _Layout(Path(path), tensors, 8 + length)


def _check_same(first: _Layout, other: _Layout, stacked: Collection[str]) -> None:
    if list(first.tensors) != list(other.tensors):
        raise InputError(f"{other.path} does not hold the tensors of {first.path}: they are no shards of one file")
    for name, tensor in first.tensors.items():
        skipped = int(name in stacked)
        (own, shape), (type_, wanted) = (
            (each["dtype"], each["shape"][skipped:]) for each in (other.tensors[name], tensor)
        )
        same = own == type_ and shape == wanted
        if same and not skipped:
            same = all(a == b for a, b in zip(first.pieces(name), other.pieces(name), strict=True))
        if not same:
            raise InputError(
                f"tensor '{name}' of {other.path} does not fit that of {first.path}: they are no shards of one file"
            )


def _header(layouts: Sequence[_Layout], stacked: Collection[str], metadata: Mapping[str, str]) -> bytes:
    """Give the length and the header, laid out as the library does: compact, filled up with blanks to 8 bytes."""
    header: dict[str, Any] = {ABOUT: dict(metadata)}
    end = 0
    for name, tensor in layouts[0].tensors.items():
        taken = [layout.tensors[name] for layout in (layouts if name in stacked else layouts[:1])]
        shape = list(tensor["shape"])
        if name in stacked:
            shape[0] = sum(each["shape"][0] for each in taken)
        start, end = end, end + sum(each["data_offsets"][1] - each["data_offsets"][0] for each in taken)
        header[name] = {"dtype": tensor["dtype"], "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text

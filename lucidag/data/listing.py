"""What a folder source consists of, without opening an image: standard library only, so that it is quick."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lucidag.data.roles import SPLITS
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest, unknown

ROLES = ("image", "label", "split", "mask", "id")
SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"))


@dataclass(frozen=True)
class Entry:
    """One image of a source.

    Attributes
    ----------
    relative
        Its path relative to the source's root, with forward slashes.
    path, mask
        The files as they can be opened from the working directory; `mask` is empty where there is none.
    label
        Its class name.
    split, id
        Its split and the id of what it belongs to; None where the source does not say.
    line
        Its line in the CSV file; None in folders.
    other
        The further columns of the CSV file.
    """

    relative: str
    path: str
    label: str
    split: str | None = None
    mask: str = ""
    id: str | None = None
    line: int | None = None
    other: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The image in words, with its line where it has one."""
        return self.relative if self.line is None else f"{self.relative} (line {self.line})"


def files_of(found: Sequence[Entry]) -> list[str]:
    """Give the image and mask files of a source, each once; a CSV file itself is not among them."""
    files = [entry.path for entry in found] + [entry.mask for entry in found if entry.mask]
    return list(dict.fromkeys(files))


def entries(
    path: str | Path, root: str | Path | None = None, columns: Mapping[str, str | None] | None = None
) -> list[Entry]:
    """Give the images of a source in the order of its CSV file, or sorted by path in a folder.

    Parameters
    ----------
    path
        A CSV file with a header, or a folder with class sub-folders (``nevus/…``) or split and class
        sub-folders (``train/nevus/…``).
    root
        What the paths in the CSV file are relative to; None is the file's own folder.
    columns
        For the roles image, label, split, mask and id: the column of the CSV file. A role left out is
        the column of its own name, where there is one; None says that there is none. Image and label
        must exist.

    Raises
    ------
    InputError
        If the path or a column does not exist, or the file or folder is not laid out as above.
    """
    path = Path(path)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _of_csv(path, path.parent if root is None else Path(root), dict(columns or {}))
    siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    raise InputError(f"{path} does not exist{nearest(path.name, siblings)}")


def image_ids(path: str | Path, found: Sequence[Entry]) -> list[str]:
    """Give the images ids that are safe as file names and differ.

    They are the relative paths without suffix, ``-`` for ``/`` and ``_`` for characters that are not safe; where
    two images differ in their suffix alone, they keep it.

    Raises
    ------
    InputError
        If two images would have the same id, as where one is listed twice.
    """
    bare = [_safe(re.sub(r"\.[^./]+$", "", entry.relative)) for entry in found]
    number = Counter(bare)
    ids = [_safe(entry.relative) if number[name] > 1 else name for entry, name in zip(found, bare, strict=True)]
    first: dict[str, Entry] = {}
    for name, entry in zip(ids, found, strict=True):
        if name in first:
            twice = first[name].path == entry.path
            remedy = "each image may occur once" if twice else "rename one of them with letters A-Z a-z, 0-9 _ . -"
            raise InputError(f"{path}: {first[name].place} and {entry.place} have the same image id '{name}'; {remedy}")
        first[name] = entry
    return ids


def _safe(relative: str) -> str:
    joined = re.sub(r"[^A-Za-z0-9_.-]", "_", relative.replace("/", "-"))
    return joined.lstrip(".-") or "_"


def check_header(path: str | Path, columns: Mapping[str, str | None]) -> None:
    """Look at the first line of a CSV file alone, however many follow; parameters and errors as of `entries`."""
    file = Path(path)
    with _opened(file) as reader:
        _named(file, _header(file, reader), columns)


def _of_csv(file: Path, root: Path, columns: dict[str, str | None]) -> list[Entry]:
    header, rows = _read(file)
    named = _named(file, header, columns)
    used = {column for column in named.values() if column is not None}
    found = []
    for line, row in rows:
        value = {role: row[column] for role, column in named.items() if column is not None}
        for role in ("image", "label"):
            if not value[role]:
                raise InputError(f"{file}, line {line}: column '{named[role]}' is empty")
        found.append(
            Entry(
                relative=value["image"].replace("\\", "/"),
                path=(root / value["image"]).as_posix(),
                label=value["label"],
                split=value.get("split"),
                mask=(root / value["mask"]).as_posix() if value.get("mask") else "",
                id=value.get("id"),
                line=line,
                other={name: row[name] for name in header if name not in used},
            )
        )
    if not found:
        raise InputError(f"{file} has a header but no row")
    return found


def _read(file: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Read a CSV file: its header, and each row with the line it ends on."""
    with _opened(file) as reader:
        header = _header(file, reader)
        rows = []
        for cells in reader:
            if len(cells) not in (0, len(header)):
                raise InputError(f"{file}, line {reader.line_num}: {len(cells)} values, the header names {len(header)}")
            if cells:
                values = (cell.strip() for cell in cells)
                rows.append((reader.line_num, dict(zip(header, values, strict=True))))
    return header, rows


@contextmanager
def _opened(file: Path) -> Iterator[Any]:  # csv's reader, whose class has no name
    try:
        with file.open(newline="", encoding="utf-8-sig") as handle:
            yield csv.reader(handle, strict=True)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} is no CSV file in UTF-8: {error}") from error


def _header(file: Path, reader: Iterator[list[str]]) -> list[str]:
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise InputError(f"{file} is empty; its first line must name the columns")
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{file}: column '{name}' occurs more than once")
    return header


def _named(file: Path, header: Sequence[str], columns: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give the column of every role."""
    for role in columns:
        if role not in ROLES:
            raise InputError(f"columns: {unknown('role', role, ROLES)}")
    named: dict[str, str | None] = {}
    for role in ROLES:
        column = columns.get(role, role)
        needed = role in ("image", "label")
        if needed and column is None:
            raise InputError(f"{file}: a column for '{role}' must be named")
        if column is not None and column not in header:
            if needed or role in columns:
                raise InputError(f"{file}: {unknown('column', column, header)}")
            column = None
        named[role] = column
    return named


def _of_folder(folder: Path) -> list[Entry]:
    names = [item.name for item in _folders(folder)]
    if not set(names) & set(SPLITS):
        return _of_classes(folder, folder, None)
    for name in names:
        if name not in SPLITS:
            raise InputError(f"{folder}: beside split folders, {unknown('split', name, SPLITS)}")
    return [entry for split in SPLITS if split in names for entry in _of_classes(folder / split, folder, split)]


def _of_classes(folder: Path, root: Path, split: str | None) -> list[Entry]:
    classes = _folders(folder)
    if not classes:
        raise InputError(f"{folder} has no class sub-folders")
    found = []
    for one in classes:
        files = sorted(
            file
            for file in one.rglob("*")
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
        )
        if not files:
            raise InputError(f"{one} has no image ({' '.join(sorted(SUFFIXES))})")
        for file in files:
            found.append(Entry(file.relative_to(root).as_posix(), file.as_posix(), one.name, split))
    return found


def _folders(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.is_dir() and not item.name.startswith("."))

"""What a folder source consists of, without opening an image: standard library only, so that it is quick."""

import csv
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from lucidag.data.ids import make_ids
from lucidag.data.layout import arrange
from lucidag.data.roles import RESERVED, SPLITS, split_of
from lucidag.data.several import several_at_once
from lucidag.data.walk import walk
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest, unknown

UNNAMED = "column_"  # and its number: pandas writes a column without a name before all others
ROLES = ("image", "label", "split", "mask", "id")


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


@dataclass(frozen=True)
class Listing:
    """What a source consists of.

    Attributes
    ----------
    entries
        Its images: in the order of the CSV file; of folders by split, and sorted by path.
    of_table
        Whether a CSV file lists them.
    left_out
        How many files or images are left out, by reason.
    notes
        What was left out or guessed, in sentences.
    """

    entries: list[Entry]
    of_table: bool
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def files(self) -> list[str]:
        """Give the image and mask files, each once; a CSV file itself is not among them."""
        files = [entry.path for entry in self.entries] + [entry.mask for entry in self.entries if entry.mask]
        return list(dict.fromkeys(files))


def list_images(
    path: str | Path,
    root: str | Path | None = None,
    columns: Mapping[str, str | None] | None = None,
    split_names: Mapping[str, Sequence[str]] | None = None,
    split_folders: bool = True,
    leave_out: Sequence[str] = (),
    classes: Sequence[str] | None = None,
) -> Listing:
    """List the images of a source.

    Parameters
    ----------
    path
        A CSV file with a header, or a folder: see `lucidag.data.layout.arrange`.
    root
        What the paths in the CSV file are relative to; None is the file's own folder.
    columns
        For the roles image, label, split, mask and id: the column of the CSV file. A role left out is
        the column of its own name, where there is one; None says that there is none. Image and label
        must exist.
    split_names
        Names of splits beyond the usual ones, see `lucidag.data.roles.split_of`.
    split_folders
        Whether folders can be splits.
    leave_out
        Patterns of names of files and folders that are left out of a folder.
    classes
        The classes in their order, where the configuration lists them.

    Raises
    ------
    InputError
        If the path or a column does not exist, or the file or folder is not laid out as above.
    """
    path = Path(path)
    if path.is_dir():
        tree = walk(path, leave_out)
        meant = partial(split_of, more=split_names) if split_folders else lambda _: None
        placed, notes = arrange(str(path), tree, meant, classes)
        found = [
            Entry("/".join(one.place), (path / Path(*one.place)).as_posix(), one.label, one.split) for one in placed
        ]
        return Listing(found, False, dict(sorted(tree.left_out.items())), [*filter(None, [tree.said()]), *notes])
    if path.is_file():
        entries, renamed = _of_csv(path, path.parent if root is None else Path(root), dict(columns or {}))
        _check_once(path, entries)
        several = several_at_once(entry.label for entry in entries)
        if several is not None and several not in (classes or ()):
            raise InputError(
                f"{path}: '{several}' is several labels at once, and an image can have one class only (list `classes` "
                "if it is one)"
            )
        entries, notes = _with_splits(path, entries, split_names)
        return Listing(entries, True, notes=[*notes, *renamed])
    siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
    raise InputError(f"{path} does not exist{nearest(path.name, siblings)}")


def image_ids(found: Sequence[Entry]) -> list[str]:
    """Give the images of a source their ids, see `lucidag.data.ids.make_ids`."""
    return make_ids([posixpath.normpath(entry.relative) for entry in found])


def _check_once(path: Path, found: Sequence[Entry]) -> None:
    """Stop at an image that is listed twice."""
    first: dict[str, Entry] = {}
    for entry in found:
        other = first.setdefault(posixpath.normpath(entry.relative), entry)
        if other is not entry:
            several = f", as {other.label} and as {entry.label}: an image can have one class only"
            what = several if other.label != entry.label else "; each image may occur once"
            raise InputError(f"{path}: image {other.place} is listed again in line {entry.line}{what}")


def check_header(path: str | Path, columns: Mapping[str, str | None]) -> None:
    """Look at the first line of a CSV file alone, however many follow; parameters and errors as of `entries`."""
    file = Path(path)
    with _opened(file) as reader:
        _named(file, _header(file, reader), columns)


def _of_csv(file: Path, root: Path, columns: dict[str, str | None]) -> tuple[list[Entry], list[str]]:
    """Give the images, and say which columns have another name in the manifest than in the file."""
    header, rows = _read(file)
    named = _named(file, header, columns)
    used = {column for column in named.values() if column is not None}
    names = {name: free_name(name, header) for name in header if name not in used}
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
                other={called: row[name] for name, called in names.items()},
            )
        )
    if not found:
        raise InputError(f"{file} has a header but no row")
    renamed = [
        f"column '{name}' is called '{called}', as lucidag has one of its name"
        for name, called in names.items()
        if name != called
    ]
    return found, [*renamed, *(f"a column without a name is called '{name}'" for name in header if _is_unnamed(name))]


def free_name(column: str, header: Sequence[str]) -> str:
    """Give the name that a column has in the manifest: another one where lucidag uses its name itself."""
    name = column
    while name in RESERVED or (name != column and name in header):
        name = f"table_{name}"
    return name


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
    words = [name.strip() for name in next(reader, [])]
    if not any(words):
        raise InputError(f"{file} is empty; its first line must name the columns")
    header = [name or f"{UNNAMED}{number}" for number, name in enumerate(words, start=1)]
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{file}: column '{name}' occurs more than once")
    return header


def _is_unnamed(name: str) -> bool:
    return re.fullmatch(rf"{UNNAMED}\d+", name) is not None


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


def _with_splits(
    path: Path, found: list[Entry], more: Mapping[str, Sequence[str]] | None
) -> tuple[list[Entry], list[str]]:
    """Read the words in the split column, and say which were guessed."""
    words = {entry.split: entry for entry in reversed(found) if entry.split is not None}
    meant = {word: split_of(word, more) for word in words}
    for word, split in meant.items():
        if split is None:
            raise InputError(
                f"{path}, {words[word].place}: {unknown('split', word, SPLITS)}; other names go into `split_names`"
            )
    guessed = [f"'{word}' for {split}" for word, split in sorted(meant.items()) if word != split]
    read = [entry if entry.split is None else replace(entry, split=meant[entry.split]) for entry in found]
    return read, [f"taken for splits: {', '.join(guessed)}"] if guessed else []

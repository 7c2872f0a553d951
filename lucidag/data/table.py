"""The images that a CSV file lists. Standard library only."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lucidag.data.decimals import with_points
from lucidag.data.entry import Entry, Listing
from lucidag.data.finder import Finder
from lucidag.data.headings import Headings, Named, find_headings, names_the_image
from lucidag.data.joined import join_sheets
from lucidag.data.one_hot import find_one_hot, read_one_hot
from lucidag.data.roles import RESERVED, SPLITS, split_of
from lucidag.data.several import several_at_once
from lucidag.data.sheet import Sheet, read_sheet
from lucidag.ground.errors import InputError, told_of
from lucidag.ground.spelling import unknown


@dataclass(frozen=True)
class Further:
    """A further table that adds columns; see `lucidag.data.joined.join_sheets` and `lucidag.data.sheet.read_sheet`."""

    path: str
    key: str | Sequence[str] | Mapping[str, str] | None = None
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class Reading:
    """How a table is read; what is None is found.

    Attributes
    ----------
    delimiter, encoding
        See `lucidag.data.sheet.read_sheet`.
    suffix
        See `lucidag.data.finder.Finder`.
    further
        Tables that are joined to it.
    """

    delimiter: str | None = None
    encoding: str | None = None
    suffix: str | None = None
    further: Sequence[Further] = ()


def list_table(
    file: Path,
    roots: Sequence[Path],
    columns: Named,
    split_names: Mapping[str, Sequence[str]] | None,
    classes: Sequence[str] | None,
    reading: Reading,
) -> Listing:
    """List the images of a CSV file; parameters and errors as of `lucidag.data.listing.list_images`."""
    sheet = _read(file, columns, reading)
    headings = find_headings(file, sheet.header, columns)
    free = [name for name in sheet.header if name not in headings.columns.values()]
    sheet, decimal = _with_points(sheet, free)
    labels, one_hot, hot = _labels(sheet, headings, free)
    names = {name: free_name(name, sheet.header) for name in free if name not in (one_hot or ())}
    finder = Finder(roots, reading.suffix)
    entries = _entries(sheet, headings, labels, names, finder)
    _check_once(file, entries)
    several = None if one_hot else several_at_once(labels)
    if several is not None and several not in (classes or ()):
        raise InputError(
            f"{file}: '{several}' is several labels at once, and an image can have one class only (list `classes` "
            "if it is one)"
        )
    entries, guessed = _with_splits(file, entries, split_names)
    renamed = [
        f"column '{name}' is called '{called}', as lucidag has one of its name"
        for name, called in names.items()
        if name != called
    ]
    notes = [*guessed, *sheet.notes, *headings.notes, *hot, *decimal, *finder.notes(), *renamed]
    present = set(labels)
    order = None if one_hot is None else [name for name in one_hot if name in present]
    return Listing(entries, True, notes=notes, classes=order)


def check_header(path: str | Path, columns: Named, reading: Reading | None = None) -> None:
    """Look at the headers of a CSV file and of those that are joined to it alone, however many lines follow.

    Parameters and errors are those of `lucidag.data.listing.list_images`.
    """
    file = Path(path)
    header = _read(file, columns, reading or Reading(), header_only=True).header
    headings = find_headings(file, header, columns)
    if "label" not in headings.columns and headings.one_hot is None:
        raise InputError(f"{file}: {_no_label(header)}")


def free_name(column: str, header: Sequence[str]) -> str:
    """Give the name that a column has in the manifest: another one where lucidag uses its name itself."""
    name = column
    while name in RESERVED or (name != column and name in header):
        name = f"table_{name}"
    return name


def _read(file: Path, columns: Named, reading: Reading, header_only: bool = False) -> Sheet:
    """Read a table and what is joined to it."""
    named = partial(names_the_image, columns)
    sheet = read_sheet(file, reading.delimiter, reading.encoding, named, header_only)
    for other in reading.further:
        known = other.key.values() if isinstance(other.key, Mapping) else sheet.header
        common = partial(_share, frozenset(known))
        further = read_sheet(Path(other.path), other.delimiter, other.encoding, common, header_only, keep_unnamed=False)
        sheet = join_sheets(sheet, further, other.key)
    return sheet


def _share(known: frozenset[str], header: Sequence[str]) -> bool:
    return not known.isdisjoint(header)


def _with_points(sheet: Sheet, names: Sequence[str]) -> tuple[Sheet, list[str]]:
    """Write numbers with decimal commas with points, and say so."""
    changed, example, rows = [], "", sheet.rows
    for name in (each for each in names if sheet.delimiters[each] != ","):
        cells = [row[name] for _, row in rows]
        written = with_points(cells, sheet.delimiters[name])
        if written is not None:
            changed.append(name)
            example = example or next(f"{a} is {b}" for a, b in zip(cells, written, strict=True) if "," in a)
            rows = [(line, {**row, name: cell}) for (line, row), cell in zip(rows, written, strict=True)]
    notes = [f"numbers with decimal commas are in column {', '.join(changed)}: {example}"] if changed else []
    return replace(sheet, rows=rows), notes


def _labels(sheet: Sheet, headings: Headings, free: Sequence[str]) -> tuple[list[str], list[str] | None, list[str]]:
    """Give the label of each row, the columns of the classes where each has its own, and what was guessed."""
    if "label" in headings.columns:
        return [row[headings.columns["label"]] for _, row in sheet.rows], None, []
    columns = headings.one_hot or find_one_hot(sheet.file, sheet.rows, free)
    if columns is None:
        raise InputError(f"{sheet.file}: {_no_label(sheet.header)}")
    labels, notes = read_one_hot(sheet.file, sheet.rows, columns)
    if headings.one_hot is None:
        notes.insert(0, f"columns {', '.join(columns)} are taken for the classes: each row has one 1 among them")
    return labels, columns, notes


def _no_label(header: Sequence[str]) -> str:
    return (
        f"{unknown('column', 'label', header)}; name yours by `columns: {{label: …}}`, or the columns of the classes "
        "by `columns: {label: [A, B]}`"
    )


def _entries(
    sheet: Sheet, headings: Headings, labels: Sequence[str], names: Mapping[str, str], finder: Finder
) -> list[Entry]:
    """Give the images, each with its files; `names` are the further columns and what they are called here."""
    entries = []
    masks = replace(finder, suffix=None)  # which counts in the same place
    for (line, row), label in zip(sheet.rows, labels, strict=True):
        value = {role: row[column] for role, column in headings.columns.items()}
        for role, cell in (("image", value["image"]), ("label", label)):
            if not cell:
                column = headings.columns[role]
                why = f"; {sheet.gaps[column]}" if column in sheet.gaps else ""
                raise InputError(f"{sheet.file}, line {line}: column '{column}' is empty{why}")
        with told_of(f"{sheet.file}, line {line}"):
            image = finder.find(value["image"])
            mask = masks.find(value["mask"]).path if value.get("mask") else ""
        other = {called: row[name] for name, called in names.items()}
        entries.append(Entry(image.relative, image.path, label, value.get("split"), mask, value.get("id"), line, other))
    return entries


def _check_once(path: Path, found: Sequence[Entry]) -> None:
    """Stop at an image that is listed twice."""
    first: dict[str, Entry] = {}
    for entry in found:
        other = first.setdefault(posixpath.normpath(entry.relative), entry)
        if other is not entry:
            several = f", as {other.label} and as {entry.label}: an image can have one class only"
            what = several if other.label != entry.label else "; each image may occur once"
            raise InputError(f"{path}: image {other.place} is listed again in line {entry.line}{what}")


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

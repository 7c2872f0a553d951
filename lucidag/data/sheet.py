"""A table as spreadsheets and programs write it: its delimiter, header and rows. Standard library only."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lucidag.data.text import read_text
from lucidag.ground.errors import InputError

_PANDAS = re.compile(r"^Unnamed: \d+$")  # and how it calls such a column when it has read it
UNNAMED = "column_"  # and its number: pandas writes a column without a name before all others
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_HEAD = 2**20  # bytes, which hold any header
_EXCELS = re.compile(r'"?sep=(.)"?[^\r\n]*(?:\r\n|\r|\n|$)')  # its first line, which names the delimiter

Row = tuple[int, dict[str, str]]
HasColumns = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes
    ----------
    file
        Where it stands.
    header
        The names of its columns.
    rows
        Its rows by column, each with the line that it ends on.
    delimiters
        By column what stands between the cells of the file that it is from.
    notes
        What was left out or guessed, in sentences.
    gaps
        By column why some of its cells are empty, where it was joined and has no row for them.
    """

    file: Path
    header: list[str]
    rows: list[Row]
    delimiters: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    gaps: dict[str, str] = field(default_factory=dict)


def read_sheet(
    file: Path,
    delimiter: str | None = None,
    encoding: str | None = None,
    has_columns: HasColumns = lambda _: False,
    header_only: bool = False,
    keep_unnamed: bool = True,
) -> Sheet:
    """Read a table.

    Cells and names lose the blanks around them. Rows without a value are left out, and so are columns that have
    neither a name nor a value.

    Parameters
    ----------
    file
        The file.
    delimiter
        What stands between two cells. Left out, Excel's first line ``sep=;`` tells it; or else it is the one of
        `DELIMITERS` that divides the header.
    encoding
        See `lucidag.data.text.read_text`.
    has_columns
        Tells whether a header has columns that are looked for: where several delimiters divide the header, it decides.
    header_only
        Whether to read no row.
    keep_unnamed
        Whether to keep a column of values without a name, which pandas writes to count the rows.

    Raises
    ------
    InputError
        If the file is no table or has no row, its delimiter cannot be told, a column occurs twice, or a row does not
        fit the header.
    """
    text, notes = read_text(file, encoding, _HEAD if header_only else -1)
    said = _EXCELS.match(text)
    text = text[said.end() :] if said else text
    told = delimiter or (said[1] if said else None)
    between = told or _divides(file, text, has_columns)
    with _reader(file, text, between) as reader:
        words = _first(file, reader)
        header = [name or f"{UNNAMED}{number}" for number, name in enumerate(words, start=1)]
        twice = next((name for name, number in Counter(header).items() if number > 1), None)
        if twice is not None:
            raise InputError(f"{file}: column '{twice}' occurs more than once")
        rows, blank = ([], 0) if header_only else _rows(file, reader, words, header, int(said is not None))
    if not rows and not header_only:
        raise InputError(f"{file} has a header but no row")
    nameless = [
        name for name, word in zip(header, words, strict=True) if not (word if keep_unnamed else _PANDAS.sub("", word))
    ]
    out = dict.fromkeys(name for name in nameless if not (keep_unnamed and any(row[name] for _, row in rows)))
    if told is None and between != "," and file.suffix.lower() not in (".tsv", ".tab"):
        notes.append(f"{file.name} is read with {DELIMITERS[between]} between its cells")
    if not header_only:
        notes += _said(file, blank, out, [name for name in nameless if name not in out])
    kept = [name for name in header if name not in out]
    return Sheet(file, kept, rows, dict.fromkeys(kept, between), notes)


def _said(file: Path, blank: int, out: Collection[str], nameless: Sequence[str]) -> list[str]:
    number = {"row": blank, "column": len(out)}
    counts = [f"{count} {what}{'s' if count > 1 else ''}" for what, count in number.items() if count]
    left_out = [f"{file.name}: left out without a name or value: {', '.join(counts)}"] if counts else []
    return [*left_out, *(f"a column without a name is called '{name}'" for name in nameless)]


def _rows(
    file: Path, reader: Iterator[list[str]], words: Sequence[str], header: Sequence[str], before: int
) -> tuple[list[Row], int]:
    """Give the rows, and how many have cells but no value."""
    named = max(number for number, word in enumerate(words, start=1) if word)
    rows, blank = [], 0
    for cells in reader:
        values = [cell.strip() for cell in cells]
        if not any(values):
            blank += len(values) > 1
            continue
        line = before + reader.line_num  # type: ignore[attr-defined]  # csv's reader, whose class has no name
        if len(values) < named or any(values[len(header) :]):
            raise InputError(f"{file}, line {line}: {len(values)} values, the header names {named}")
        values += [""] * (len(header) - len(values))
        rows.append((line, dict(zip(header, values, strict=False))))
    return rows, blank


@contextmanager
def _reader(file: Path, text: str, delimiter: str) -> Iterator[Any]:
    try:
        yield csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    except csv.Error as error:
        raise InputError(f"{file} is no CSV file: {error}") from error


def _first(file: Path, reader: Iterator[list[str]]) -> list[str]:
    """Give the names of the columns; lines before them may be empty, and a name may go over several lines."""
    for cells in reader:
        words = [" ".join(re.split(r"\s*[\r\n]\s*", cell.strip())) for cell in cells]
        if any(words):
            return words
    raise InputError(f"{file} is empty; its first line must name the columns")


def _divides(file: Path, text: str, has_columns: HasColumns) -> str:
    """Find the delimiter by the header alone, so that labels such as ``a;b`` never decide."""
    heads = {}
    for delimiter in DELIMITERS:
        try:
            with _reader(file, text, delimiter) as reader:
                cells = _first(file, reader)
        except InputError:
            continue
        if len(cells) > 1:
            heads[delimiter] = cells
    inside = {delimiter for delimiter, cells in heads.items() if any('"' in cell for cell in cells)}  # a quoted name
    heads = {delimiter: cells for delimiter, cells in heads.items() if delimiter not in inside} or heads
    heads = {delimiter: cells for delimiter, cells in heads.items() if has_columns(cells)} or heads
    if len(heads) > 1:
        ways = " and ".join(f"at {DELIMITERS[delimiter]}" for delimiter in heads)
        raise InputError(f"{file}: the header can be divided {ways}; give `delimiter`")
    return next(iter(heads), ",")

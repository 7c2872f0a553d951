"""One table of several: each further one adds its columns to the rows of the first. Standard library only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lucidag.data.sheet import Sheet
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

Key = tuple[str, ...]
_SHOWN = 3


def join_sheets(first: Sheet, other: Sheet, key: str | Sequence[str] | Mapping[str, str] | None = None) -> Sheet:
    """Add the columns of another table, by a key: many rows may share one of its rows, as images do a patient.

    A row without a partner gets empty cells.

    Parameters
    ----------
    first
        The table whose rows stay, in their order.
    other
        A table with one row for each key.
    key
        The column, or the columns, that both have; or their names there by those here. None: the only common one.

    Raises
    ------
    InputError
        If it cannot be told which column is the key, it does not exist, a key occurs twice in `other`, no key occurs
        in both, or both have a further column of one name.
    """
    pairs = _pairs(first, other, key)
    here, there = list(pairs), list(pairs.values())
    added = [name for name in other.header if name not in there]
    doubled = [name for name in added if name in first.header]
    if doubled:
        raise InputError(
            f"{other.file} and {first.file} both have {_columns(doubled)}; take it out of one of them, or name it in "
            "`key` if it is part of that"
        )
    notes = [*first.notes, *other.notes]
    if not first.rows and not other.rows:  # headers alone
        return replace(first, header=[*first.header, *added], delimiters=first.delimiters | other.delimiters)
    partners = _by_key(first, other, there)
    keys = [_key(row, here) for _, row in first.rows]
    lonely = [key for key in keys if key not in partners]
    unused = partners.keys() - set(keys)
    if not partners.keys() & set(keys):
        raise InputError(
            f"{other.file}: no value of {_columns(there)} ({_few(partners)}) is one of {first.file} ({_few(keys)})"
        )
    gaps = dict(first.gaps)
    if lonely:
        gap = f"{other.file.name} has no row for {len(lonely)} of {len(keys)} images ({_few(lonely)})"
        gaps |= dict.fromkeys(added, gap)
        notes.append(f"{gap}: their cells are empty")
    if unused:
        notes.append(f"rows of {other.file.name} that belong to no image: {len(unused)} ({_few(sorted(unused))})")
    nothing = dict.fromkeys(added, "")
    rows = [
        (line, row | {name: partners.get(key, nothing)[name] for name in added})
        for (line, row), key in zip(first.rows, keys, strict=True)
    ]
    return Sheet(first.file, [*first.header, *added], rows, first.delimiters | other.delimiters, notes, gaps)


def _pairs(first: Sheet, other: Sheet, key: str | Sequence[str] | Mapping[str, str] | None) -> dict[str, str]:
    """Give the columns of the key, those of the other table by those of the first."""
    if key is None:
        common = [name for name in first.header if name in other.header]
        if len(common) != 1:
            what = f"{_columns(common)} in common" if common else "no column in common"
            there = f": {', '.join(first.header)} here and {', '.join(other.header)} there" if not common else ""
            raise InputError(f"{first.file} and {other.file} have {what}{there}; name one by `key`")
        return {common[0]: common[0]}
    pairs = dict(key) if isinstance(key, Mapping) else {name: name for name in ([key] if isinstance(key, str) else key)}
    for sheet, names in ((first, pairs), (other, pairs.values())):
        for name in names:
            check_known("column", name, sheet.header, sheet.file)
    return pairs


def _by_key(first: Sheet, other: Sheet, columns: Sequence[str]) -> dict[Key, dict[str, str]]:
    found: dict[Key, dict[str, str]] = {}
    lines: dict[Key, int] = {}
    for line, row in other.rows:
        key = _key(row, columns)
        if not any(key):
            continue
        if key in found:
            raise InputError(
                f"{other.file}: {_columns(columns)} is {_said(key)} in line {lines[key]} and in line {line}, and "
                f"it is not said which belongs to {first.file}; the table with a row for each image is `path`"
            )
        found[key], lines[key] = row, line
    return found


def _key(row: Mapping[str, str], columns: Sequence[str]) -> Key:
    return tuple(row[name] for name in columns)


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _said(key: Key) -> str:
    return " / ".join(part or "(empty)" for part in key)


def _few(keys: Iterable[Key]) -> str:
    shown = list(dict.fromkeys(keys))
    return ", ".join(map(_said, shown[:_SHOWN])) + (", …" if len(shown) > _SHOWN else "")

"""The files that measured speeds are kept in, from which docs/speed.md is written."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TypeVar

from benchmarks.case import Case, Limit

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "speed"
CASES, LIMITS, COSTS, IMPORTS = (FOLDER / f"{name}.csv" for name in ("cases", "limits", "costs", "imports"))
NAMES = tuple(field.name for field in fields(Case))
OF_LIMITS = tuple(field.name for field in fields(Limit))
Row = TypeVar("Row", Case, Limit)
NUMBERS = ("ours", "theirs", "goal", "difference", "memory", "gpu_ours", "gpu_theirs")


def write_rows(path: Path, names: Sequence[str], rows: Iterable[dict[str, object]]) -> None:
    """Write a table; of numbers four digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(row[name]) for name in names} for row in rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a table; one that is not there has no rows."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_cases(path: Path = CASES) -> list[Case]:
    """Read what was measured."""
    return [_case(row) for row in read_rows(path)]


def keep(found: Sequence[Case], path: Path = CASES) -> list[Case]:
    """Write cases into the table: those of benchmarks that ran again take the place of the earlier ones.

    Returns
    -------
    All cases of the table.
    """
    write_rows(path, NAMES, (asdict(case) for case in _replaced(read_cases(path), found)))
    return read_cases(path)


def read_limits(path: Path = LIMITS) -> list[Limit]:
    """Read what was measured without a peer."""
    numbers = ("value", "most")
    return [
        Limit(**{key: float(cell) if key in numbers else cell for key, cell in row.items()})  # type: ignore[arg-type]
        for row in read_rows(path)
    ]


def keep_limits(found: Sequence[Limit], path: Path = LIMITS) -> list[Limit]:
    """Write what has no peer into its table, as `keep` does."""
    write_rows(path, OF_LIMITS, (asdict(limit) for limit in _replaced(read_limits(path), found)))
    return read_limits(path)


def _replaced(known: Sequence[Row], found: Sequence[Row]) -> list[Row]:
    """Put rows in the place of the earlier ones of the same benchmark."""
    again = {row.benchmark for row in found}
    rows: list[Row] = []
    for row in known:
        if row.benchmark not in again:
            rows.append(row)
        elif not any(other.benchmark == row.benchmark for other in rows):
            rows += [new for new in found if new.benchmark == row.benchmark]
    return rows + [row for row in found if row not in rows]


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else value


def _case(row: dict[str, str]) -> Case:
    empty = {"memory", "gpu_ours", "gpu_theirs"}
    words = {name: row[name] for name in NAMES if name not in NUMBERS}
    numbers = {name: None if name in empty and not row[name] else float(row[name]) for name in NUMBERS}
    return Case(**words, **numbers)  # type: ignore[arg-type]

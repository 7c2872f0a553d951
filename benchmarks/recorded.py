"""The files that measured speeds are kept in, from which docs/speed.md is written."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from benchmarks.case import Case

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "speed"
CASES, COSTS, IMPORTS = (FOLDER / f"{name}.csv" for name in ("cases", "costs", "imports"))
NAMES = tuple(field.name for field in fields(Case))
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
    again = {case.benchmark for case in found}
    cases: list[Case] = []
    for case in read_cases(path):
        if case.benchmark not in again:
            cases.append(case)
        elif not any(other.benchmark == case.benchmark for other in cases):
            cases += [new for new in found if new.benchmark == case.benchmark]
    cases += [case for case in found if case not in cases]
    write_rows(path, NAMES, (asdict(case) for case in cases))
    return read_cases(path)


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else value


def _case(row: dict[str, str]) -> Case:
    empty = {"memory", "gpu_ours", "gpu_theirs"}
    words = {name: row[name] for name in NAMES if name not in NUMBERS}
    numbers = {name: None if name in empty and not row[name] else float(row[name]) for name in NUMBERS}
    return Case(**words, **numbers)  # type: ignore[arg-type]

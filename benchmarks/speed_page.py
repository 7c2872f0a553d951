"""docs/speed.md and the rows of the README, from what the benchmarks measured: ``python -m benchmarks.speed_page``."""

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.case import Case, Limit
from benchmarks.recorded import COSTS, FOLDER, IMPORTS, read_cases, read_limits, read_rows

ROOT = FOLDER.parent.parent
PAGE, README = ROOT / "docs" / "speed.md", ROOT / "README.md"
TELLING = 3
WIDTH = 100  # of documents
BEGIN, END = "<!-- fastest rows -->", "<!-- end of fastest rows -->"
INTRODUCTION = """# Speed

Written by `python -m benchmarks --write` (all of it: `make benchmarks`) from the tables in
`docs/speed/`: do not edit it here. Ours and its peer run in turn in one process, and a result that
differs stops the benchmark. A ratio is the peer's seconds by ours: above 1 ours is faster. Load is
that of the last minute before: with more than the threads, seconds are too many, and ratios still
compare like with like. Memory is by how much the process grew while ours ran.
"""
OF_LIMITS = ("case", "measured", "at most", "machine")
HEADINGS = ("case", "ours", "peer", "ratio", "goal", "largest difference", "memory", "machine")


def page(
    cases: Sequence[Case],
    limits: Sequence[Limit],
    costs: Sequence[dict[str, str]],
    imports: Sequence[dict[str, str]],
) -> str:
    """Write the page."""
    parts = [INTRODUCTION, "## Ours and the peer\n", _table(HEADINGS, [_cells(case) for case in cases])]
    missed = [_point(case) for case in cases if case.ratio < case.goal]
    missed += [_limit_point(limit) for limit in limits if limit.value > limit.most]
    if missed:
        parts.append("\nGoals that are missed:\n\n" + "\n".join(missed) + "\n")
    if cases:
        parts += ["\n![How many times as fast as its peer each case is](images/speed.svg)\n", _gpu(cases)]
    if limits:
        parts.append("## Without a peer\n\n" + _table(OF_LIMITS, [_limit_cells(limit) for limit in limits]))
    if costs:
        parts.append(_costs(costs))
    if imports:
        parts.append(_imports(imports))
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def telling(cases: Sequence[Case]) -> str:
    """Write the rows of the README: the greatest ratios, one a benchmark."""
    best: dict[str, Case] = {}
    for case in sorted(cases, key=lambda case: -case.ratio):
        best.setdefault(case.benchmark, case)
    rows = [
        (case.case, f"{_time(case.theirs)} ({case.peer})", _time(case.ours), f"{case.ratio:.3g}")
        for case in list(best.values())[:TELLING]
    ]
    return _table(("what", "plain way", "lucidag", "ratio"), rows)


def printed(cases: Sequence[Case]) -> str:
    """Give the whole table for a terminal."""
    return _aligned([HEADINGS, *(_cells(case) for case in cases)]) if cases else ""


def printed_limits(limits: Sequence[Limit]) -> str:
    """Give the table of what has no peer for a terminal."""
    return _aligned([OF_LIMITS, *(_limit_cells(limit) for limit in limits)]) if limits else ""


def write(root: Path = ROOT) -> None:
    """Write the page, and the rows of the README between their marks."""
    cases = read_cases()
    (root / PAGE.relative_to(ROOT)).write_text(
        page(cases, read_limits(), read_rows(COSTS), read_rows(IMPORTS)), encoding="utf-8"
    )
    readme = root / README.relative_to(ROOT)
    known = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    text = known.sub(lambda _: f"{BEGIN}\n{telling(cases)}{END}", readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _limit_cells(limit: Limit) -> tuple[str, ...]:
    return limit.case, _measured(limit.value, limit.unit), _measured(limit.most, limit.unit), limit.machine


def _measured(value: float, unit: str) -> str:
    return f"{value:.0%} {unit.removeprefix('share ')}" if unit.startswith("share ") else f"{value:.3g} {unit}"


def _cells(case: Case) -> tuple[str, ...]:
    return (
        case.case,
        _time(case.ours),
        f"{_time(case.theirs)} ({case.peer})",
        f"{case.ratio:.3g}",
        f"{case.goal:.3g}",
        f"{case.difference:.1g} ({case.differs})" if case.difference else f"none ({case.differs})",
        "" if case.memory is None else f"{case.memory:.0f} MiB",
        case.machine,
    )


def _gpu(cases: Sequence[Case]) -> str:
    rows = [
        (
            case.case,
            "" if case.gpu_ours is None else _time(case.gpu_ours),
            "" if case.gpu_theirs is None else _time(case.gpu_theirs),
            "" if not (case.gpu_ours and case.gpu_theirs) else f"{case.gpu_theirs / case.gpu_ours:.3g}",
            case.gpu,
        )
        for case in cases
    ]
    return "## On a GPU\n\n" + _table(("case", "ours", "peer", "ratio", "card"), rows)


def _costs(rows: Sequence[dict[str, str]]) -> str:
    """Write the exponents of each stage: one row a stage and size."""
    named = dict.fromkeys((row["stage"], row["size"]) for row in rows)
    cells = []
    for stage, size in named:
        own = [row for row in rows if (row["stage"], row["size"]) == (stage, size)]
        seconds = ", ".join(f"{int(row['value']):,}: {_time(float(row['seconds']))}" for row in own)
        low, high = own[0]["low"], own[0]["high"]
        cells.append((stage, size, seconds, f"{float(own[0]['exponent']):.2f} ({low} to {high})"))
    intro = "## What each stage costs\n\n" + _wrapped(
        "Seconds against one size, the others held (`python -m benchmarks costs --write`); the exponent is the slope "
        "in logarithms with its 95 % interval: 1 is linear, less than 1 a fixed part that still counts. Units are "
        "those of a wider layer, and all of them are asked: of a layer inside a network each pass grows with them too."
    )
    chart = "\n![Seconds against sizes, both in logarithms](images/costs.svg)\n"
    return f"{intro}\n\n" + _table(("stage", "against", "seconds", "exponent"), cells) + chart


def _imports(rows: Sequence[dict[str, str]]) -> str:
    cells = [(row["script"], f"{float(row['seconds']):.2f} s", row["heaviest"]) for row in rows]
    intro = "## What each script imports\n\n" + _wrapped(
        "Seconds until Python has what a script imports, and the packages that take most of them, with what they "
        "import in turn counted to the one that asked first (`python -m benchmarks imports --write`)."
    )
    return f"{intro}\n\n" + _table(("script", "imports", "heaviest"), cells)


def _point(case: Case) -> str:
    return _wrapped(f"- {case.case}: {case.ratio:.3g} of {case.goal:.3g}")


def _limit_point(limit: Limit) -> str:
    value, most = (_measured(each, limit.unit) for each in (limit.value, limit.most))
    return _wrapped(f"- {limit.case}: {value}, at most {most}")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(headings)]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


if __name__ == "__main__":
    write()

"""The tables of docs/validity.md, one a topic."""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.validity.case import Case
from benchmarks.validity.measure import LEVEL, Measured, reached

PAGE = Path(__file__).parents[2] / "docs" / "validity.md"
BEGIN, END = "<!-- topic {} -->", "<!-- end of {} -->"
HEADINGS = (
    "what",
    "shown in",
    "simulated truth",
    "nominal",
    "measured",
    f"its {LEVEL:.0%}",
    "goal",
    "none given",
    "simulations",
)


def section(topic: str, title: str, rows: Sequence[tuple[Case, Measured]]) -> str:
    """Write the part of a topic: heading, table, and the reasons of its exceptions."""
    lines = [
        BEGIN.format(topic),
        f"### {title}",
        "",
        f"| {' | '.join(HEADINGS)} |",
        "|" + "---|" * len(HEADINGS),
        *(_row(case, found) for case, found in rows),
        "",
    ]
    reasons = [f"- {case.name}: {case.reason}" for case, _ in rows if case.reason]
    if reasons:
        lines += ["Exceptions:", "", *(line for reason in reasons for line in _wrapped(reason)), ""]
    return "\n".join([*lines, END.format(topic)])


def _row(case: Case, found: Measured) -> str:
    low, high = found.interval
    given = bool(found.yes + found.no)
    kind = "" if case.kind == "interval" else f" ({case.kind})"
    sign = "≤" if case.kind == "test" else "≥"
    cells = [
        case.name + kind,
        case.shown,
        case.setting,
        "" if case.kind == "finding" else f"{case.nominal:g}",
        f"{found.share:.3f}{'' if reached(case, found) else ' **missed**'}" if given else "",
        f"{low:.3f} to {high:.3f}" if given else "",
        f"{sign} {case.goal:g}",
        f"{found.none / found.simulations:.1%}" if found.none else "",
        f"{found.simulations:,}",
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _wrapped(text: str, width: int = 100) -> list[str]:
    """Wrap a point of a list as documents are."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(" ")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def write(page: Path, sections: dict[str, str]) -> None:
    """Put the sections into the page, each in the place of its topic; a new one at the end of the list of topics."""
    text = page.read_text(encoding="utf-8")
    for topic, words in sections.items():
        begin, end = BEGIN.format(topic), END.format(topic)
        known = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        before, after = known.split(text, maxsplit=1) if known.search(text) else (f"{text.rstrip()}\n\n", "\n")
        text = before + words + after
    page.write_text(text, encoding="utf-8")

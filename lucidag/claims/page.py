"""The tables of the documents that come from a gathered ledger."""

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lucidag.claims.gather import DEFINITIONS
from lucidag.claims.registry import MEASURES
from lucidag.claims.rule import REFUTED, REPRODUCED, STATUSES
from lucidag.ground.errors import InputError
from lucidag.ground.files import write_text
from lucidag.ground.tables import read_table

PAGE, README = Path("docs/results.md"), Path("README.md")
BEGIN, END = "<!-- ledger {} -->", "<!-- end of {} -->"
PROJECTS = {
    "000": "000: retrieval of function by group, dermoscopic images",
    "001": "001: what units detect; ten images explained",
    "002": "002: the same questions, another project",
    "003": "003: retrieval of function, MNIST",
    "004": "004: dermoscopic images, relevance, artefacts",
}


def write_pages(table: str | Path) -> None:
    """Write the parts of the documents in the working directory that come from a gathered ledger.

    Raises
    ------
    InputError
        If the table is none that `gather` wrote, or a document has no place for its part.
    """
    ledger = read_table(table, list(DEFINITIONS))
    for file, parts in ((PAGE, pages(ledger)), (README, {"counts": counts_by_project(ledger)})):
        text = file.read_text(encoding="utf-8")
        for name, part in parts.items():
            text = replaced(text, name, part, file)
        write_text(file, text)


def replaced(text: str, name: str, part: str, file: Path) -> str:
    """Return a document with one of its parts written anew."""
    begin, end = BEGIN.format(name), END.format(name)
    if text.count(begin) != 1 or text.count(end) != 1:
        raise InputError(f"{file} has no place for the part '{name}': {begin} and {end}, once")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n{part}\n{end}", text, flags=re.DOTALL)


def pages(ledger: pd.DataFrame) -> dict[str, str]:
    """Return the parts of the page of results: counts, measures, and a table of each project."""
    found = {"counts": counts_by_project(ledger), "measures": measures()}
    for project in PROJECTS:
        found[project] = _table(ledger[ledger["project"] == project])
    return found


def counts_by_project(ledger: pd.DataFrame) -> str:
    """Return how many claims of each project have each status: of each claim that of its nearest configuration."""
    first = ledger.drop_duplicates("id")
    rows = [["project", "claims", *STATUSES]]
    for project, title in PROJECTS.items():
        own = first[first["project"] == project]
        rows.append([title, str(len(own)), *(str(int((own["status"] == status).sum())) for status in STATUSES)])
    rows.append(["all", str(len(first)), *(str(int((first["status"] == status).sum())) for status in STATUSES)])
    return _markdown(rows)


def measures() -> str:
    """Return the measures: what each is, and its parameters."""
    rows = [["measure", "of", "what", "parameters"]]
    for name, kind in MEASURES.items():
        said = (kind.__doc__ or "").strip().splitlines()[0].replace("``", "`")
        own = [f"`{key}`" for key in kind.model_fields if key not in ("name", "of")]
        rows.append([f"`{name}`", kind.subject, said, ", ".join(own)])
    return _rows(rows)


def _table(ledger: pd.DataFrame) -> str:
    head = ("claim", "claimed", "measured", "sd over networks (seeds), runs (machines)", "by", "status")
    rows = [[*head, "why; what differs"]]
    rows += [_row(each) for each in ledger.to_dict("records")]
    return _markdown(rows)


def _row(row: Mapping[Hashable, Any]) -> list[str]:
    status = str(row["status"])
    why = "" if status in (REPRODUCED, REFUTED) else str(row["reason"])  # else the numbers say it
    told = "; ".join(part for part in (why, str(row["differs"])) if part)
    spreads = {what: _number(row[name]) for what, name in (("networks", "seed_sd"), ("runs", "run_sd"))}
    spread = "; ".join(f"{what} {number}" for what, number in spreads.items() if number)
    by = Path(str(row["configuration"])).stem if row["configuration"] else ""
    number = _measured(row)
    return [str(row["text"]), str(row["claimed"]), number, spread, by, status, told]


def _measured(row: Mapping[Hashable, Any]) -> str:
    value = _number(row["measured"])
    ends = [_number(row[name]) for name in ("low", "high")]
    many = f", {row['subjects']} in {row['runs']} run{'s' if row['runs'] != 1 else ''}" if row["subjects"] != 1 else ""
    return f"{value} ({ends[0]} to {ends[1]}{many})" if all(ends) and value else value


def _number(value: object) -> str:
    return "" if not isinstance(value, float | int) or value != value else f"{value:.4g}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of words that are not ours: they are shown as they are."""
    return _rows([[_cell(cell) for cell in row] for row in rows])


def _rows(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _cell(text: str) -> str:
    """Return text that Markdown shows as it is, in one cell."""
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", plain)

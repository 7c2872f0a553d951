"""The page of results after a run in which jobs failed: what is there is shown, and what failed is named."""

import ast
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lucidag.ground.damage import damaged
from lucidag.ground.errors import InputError, first_line
from lucidag.ground.files import write_text
from lucidag.ground.recorded import record_apart
from lucidag.ground.records import Records
from lucidag.report.cells import Code, Section, Text, text
from lucidag.report.contents import files_shown, sections
from lucidag.report.failures import Failure
from lucidag.report.notebook import build, execute
from lucidag.report.page import page


def make(
    results: str | Path, contents: Mapping[str, Mapping[str, Any]], failed: Sequence[Failure], untold: Collection[str]
) -> None:
    """Write ``report.html`` of what is there, and remove ``report.ipynb``, so that the next run makes both.

    Parameters
    ----------
    results
        The folder of results.
    contents
        As `lucidag.report.contents.sections` takes them.
    failed
        What the top of the page names.
    untold
        Files, from the folder of results, that are of an earlier run: as if they were not there. So are damaged ones.
    """
    folder = Path(results)
    records = Records()
    missing = {
        file
        for file in files_shown(contents)
        if file in untold or not (folder / file).is_file() or damaged(folder / file, records)
    }
    opening, *others = sections(contents)
    shown = [with_failures(opening, failed), *(without(section, missing) for section in others)]
    html = page(execute(build(shown), folder), opening.title)
    (folder / "report.ipynb").unlink(missing_ok=True)
    write_text(folder / "report.html", html)
    record_apart(folder, "incomplete", ["report.html"])


def with_failures(opening: Section, failed: Sequence[Failure]) -> Section:
    """Return the opening with the failed jobs before all else."""
    lines = [f"- `{each.job}`: {_plain(each.sentence)} (log: `{each.log}`)" for each in failed]
    why = f"{_jobs(len(failed))} failed" if failed else "the run ended early"  # before a job could say why
    told = text(f"**This page is not complete: {why}.** What was not made is left out below.", "\n".join(lines))
    return Section(opening.name, opening.title, (told, *opening.cells))


def without(section: Section, missing: Collection[str]) -> Section:
    """Return a section whose code reads no missing file; what is left out is named in its place.

    A cell goes without the entries of its lists that are missing. If it needs a missing file, or a name that only a
    cell left out defines, it is left out itself: else it would show what an earlier cell read for something else.
    """
    cells: list[Text | Code] = []
    lost: set[str] = set()
    for cell in section.cells:
        if isinstance(cell, Text):
            cells.append(cell)
            continue
        gone = [file for file in cell.files() if file in missing]
        rest = _without_entries(cell, gone)
        assigned, read = _names(rest)
        left_out = any(file in missing for file in rest.files()) or (gone and not rest.files())
        if left_out or (read - assigned) & lost:
            lost |= assigned
        else:
            lost -= assigned
            cells.append(rest)
        if gone:
            cells.append(text("Not made: " + ", ".join(f"`{file}`" for file in gone) + "."))
    return Section(section.name, section.title, tuple(cells))


def _without_entries(cell: Code, gone: Collection[str]) -> Code:
    """Return a cell without the lines that are nothing but an entry of a list or dict with one of these files."""
    tree = ast.parse(cell.source)
    containers = [node for node in ast.walk(tree) if isinstance(node, (ast.List, ast.Dict))]
    lines = cell.source.splitlines()
    dropped: set[int] = set()
    for node in containers:
        entries: list[tuple[ast.expr, ...]] = (
            [(entry,) for entry in node.elts]
            if isinstance(node, ast.List)
            else [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
        )
        for entry in entries:
            first, last = entry[0].lineno, entry[-1].end_lineno
            texts = {part.value for each in entry for part in ast.walk(each) if isinstance(part, ast.Constant)}
            alone = first == last and lines[first - 1].endswith(",") and first != node.lineno
            if alone and texts & set(gone):
                dropped.add(first)
    return Code("\n".join(line for number, line in enumerate(lines, start=1) if number not in dropped))


def _names(cell: Code) -> tuple[set[str], set[str]]:
    """Return the names that a cell assigns, and those that it reads; what a comprehension runs over is neither."""
    nodes = list(ast.walk(ast.parse(cell.source)))
    targets = [part for node in nodes if isinstance(node, ast.comprehension) for part in ast.walk(node.target)]
    own = {part.id for part in targets if isinstance(part, ast.Name)}
    names = [node for node in nodes if isinstance(node, ast.Name) and node.id not in own]
    assigned = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return assigned, {node.id for node in names if isinstance(node.ctx, ast.Load)}


def _plain(sentence: str) -> str:
    """Return a sentence so that Markdown shows it as it is."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>#|" else sign for sign in sentence)


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"


if __name__ == "__main__":
    results, contents, failed, untold = json.load(sys.stdin)
    try:
        make(results, contents, [Failure(*each) for each in failed], untold)
    except InputError as error:
        sys.exit(first_line(error))

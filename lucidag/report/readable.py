"""What a reader of the page sees of a notebook's outputs: words in place of the names of columns, nothing empty."""

from copy import deepcopy

from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode

from lucidag.ground.definitions import definition, title

MISSING = {"", "NaN", "None", "<NA>", "nan"}
NOTHING = {"", "[]", "{}", "''", "Empty DataFrame"}
DASH = "–"


def readable(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of an executed notebook without what shows nothing, its tables with words over their columns.

    Of a table, columns and rows without any value go, and the whole output if no row is left. A cell of code that shows
    nothing goes if it was to show something, together with a sentence right above it, unless that is the heading of its
    part or follows one. The notebook itself keeps all of it.
    """
    shown = deepcopy(notebook)
    kept: list[NotebookNode] = []
    for cell in shown.cells:
        if cell.cell_type != "code" or not cell.outputs:
            kept.append(cell)
            continue
        cell.outputs = [output for output in map(_output, cell.outputs) if output is not None]
        if cell.outputs:
            kept.append(cell)
        elif _is_sentence(kept):
            kept.pop()
    shown.cells = kept
    return shown


def readable_table(html: str) -> str:
    """Return a table of pandas as a reader wants it; "" where no row has a value.

    A column's name becomes `lucidag.ground.definitions.title`, and the name itself and its definition show where the
    pointer is. A table with names over several columns keeps its own.
    """
    soup = BeautifulSoup(html, "html.parser")
    table = soup.find("table")
    if not isinstance(table, Tag):
        return html
    rows = [(row, row.find_all("td")) for row in table.select("tbody tr")]
    for row, cells in rows:
        if all(_missing(cell) for cell in cells):
            _without_row(row)
    rows = [(row, cells) for row, cells in rows if row.parent is not None]
    if not rows:
        return ""
    head = table.select("thead tr")
    width = len(rows[0][1])
    plain = head and not any(cell.get("colspan") for row in head for cell in row.find_all("th"))
    if plain and width and all(len(cells) == width for _, cells in rows):
        heads = [row.find_all("th")[-width:] for row in head]
        for place in range(width):
            if all(_missing(cells[place]) for _, cells in rows):
                for column in (*heads, *(cells for _, cells in rows)):
                    column[place].extract()
        for name in (each for row in head for each in row.find_all("th")):
            _named(name)
    for cell in table.select("tbody td"):
        if _missing(cell):
            cell.string = DASH
    return str(soup)


def _output(output: NotebookNode) -> NotebookNode | None:
    """Return an output as it is shown, None where it shows nothing."""
    if output.output_type == "stream":
        return output if output.text.strip() else None
    data = output.get("data", {})
    if "text/html" in data and "<table" in data["text/html"]:
        data["text/html"] = readable_table(data["text/html"])
        return output if data["text/html"] else None
    if set(data) == {"text/plain"} and data["text/plain"].strip() in NOTHING:
        return None
    return output


def _missing(cell: Tag) -> bool:
    return cell.get_text().strip() in MISSING


def _without_row(row: Tag) -> None:
    """Take a row out, but not one whose names reach over rows below it."""
    if not any(cell.get("rowspan") for cell in row.find_all("th")):
        row.extract()


def _named(cell: Tag) -> None:
    name = cell.get_text()
    if not name or cell.get("title") is not None:
        return
    said = definition(name)
    cell["title"] = f"{name}: {said}" if said else name
    cell.string = title(name)


def _is_sentence(kept: list[NotebookNode]) -> bool:
    """Say whether the last cell is a sentence about the next one alone."""
    before = [cell.cell_type == "markdown" and cell.source.startswith("#") for cell in kept[-2:]]
    return len(kept) > 1 and kept[-1].cell_type == "markdown" and not any(before)

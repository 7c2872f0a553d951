"""What a notebook is made of, before anything runs: sections of text and of code that reads results."""

import ast
import json
from dataclasses import dataclass

# What the code of a cell reads: tables, numbers and images.
SUFFIXES = (".csv", ".json", ".png")


@dataclass(frozen=True)
class Text:
    """A cell of Markdown."""

    source: str


@dataclass(frozen=True)
class Code:
    """A cell of Python. It names every file that it reads in full, as a text of its own."""

    source: str

    def files(self) -> list[str]:
        """Return the files that the cell reads, in their order, without repetition."""
        nodes = list(ast.walk(ast.parse(self.source)))
        pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
        texts = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in pieces]
        texts.sort(key=lambda node: (node.lineno, node.col_offset))
        found = [node.value for node in texts if isinstance(node.value, str)]
        return list(dict.fromkeys(text for text in found if text.endswith(SUFFIXES)))


@dataclass(frozen=True)
class Section:
    """A part of the notebook with a heading of its own.

    Attributes
    ----------
    name
        Begins the ids of its cells: letters, digits and hyphens.
    title
        The heading.
    cells
        What follows it; the first is a text that says what is shown and how it is read.
    """

    name: str
    title: str
    cells: tuple[Text | Code, ...]


def text(*lines: str) -> Text:
    """Return a cell of Markdown from its paragraphs."""
    return Text("\n\n".join(lines))


def code(*lines: str) -> Code:
    """Return a cell of Python from its lines."""
    return Code("\n".join(lines))


def images(*shown: tuple[str, str]) -> Code:
    """Return a cell that shows images, each given by its path and what it is an image of."""
    if len(shown) == 1:
        ((path, alt),) = shown
        return code(f"Image({quoted(path)}, alt={quoted(alt)})")
    return code(
        *listed("figures", {path: quoted(alt) for path, alt in shown}),
        "for path, alt in figures.items():",
        "    display(Image(path, alt=alt))",
    )


def quoted(value: str) -> str:
    """Return a text as Python writes it, in double quotes."""
    return json.dumps(value, ensure_ascii=False)


def listed(name: str, values: dict[str, str]) -> list[str]:
    """Return the lines that define a dict, an entry a line."""
    return [f"{name} = {{", *(f"    {quoted(key)}: {value}," for key, value in values.items()), "}"]

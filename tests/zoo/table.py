"""The table of all architectures and what each stage says of them, and the page that holds it."""

import gc
import re
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from tests.zoo.architectures import names, size_of
from tests.zoo.specimen import specimen
from tests.zoo.stages import STAGES, refusals

PAGE = "docs/zoo.md"
SHORT = 60
HEAD = """# Every architecture of torchvision

`python -m tests.zoo.measure` writes this page, and `make zoo` holds all of it: do not edit it here.
{count} of torchvision's {all} classifiers ran through every stage's own functions, with two images of the
least size at which their last maps have 2 x 2 places, and with weights that are all random, as those
that torchvision begins with have heads, shifts and scales of zero or one. *yes* is what holds:

{identities}

The last column is the sum of the relevance of all pixels over the logit of the class, of the network
without what adds constants (biases, shifts and means of BatchNorms, embeddings of places, tokens of
classes), by the first of the composites that miss 1 by less than .01; and the same of the network with
its constants, which keep a share of their own. *no* is what the dry run refuses, and begins as its
sentence does.
"""
Row = Mapping[str, str]


def measured(name: str, manifest: Manifest) -> tuple[dict[str, str], dict[str, float]]:
    """Run an architecture through all stages; give the cells by stage, and the seconds of processor time.

    Raises
    ------
    AssertionError
        If a stage gives what is not true, or refuses what the dry run does not.
    """
    gc.collect()  # networks before it lie in cycles, with gigabytes
    start = time.process_time()
    zoo = specimen(name, manifest)
    said = refusals(zoo)
    cells, seconds = {}, {"opening": time.process_time() - start}
    for stage, check in STAGES.items():
        start = time.process_time()
        try:
            cells[stage] = check(zoo)
        except InputError as error:
            if said.get(stage) != str(error):
                raise AssertionError(f"{name}, {stage}: {error}; the dry run says {said.get(stage)}") from error
            cells[stage] = f"no: {shortened(str(error))}"
        seconds[stage] = time.process_time() - start
    return cells, seconds


def shortened(sentence: str) -> str:
    """Give the beginning of what is refused, without the network's name."""
    first = re.split(r"[:;] ", re.sub(r"^network '\w+':? ", "", sentence))[0]
    return textwrap.shorten(first, SHORT, placeholder=" ...")


def page(rows: Mapping[str, Row]) -> str:
    """Return the page in Markdown."""
    identities = [_listed(f"*{stage}*: {_first_line(check)}") for stage, check in STAGES.items() if stage != "LRP"]
    table = [["architecture", "pixels", *STAGES], ["---"] * (len(STAGES) + 2)]
    table += [[f"`{name}`", str(size_of(name)), *(row[stage] for stage in STAGES)] for name, row in rows.items()]
    lines = [f"| {' | '.join(each)} |" for each in table]
    words = HEAD.format(count=len(rows), all=len(names()), identities="\n".join(identities))
    title, *parts = words.split("\n\n")
    text = [part if part.startswith("- ") else textwrap.fill(" ".join(part.split()), 100) for part in parts]
    return "\n\n".join([title, *text, "\n".join(lines)]) + "\n"


def rows_of(text: str) -> dict[str, dict[str, str]]:
    """Read the table of a page."""
    return {cells[0].strip("`"): dict(zip(STAGES, cells[2:], strict=True)) for cells in _table(text)}


def _table(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def merged(text: str, fresh: Mapping[str, Row]) -> dict[str, Row]:
    """Give the rows of a page with some of them anew, in the order of torchvision."""
    known: dict[str, Row] = {**rows_of(text), **fresh}
    return {name: known[name] for name in names() if name in known}


def read_page(root: Path) -> str:
    """Return the page as it lies in the project; "" where there is none."""
    file = root / PAGE
    return file.read_text(encoding="utf-8") if file.exists() else ""


def check_row(root: Path, manifest: Manifest, name: str) -> None:
    """Run an architecture through all stages, and make sure that the page says of it what they give."""
    cells, seconds = measured(name, manifest)
    print(told(name, cells, seconds))
    assert cells == rows_of(read_page(root))[name]


def _first_line(check: object) -> str:
    return (check.__doc__ or "").split("\n")[0].rstrip(".")


def _listed(text: str) -> str:
    return textwrap.fill(f"- {text}", 100, subsequent_indent="  ")


def told(name: str, cells: Row, seconds: Mapping[str, float]) -> str:
    """Say of an architecture what a terminal should show."""
    spent = ", ".join(f"{stage} {value:.1f}" for stage, value in seconds.items())
    wrong = "; ".join(f"{stage}: {cell}" for stage, cell in cells.items() if cell != "yes")
    return f"{name}: {sum(seconds.values()):.1f} s ({spent}). {wrong}"


def chosen(asked: Iterable[str]) -> list[str]:
    """Give the architectures that are named, or all."""
    return list(asked) or names()

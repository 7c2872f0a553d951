"""Write the page that says what each stage takes for a network and a layer, from what the stages say of themselves."""

import textwrap
from collections.abc import Iterable, Iterator

from lucidag.artefacts.needs import AUDIT, DISCOVERY, REPAIR, STUDY
from lucidag.explain.cam.layers import NEEDS as CAM_NEEDS
from lucidag.explain.faithfulness.needs import NEEDS as FAITHFULNESS
from lucidag.explain.methods.registry import CAM, FAMILIES, METHODS, load
from lucidag.explain.relevance.takes import NEEDS as RELEVANCE
from lucidag.models.endings import ENDINGS
from lucidag.models.layers import KINDS, SHAPES
from lucidag.models.needs import NEEDS as NETWORKS
from lucidag.models.needs import Needs
from lucidag.rof.needs import NEEDS as ROF
from lucidag.units.takes import EFFECTS, INNER, LABELS, OVERLAPS

WIDTH = 100
INTRODUCTION = """Written by `make docs` from what the stages say of themselves, by which they also check networks
and layers: do not edit it here. What a stage cannot do with a network stops the dry run, in one line that says what to
do instead. A network is described by its own forward pass: which functions and modules run, from what to what, and
which axis of each output holds the units. It may be written in any way."""
LAYERS = """A layer is named as the module that gives it or, where the column *functions* says so, as the function that
a module's code calls: `relu_1` is the second call of `relu` in the network's own code, `block.add` the first `add` in
the code of `block`. A layer has to run once in a pass. Where none is named the stage finds one."""
UNITS = """Maps have more than one pixel, and are read as N x K x H x W wherever the units stand. Tokens, N x T x
D, are maps of the places of the image that they stand for, which are found or named by `token_grid`; tokens of classes
and registers are left out."""
ENDS = """Stages that need units in front of a last layer find it by what it computes. Other stages take any ending."""


def needs() -> Iterator[Needs]:
    """List what all stages and methods need; methods are imported for it."""
    yield from (NETWORKS, ROF, CAM_NEEDS)
    yield from _methods()
    yield from (RELEVANCE, FAITHFULNESS, LABELS, OVERLAPS, EFFECTS, INNER, AUDIT, STUDY, DISCOVERY, REPAIR)


def _methods() -> Iterator[Needs]:
    """Give what methods need that look at no layer, those together that need the same."""
    from lucidag.explain.methods.base import NEEDED

    found: dict[str, list[str]] = {}
    for name in METHODS:
        if name not in FAMILIES[CAM]:
            found.setdefault(NEEDED[load(name).needs], []).append(f"`{name}`")
    for needed, names in found.items():
        yield Needs(", ".join(names), "explain.methods", needed)


def page() -> str:
    """Return the page in Markdown."""
    kinds = [f"`{SHAPES[kind]}`" for kind in KINDS]
    rows = [[each.stage, f"`{each.key}`", each.network, *_cells(each)] for each in needs()]
    endings = [[ending.title, "yes" if ending.units else "no"] for ending in ENDINGS]
    parts = [
        "# What each stage takes",
        _wrapped(INTRODUCTION),
        _table(["stage", "key", "of the network", *kinds, "functions"], rows),
        _wrapped(f"{LAYERS} {UNITS}"),
        "## How a network may end",
        _wrapped(ENDS),
        _table(["the network ends in", "units in front of a last layer"], endings),
    ]
    return "\n\n".join(parts) + "\n"


def _cells(needs: Needs) -> list[str]:
    takes = needs.layer
    if takes is None:
        return [""] * (len(KINDS) + 1)
    return [*("yes" if kind in takes.kinds else "no" for kind in KINDS), "yes" if takes.functions else "no"]


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(titles)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), WIDTH)

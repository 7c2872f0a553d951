"""The page about the hand-written networks: what each stage does with them, as the dry run says."""

import textwrap
from collections.abc import Mapping, Sequence

from lucidag.explain.methods.registry import CAM, DEFAULT, LIME, LRP, families
from tests.zoo import handwritten
from tests.zoo.own import WHOLE

PAGE = "docs/written-networks.md"
COLUMNS = {
    "retrieval of function": ["rof"],
    "activation maps": families(DEFAULT)[CAM],
    "LIME": [LIME],
    "LRP": families(DEFAULT)[LRP],
    "concept atlas": ["relevance"],
    "dissection": ["dissect"],
    "faithfulness": ["faithfulness"],
}
HEAD = """\
# Networks as people write them

Small classifiers, each with a habit of its own (`tests/zoo/handwritten.py`), go through a
configuration with every stage. This table is what the dry run says of each: *yes* is what it lets
pass, and all of that runs to its end. A test holds both (`make test`, `make test-long`). What each
stage needs of a network stands in [networks.md](networks.md).
"""


def page(refusals: Mapping[str, Mapping[str, str]]) -> str:
    """Return the text of the page; `refusals` is what `tests.zoo.own.refused` gives."""
    sentences: list[str] = []
    rows = [["network", "what is special", *COLUMNS]]
    for name, kind in handwritten.networks().items():
        found = refusals.get(name, {})
        cells = [
            _cell([found.get(WHOLE), *(found.get(each) for each in asked)], sentences) for asked in COLUMNS.values()
        ]
        rows.append([f"`{name}`", (kind.__doc__ or "").replace("|", "\\|"), *cells])
    table = [f"| {' | '.join(row)} |" for row in rows]
    table.insert(1, "|" + " --- |" * len(rows[0]))
    notes = [
        textwrap.fill(
            f"{number}. {sentence}", 100, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False
        )
        for number, sentence in enumerate(sentences, 1)
    ]
    return "\n".join([HEAD, *table, "", "What the dry run says:", "", *notes, ""])


def _cell(found: Sequence[str | None], sentences: list[str]) -> str:
    said = next((sentence for sentence in found if sentence is not None), None)
    if said is None:
        return "yes"
    if said not in sentences:
        sentences.append(said)
    return f"no ({sentences.index(said) + 1})"

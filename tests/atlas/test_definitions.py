"""Every column that a table of the page shows has its definition, from the source that the documents have."""

from collections.abc import Iterator
from typing import Any

import pytest

from lucidag.atlas.build import NUMBERS, TEXTS, page
from lucidag.atlas.encode import unpacked
from lucidag.atlas.results import Results
from lucidag.atlas.sections import data, decided, function, images
from lucidag.ground.definitions import definition
from tests.atlas.made_up_results import make
from tests.atlas.test_page import ABOUT, CONTENTS, SECTION, Atlas, Size
from tests.ground.test_tables import TABLES

# Tables that the page shows with all their columns; dossiers, claims and experiments bring their own definitions.
WHOLE = ("experiments/factors.csv", "generalisation/{study}/roles.csv")
BY_NAME = (
    *(*TEXTS, *NUMBERS, *data.ASSOCIATIONS, *decided.COLUMNS, *decided.EDITS, *function.POINTS, *function.ROLES),
    *(*images.AGREEMENT, *images.GRADES),
    *("networks", "artefact", "done", "change", "low", "high", "control", "images"),
    *("method", "share", "share_low", "share_high", "area", "excess", "class", "train", "val", "test"),
)


def tables(part: Any) -> Iterator[dict[str, Any]]:
    """Give the tables in a section."""
    if isinstance(part, dict):
        if {"rows", "columns", "data"} <= set(part):
            yield part
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        yield from tables(each)


def test_every_table_of_a_page_has_its_definitions(tmp_path):
    make(tmp_path, 4, 2, 12)
    found = {
        name: unpacked(text)
        for name, text in SECTION.findall(page(Results(tmp_path), CONTENTS, Size(**Atlas().model_dump()), ABOUT))
    }
    heads = [head for part in found.values() for table in tables(part) for head in table["columns"]]
    assert len(heads) > 40
    assert not [head["name"] for head in heads if not head["text"]]


@pytest.mark.parametrize("name", sorted(set(BY_NAME)))
def test_a_column_that_is_named_has_its_definition(name):
    assert definition(name)


@pytest.mark.parametrize("file", WHOLE)
def test_tables_that_are_shown_whole_have_their_definitions(file):
    names = [each.split(":", 1)[1] for each in TABLES[file].split()]
    assert not [name for name in names if not definition(name)]

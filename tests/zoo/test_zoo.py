"""Small networks of all families of torchvision through every stage: what it gives is true."""

from pathlib import Path

import pytest

from lucidag.data.manifest import Manifest
from tests.zoo.architectures import FEW, names
from tests.zoo.stages import STAGES
from tests.zoo.table import measured, page, read_page, rows_of, told


@pytest.mark.parametrize("name", FEW)
def test_a_small_one_of_each_family(manifest: Manifest, name: str) -> None:
    cells, seconds = measured(name, manifest)
    print(told(name, cells, seconds))
    relevance = cells.pop("LRP")
    assert set(cells.values()) == {"yes"}, cells
    assert float(relevance.split()[0]) == pytest.approx(1, abs=0.01)


def test_the_page_is_made_of_its_rows(root: Path) -> None:
    """`python -m tests.zoo.measure` writes it anew."""
    text = read_page(root)
    rows = rows_of(text)
    assert list(rows) == names()
    assert text == page(rows)
    assert {row[stage] for row in rows.values() for stage in STAGES if stage != "LRP"} == {"yes"}

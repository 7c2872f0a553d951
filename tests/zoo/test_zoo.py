"""Every architecture of torchvision through every stage: what it gives is true, and is what the page says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from lucidag.data.manifest import Manifest
from tests.zoo.architectures import FEW, names
from tests.zoo.specimen import write_images
from tests.zoo.table import measured, page, read_page, rows_of, told


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manifest]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield write_images(tmp_path_factory.mktemp("zoo") / "two")
    torch.set_num_threads(threads)


def test_the_page_has_a_row_for_each(root: Path) -> None:
    """`python -m tests.zoo.measure` writes it anew."""
    text = read_page(root)
    rows = rows_of(text)
    assert list(rows) == names()
    assert len(rows) == 80
    assert text == page(rows)


@pytest.mark.parametrize("name", FEW)
def test_one_of_each_family(root: Path, manifest: Manifest, name: str) -> None:
    cells, seconds = measured(name, manifest)
    print(told(name, cells, seconds))
    assert cells == rows_of(read_page(root))[name]


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in names() if name not in FEW])
def test_all_others(root: Path, manifest: Manifest, name: str) -> None:
    cells, seconds = measured(name, manifest)
    print(told(name, cells, seconds))
    assert cells == rows_of(read_page(root))[name]

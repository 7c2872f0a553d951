"""Small networks of all families of torchvision through every stage: what it gives is true."""

from collections.abc import Iterator

import pytest
import torch

from lucidag.data.manifest import Manifest
from tests.zoo.architectures import FEW
from tests.zoo.specimen import write_images
from tests.zoo.table import measured, told


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manifest]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield write_images(tmp_path_factory.mktemp("zoo") / "two")
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", FEW)
def test_a_small_one_of_each_family(manifest: Manifest, name: str) -> None:
    cells, seconds = measured(name, manifest)
    print(told(name, cells, seconds))
    relevance = cells.pop("LRP")
    assert set(cells.values()) == {"yes"}, cells
    assert float(relevance.split()[0]) == pytest.approx(1, abs=0.01)

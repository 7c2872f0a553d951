"""What the tests of the zoo share."""

from collections.abc import Iterator

import pytest
import torch

from lucidag.data.manifest import Manifest
from tests.zoo.specimen import write_images


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manifest]:
    """Return two images, while torch takes one thread: sums then do not depend on the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield write_images(tmp_path_factory.mktemp("zoo") / "two")
    torch.set_num_threads(threads)

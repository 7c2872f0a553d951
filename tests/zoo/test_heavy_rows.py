"""The page of all architectures is what the heavy ones give, one after the other: they take gigabytes."""

from pathlib import Path

import pytest

from lucidag.data.manifest import Manifest
from tests.zoo.architectures import HEAVY
from tests.zoo.table import check_row

pytestmark = [pytest.mark.long, pytest.mark.zoo]


@pytest.mark.parametrize("name", HEAVY)
def test_the_row_of_a_heavy_architecture(root: Path, manifest: Manifest, name: str) -> None:
    check_row(root, manifest, name)

"""The page of all architectures is what they give; `make zoo` runs this and the heavy ones beside each other."""

from pathlib import Path

import pytest

from lucidag.data.manifest import Manifest
from tests.zoo.architectures import HEAVY, names
from tests.zoo.table import check_row

pytestmark = [pytest.mark.long, pytest.mark.zoo]


@pytest.mark.parametrize("name", [name for name in names() if name not in HEAVY])
def test_the_row_of_an_architecture(root: Path, manifest: Manifest, name: str) -> None:
    check_row(root, manifest, name)

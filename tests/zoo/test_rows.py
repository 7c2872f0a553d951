"""The page of all architectures is what they give; in `make zoo` the heavy ones, which take 16 GB, run alone."""

from pathlib import Path

import pytest

from lucidag.data.manifest import Manifest
from tests.zoo.architectures import HEAVY, names
from tests.zoo.table import check_row

pytestmark = [pytest.mark.long, pytest.mark.zoo]
ROWS = [pytest.param(name, marks=[pytest.mark.heavy] if name in HEAVY else []) for name in names()]


@pytest.mark.parametrize("name", ROWS)
def test_the_row_of_an_architecture(root: Path, manifest: Manifest, name: str) -> None:
    check_row(root, manifest, name)

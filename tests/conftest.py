"""What all tests share."""

import os
from pathlib import Path

import pytest

# As the workflow does for its jobs, before anything loads OpenMP.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout; the test is skipped where there is none."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data are not beside this checkout (../shared/data)")
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one worker, and all that look at the one finished run; the longest come first."""
    of_run = {item.path for item in items if "finished" in getattr(item, "fixturenames", ())}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("finished" if item.path in of_run else str(item.path)))
    items.sort(key=lambda item: (item.path not in of_run, item.get_closest_marker("workflow") is None))

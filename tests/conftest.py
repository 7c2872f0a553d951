"""What all tests share."""

import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from tests.forked import serve

# As the workflow does for its jobs, before anything loads OpenMP.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers share the cores: a second thread of each costs a seventh more processor time, and saves none.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
LONG = ("test_zoo.py", "test_conditional.py", "test_lrp.py")  # one worker has a whole file: late, the others would wait


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Let each test draw the same numbers on every run, also one that names no seed."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an executable that does as Python does, without the seconds of imports: for runs of the workflow.

    All workers of xdist share it: what imports is started by the first that needs it, and ends with the whole run.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return serve(tmp_path_factory.mktemp("forked"), os.getpid())
    folder = tmp_path_factory.getbasetemp().parent / "forked"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            folder.mkdir()
            serve(folder, os.getppid())
    return folder / "python"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout; the test is skipped where there is none."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data are not beside this checkout (../shared/data)")
    return folder


def looks_at_the_run(file: Path) -> bool:
    """Return whether the tests of a file look at the one finished run, or edit a copy of it."""
    folder, name = file.parts[-2:]
    return folder == "workflow" and name.removesuffix(".py") in (
        "test_bad_input",
        "test_damage",
        "test_declared",
        "test_reads",
        "test_library",
        "test_report",
        "test_run",
        "test_stale",
        "test_write_your_own",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes longest: the tests of the finished run, of other runs of the workflow, of many networks."""
    items.sort(
        key=lambda item: (
            not looks_at_the_run(item.path),
            item.get_closest_marker("workflow") is None,
            item.path.name not in LONG,
        )
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keep the tests of a file in one worker, and all that look at the finished run: each worker would make its own.

    Only where the command asks for `--dist loadscope`.
    """
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "the finished run" if looks_at_the_run(Path(file)) else file

    return ByFile(config, log)

"""A copy of the workflow to run in: what it consists of, and none of its results."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTS = ("Snakefile", "rules", "workflow", "lucidag", "config", "profiles", "envs")


def copy_project(folder: Path) -> None:
    """Copy the workflow into a folder that exists; times of files stay, as Snakemake looks at them."""
    project = Path(__file__).resolve().parent.parent
    for part in PARTS:
        if (project / part).is_file():
            shutil.copy2(project / part, folder / part)
        else:
            shutil.copytree(project / part, folder / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))


@contextmanager
def copied_project() -> Iterator[Path]:
    """Give a folder with a copy of the workflow; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        copy_project(Path(name))
        yield Path(name)

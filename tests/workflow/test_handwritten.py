"""Networks as people write them: each goes through every stage, or is refused in the dry run."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lucidag.ground.files import read_json
from tests.zoo import own
from tests.zoo.page import PAGE, page

pytestmark = pytest.mark.workflow
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(project: Callable[[], Path]) -> Path:
    """Return a copy of the project with the networks, their weights and images."""
    made = project()
    own.prepare(made)
    return made


@pytest.fixture(scope="module")
def refusals(folder: Path, snakemake: Run) -> dict[str, dict[str, str]]:
    """Return what the dry run of every stage for all networks refuses."""
    done = snakemake(folder, "-n", "--configfile", own.FILE, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return own.refused(done.stderr)


def test_the_page_says_what_the_dry_run_says(root: Path, refusals: dict[str, dict[str, str]]) -> None:
    """`python -m tests.zoo.write` writes it anew."""
    assert (root / PAGE).read_text(encoding="utf-8") == page(refusals)


@pytest.mark.long
def test_what_is_not_refused_runs(folder: Path, refusals: dict[str, dict[str, str]], snakemake: Run) -> None:
    words = own.taken(refusals)
    (folder / own.FILE).write_text(yaml.safe_dump(words, sort_keys=False), encoding="utf-8")
    done = snakemake(
        folder, *own.TARGETS, "--cores", "2", "--keep-going", "--configfile", own.FILE, check=False, timeout=1500
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    results = folder / "results"
    for name in words["rof"]["models"]:
        evaluation = read_json(results / "models" / name / "evaluation.json")
        sweep = pd.read_csv(results / "rof" / name / "sweep.csv")
        whole = sweep[(sweep["split"] == "test") & (sweep["k"] == sweep["k"].max())]
        assert set(whole["accuracy"]) == {evaluation["test"]["accuracy"]}, name
    for name in words["models"]:
        assert len(pd.read_csv(results / "faithfulness" / f"{name}.csv")) > 0
        pairs = pd.read_csv(results / "agreement" / f"{name}.csv")
        assert (len(pairs) > 0) == (len(list((results / "explanations" / name).glob("*/*.npy"))) > len(own.IMAGES)), (
            name
        )

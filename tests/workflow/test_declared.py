"""Every job makes the same bytes where its declared inputs lie and nothing else, and through a remote storage."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lucidag.ground.files import read_json
from tests.every import CONFIGURATION, WHOLE, add
from tests.workflow.conftest import environment

pytestmark = pytest.mark.workflow

FEW = {"evaluate", "rank", "dissect_labels", "agreement", "figures_data"}
PARTS = {
    *("features_shard.py", "features_merge.py", "faithfulness_shard.py", "faithfulness_merge.py"),
    *("dissect_activations_shard.py", "dissect_activations_merge.py"),
    *("dissect_overlaps_shard.py", "dissect_overlaps_merge.py"),
}
JOINED = (
    *("features/one/test.safetensors", "faithfulness/one.csv"),
    *(
        f"dissect/{model}{twin}/{file}"
        for model in ("one", "planted")
        for twin in ("", "/untrained")
        for file in ("activations.npy", "overlaps.safetensors")
    ),
)
Alone = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def alone(python: Path, root: Path) -> Alone:
    """Return a function that runs the jobs of some rules of a finished run alone, see `tests.workflow.sandbox`."""

    def run(folder: Path, configuration: str, *rules: str) -> dict[str, Any]:
        words = [python, root / "tests/workflow/sandbox.py", configuration, *rules]
        done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"jobs"')))

    return run


@pytest.fixture(scope="module")
def every(project, snakemake) -> Path:
    """Return a folder in which the configuration with every rule has run to its end, with one job for each stage."""
    folder = project()
    add(folder)
    snakemake(folder, "--cores", "2", "--configfile", WHOLE, timeout=3000)
    return folder


def test_jobs_make_the_same_of_their_declared_inputs_alone(copied: Path, alone: Alone) -> None:
    found = alone(copied, "config/tiny.yaml", *FEW)
    assert found["differing"] == {}
    assert set(found["jobs"]) == {f"{rule}.py" for rule in FEW}


def test_what_is_not_declared_is_missed(copied: Path, alone: Alone) -> None:
    script = copied / "workflow/scripts/evaluate.py"
    reads = f"open({str(copied / 'results/data/own/manifest.csv')!r}).close()\n"
    script.write_text(reads + script.read_text(encoding="utf-8"), encoding="utf-8")
    found = alone(copied, "config/tiny.yaml", "evaluate", "rank")
    assert set(found["differing"]) == {"evaluate a", "evaluate b", "evaluate c"}
    assert (copied / "results/data/own/manifest.csv").is_file()


@pytest.mark.long
def test_every_script_makes_the_same_of_its_declared_inputs_alone(every: Path, alone: Alone) -> None:
    found = alone(every, WHOLE)
    assert found["differing"] == {}
    scripts = {file.name for file in (every / "workflow/scripts").glob("*.py")}
    assert scripts - set(found["jobs"]) == {*PARTS, "verify.py"}  # which reads all results there are


@pytest.mark.long
def test_every_part_makes_the_same_of_its_declared_inputs_alone(
    every: Path, alone: Alone, snakemake, tmp_path: Path
) -> None:
    folder = tmp_path / "sharded"
    shutil.copytree(every, folder, symlinks=True)
    targets = [f"results/{file}" for file in JOINED]
    snakemake(folder, *targets, "--cores", "2", "--notemp", "--configfile", CONFIGURATION, timeout=600)
    found = alone(folder, CONFIGURATION, *(name.removesuffix(".py") for name in PARTS))
    assert found["differing"] == {}


@pytest.mark.long
@pytest.mark.skipif(shutil.which("rsync") is None, reason="the storage plugin needs rsync")
def test_a_run_through_a_storage_gives_the_same_bytes(every: Path, project, snakemake, tmp_path: Path) -> None:
    folder = project()
    add(folder)
    remote, local = tmp_path / "remote", tmp_path / "local"
    storage = ("--default-storage-provider", "fs", "--default-storage-prefix", str(remote))
    words = ("--cores", "2", *storage, "--local-storage-prefix", str(local), "--configfile", WHOLE)
    snakemake(folder, *words, timeout=3000)
    # A comment in the settings that were found names the file, which a job sees in another place.
    assert differing(every / "results", remote / "results") == ["explanations/one/lime/tuned.yaml"]
    assert not list((folder / "results").glob("[!.]*"))
    again = snakemake(folder, "--dry-run", *words)
    assert "Nothing to be done" in again.stdout + again.stderr


def differing(expected: Path, found: Path) -> list[str]:
    """Return the recorded outputs that differ in their bytes; those that differ from run to run are left out."""
    records = [read_json(file)["outputs"] for file in (expected / "provenance").rglob("*.json")]
    same = [path for outputs in records for path, checksum in outputs.items() if checksum is not None]
    assert len(same) > 300
    return [
        path
        for path in sorted(same)
        if not (found / path).is_file() or (found / path).read_bytes() != (expected / path).read_bytes()
    ]

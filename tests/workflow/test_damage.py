"""Results that were cut off or edited by hand are named by what reads them, in a run of the workflow."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lucidag.ground.records import Records
from lucidag.report.interruption import INTERRUPTED
from lucidag.report.verify import files_in, verify
from tests.workflow.conftest import command, environment

pytestmark = pytest.mark.workflow


def spoil(file: Path) -> None:
    """Cut a file, and keep its time."""
    before = file.stat()
    file.write_bytes(file.read_bytes()[:-9])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_result_of_a_run_has_a_record(finished: Path) -> None:
    found = verify(finished / "results")
    assert found.lines() == []
    assert found.same == len(list(files_in(finished / "results"))) > 200
    assert found.jobs == len([*(finished / "results" / "logs").rglob("*.log")])


def test_records_hold_nothing_that_differs_between_two_runs(finished: Path, copied: Path, snakemake) -> None:
    """The place of the folder, the time, the cores: a second run of the same gives the same bytes."""
    targets = ["results/models/a/evaluation.json", "results/data/own/manifest.csv"]
    snakemake(copied, *targets, "--cores", "1", "--forceall", "--resources", "gpu=0")
    for target in [*targets, "results/models/a/checkpoint.safetensors", "results/features/a/test.safetensors"]:
        before, after = (Records().of(folder / target) for folder in (finished, copied))
        assert before.file.stat().st_mtime_ns < after.file.stat().st_mtime_ns
        assert before.file.read_bytes() == after.file.read_bytes()


def test_a_damaged_figure_gets_into_no_report(copied: Path, snakemake) -> None:
    figure, results = "results/figures/models/a/confusion.png", copied / "results"
    whole = (copied / figure).read_bytes()
    spoil(copied / figure)
    (results / "report.html").unlink()
    done = snakemake(copied, "results/report.html", "--cores", "1", check=False)
    assert done.returncode == 1
    why = f"{len(whole) - 9:,} bytes in place of {len(whole):,}"
    sentence = f"{figure} is not what its job wrote ({why}): rm {figure} and run again"
    assert f"  notebook: {sentence}" in done.stderr.splitlines()
    assert "Not made: <code>figures/models/a/confusion.png</code>" in (results / "report.html").read_text("utf-8")
    assert len(verify(results).lines()) == 1  # the page that was made of the rest has a record too
    verified = snakemake(copied, "verify", "--cores", "1", check=False)
    assert verified.returncode == 1
    assert f"lucidag: {sentence}" in verified.stderr.splitlines()

    (copied / figure).unlink()
    snakemake(copied, "notebook", "--cores", "1")
    assert (copied / figure).read_bytes() == whole
    assert snakemake(copied, "verify", "--cores", "1").returncode == 0


def test_ctrl_c_is_one_sentence_and_loses_nothing(copied: Path, snakemake) -> None:
    """In the imports of jobs too, where Python would answer with a traceback."""
    words = ["results/features/c/test.safetensors", "--cores", "1", "--forcerun", "features"]
    with subprocess.Popen(
        command(*words), cwd=copied, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        told = []
        for line in running.stderr:
            told.append(line.rstrip())
            if line.startswith("localrule features"):
                time.sleep(0.7)
                os.killpg(running.pid, signal.SIGINT)
    assert running.returncode != 0
    assert told[-2:] == list(INTERRUPTED)
    after = told[told.index("localrule features:") :]
    assert not [line for line in after if "Traceback" in line or "rror" in line]
    snakemake(copied, "results/features/c/test.safetensors", "--cores", "1")
    assert verify(copied / "results").lines() == []

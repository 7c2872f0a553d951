"""Accidents in short: killed runs end with the same bytes, and whatever is in the way is told in a sentence."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.campaigns.everything import CONFIGURATION, EVERYTHING, FEW
from tests.campaigns.kills import campaign
from tests.campaigns.runs import Place, Reference, prepared
from tests.workflow.conftest import command, environment, jobs_in

pytestmark = pytest.mark.workflow

SAID = """\
[Sat Nov 28 23:24:33 2026]
localrule train:
    output: results/models/a/checkpoint.safetensors
    log: results/logs/train/a.log
    jobid: 1
    wildcards: model=a
localrule features:
    output: results/features/b/test.safetensors
    jobid: 12
[Sat Nov 28 23:24:36 2026]
Finished train model=a (job 1)
1 of 169 steps (1%) done
"""


def test_which_jobs_a_kill_fell_into_is_read_from_the_terminal(tmp_path: Path) -> None:
    place = Place(tmp_path, Path("python"))
    place.said.write_text(SAID)
    assert place.at_work() == ["features"]


def test_what_is_cut_missing_or_foreign_is_found(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "sub/c.csv", "logs/x.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name} whole")
    reference = Reference.of(tmp_path)
    assert reference.faults(tmp_path, finished=True) == ([], 3)
    (tmp_path / "a.csv").write_text("a.csv")
    (tmp_path / "b.csv").unlink()
    (tmp_path / "sub/d.csv").write_text("what is this")
    (tmp_path / "sub/.c.01234567.csv").write_text("half of it")
    (tmp_path / "logs/x.log").write_text("logs may differ")
    assert reference.faults(tmp_path, finished=False)[0] == ["a.csv differs", "sub/d.csv does not belong"]
    assert reference.faults(tmp_path, finished=True)[0] == [
        "a.csv differs",
        "sub/.c.01234567.csv does not belong",
        "sub/d.csv does not belong",
        "b.csv is missing",
    ]


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, python: Path) -> None:
    template = prepared(tmp_path / "template", FEW, python, targets="rof")
    tally = campaign(template, number=1, seed=1, longest=4.0)
    assert tally.faults == []
    assert (tally.kills, tally.runs) == (1, 1)


@pytest.mark.long
def test_runs_of_every_stage_that_are_killed_do_too(tmp_path: Path, python: Path) -> None:
    tally = campaign(prepared(tmp_path / "template", EVERYTHING, python), number=8, seed=2)
    assert tally.faults == []
    assert tally.kills == 8


def test_the_configuration_has_every_rule(root: Path, tmp_path: Path, python: Path) -> None:
    """But for those in whose place others run, as there are several shards, and for target rules."""
    place = prepared(tmp_path / "template", EVERYTHING, python)
    done = subprocess.run(
        command("--dry-run", "--configfile", CONFIGURATION, python=python),
        cwd=place.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    planned = {re.sub(r"_\d+$", "", name) for name in jobs_in(done.stdout + done.stderr)}
    written = {
        name
        for file in (root / "rules").glob("*.smk")
        for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(), flags=re.MULTILINE)
        if "    output:" in body
    }
    assert written - planned == {"faithfulness", "dissect_passes"}

"""Accidents in short: killed runs end with the same bytes, and whatever is in the way is told in a sentence."""

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaigns.accidents import ACCIDENTS, WITH_EVERY_STAGE, worker_killed
from tests.campaigns.clocks import library
from tests.campaigns.disks import can_mount
from tests.campaigns.few import FEW
from tests.campaigns.full_disks import disk_full
from tests.campaigns.kills import campaign
from tests.campaigns.runs import Place, Reference, prepared, undisturbed
from tests.campaigns.scene import Scene
from tests.every import every

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


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, python: Path) -> Scene:
    """Return where accidents happen to a run of a few jobs."""
    folder = tmp_path_factory.mktemp("accidents")
    template = prepared(folder / "template", FEW, python, targets="rof")
    return Scene(template, undisturbed(template, print), random.Random(1), 4.0, folder / "copies")


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(scene: Scene) -> None:
    tally = campaign(scene.template, number=1, seed=1, longest=4.0, reference=scene.reference)
    assert tally.faults == []
    assert (tally.kills, tally.runs) == (1, 1)


@pytest.fixture
def disks(tmp_path: Path) -> None:
    """Skip a test where nobody may mount a disk."""
    if not can_mount(tmp_path / "disk"):
        pytest.skip("only root may mount a small disk to fill up")


@pytest.mark.usefixtures("disks")
def test_on_a_full_disk_each_job_says_so_and_with_room_again_the_bytes_are_the_same(scene: Scene) -> None:
    full, again = disk_full(scene, 1)
    assert full.said.failed == full.said.jobs_told == 1
    assert "No space left on device" in full.said.sentences[0]
    assert full.said.tracebacks == 0
    assert full.faults == again.faults == []


def test_a_job_that_is_killed_is_told_of_and_the_rerun_ends_with_the_same_bytes(scene: Scene) -> None:
    (happened,) = worker_killed(scene, 1)
    assert happened.said.failed == happened.said.jobs_told > 0
    assert happened.said.tracebacks == 0
    assert happened.faults == []


@pytest.mark.long
@pytest.mark.usefixtures("disks")
@pytest.mark.parametrize("name", [*ACCIDENTS, *WITH_EVERY_STAGE])
def test_after_any_accident_the_bytes_are_the_same(scene: Scene, name: str) -> None:
    if name == "clock_during" and library() is None:
        pytest.skip("the package faketime brings a clock that can be set for a run alone")
    accident, _, by_python = (ACCIDENTS | WITH_EVERY_STAGE)[name]
    used = replace(scene.template, python=Path(sys.executable)) if by_python else scene.template
    for happened in accident(replace(scene, template=used, folder=scene.folder / name), 2):
        assert happened.faults == []
        assert happened.said.tracebacks == 0


@pytest.mark.long
def test_runs_of_every_stage_that_are_killed_do_too(tmp_path: Path, python: Path) -> None:
    tally = campaign(prepared(tmp_path / "template", every(), python), number=6, seed=2)
    assert tally.faults == []
    assert tally.kills == 6

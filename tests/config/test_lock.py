"""Whether Snakemake's lock is one of a run that was killed."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lucidag.config.lock import LOCKS, NOTES, Run, alone, locked, note, stale, told, unlock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that Snakemake has locked for the results of a run."""
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.input.lock").write_text("own/labels.csv\nresults/models/a/c.safetensors\n")
    (tmp_path / LOCKS / "0.output.lock").write_text("results/models/a/c.safetensors\n")
    return tmp_path


@pytest.fixture
def ended() -> Run:
    """Return a run whose process has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    run = replace(Run.own("results"), pid=done.pid)
    done.wait()
    return run


@pytest.fixture
def working():
    """Return a run whose process is at work."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        yield replace(Run.own("results"), pid=process.pid, began=fields[19])


def test_the_lock_of_a_killed_run_is_removed(folder: Path, ended: Run) -> None:
    note(ended, folder)
    assert stale(folder) == ended
    assert told(folder).startswith(f"a run that was killed (process {ended.pid}) left this folder locked: type `snake")
    assert unlock(folder) == f"a run that was killed (process {ended.pid}) left this folder locked; the lock is removed"
    assert locked(folder) == []
    assert unlock(folder) is None


def test_a_lock_that_is_held_stays(folder: Path, ended: Run, working: Run) -> None:
    note(ended, folder)
    note(working, folder)
    assert unlock(folder) is None
    assert len(locked(folder)) == 2
    assert told(folder) == f"another run (process {working.pid}) is at work in this folder: wait for its end, or end it"


def test_a_run_knows_whether_it_is_alone(folder: Path, tmp_path_factory, ended: Run, working: Run) -> None:
    assert not alone(folder)  # locked, by whomever
    unlocked = tmp_path_factory.mktemp("unlocked")
    note(ended, unlocked)
    assert alone(unlocked)
    note(working, unlocked)
    assert not alone(unlocked)


def test_a_process_that_has_the_number_of_a_killed_one_holds_nothing(folder: Path, working: Run) -> None:
    killed = replace(working, began="1")
    note(killed, folder)
    assert stale(folder) == killed
    assert stale(folder) == killed
    note(replace(working, boot="another start of the machine"), folder)
    assert stale(folder) is not None


def test_a_process_that_nobody_has_waited_for_has_ended(folder: Path) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert not replace(Run.own("results"), pid=child, began="5").alive
    finally:
        os.waitpid(child, 0)


def test_of_another_machine_nothing_is_known(folder: Path, ended: Run) -> None:
    note(ended, folder)
    note(replace(ended, host="n7"), folder)
    assert unlock(folder) is None
    assert told(folder).startswith(
        f"another run (process {ended.pid} on n7) may be at work in this folder; if it is not"
    )


def test_a_lock_of_another_workflow_stays(folder: Path, ended: Run) -> None:
    note(replace(ended, results="part/results"), folder)
    assert unlock(folder) is None
    assert len(locked(folder)) == 2
    assert told(folder).startswith("this folder is locked, and no run of lucidag is known to hold the lock; if none")


def test_without_a_lock_there_is_nothing_to_do_and_old_notes_go(folder: Path, ended: Run) -> None:
    for file in locked(folder):
        file.write_text("")  # as of a run that makes nothing
    note(ended, folder)
    assert unlock(folder) is None
    own = note(Run.own("results"), folder)
    assert list((folder / NOTES).iterdir()) == [own]


def test_a_run_is_no_hindrance_to_itself(folder: Path, ended: Run) -> None:
    note(ended, folder)
    note(Run.own("results"), folder)
    assert stale(folder) == ended


def test_half_a_note_is_none(folder: Path, ended: Run) -> None:
    file = note(ended, folder)
    assert file is not None
    file.write_text(file.read_text()[:40])
    assert unlock(folder) is None


def test_a_folder_that_cannot_be_written_to_keeps_no_note(tmp_path: Path, ended: Run) -> None:
    (tmp_path / ".snakemake").write_text("in the way")
    assert note(ended, tmp_path) is None

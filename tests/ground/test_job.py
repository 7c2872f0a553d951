"""The surroundings of a script: log, one sentence of failure, share of imports; and progress."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lucidag.ground.files import read_json
from lucidag.ground.job import failure_mark
from lucidag.ground.progress import track

SCRIPT = """
import sys
from types import SimpleNamespace
from lucidag.ground.errors import InputError
from lucidag.ground.job import job
from lucidag.ground.progress import track

task = SimpleNamespace(rule="train", input=[], output=sys.argv[2:], log=[sys.argv[1]], wildcards=["net"])
with job(task):
    print("working")
    for _ in track(range(3), "epochs"):
        pass
    {last}
print("after")
"""


def run(root: Path, log: Path, last: str, *outputs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(last=last), str(log), *map(str, outputs)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def test_work_goes_to_the_log_and_its_cost_too(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "a.log"
    held = bytearray(b"x" * (300 << 20))  # what starts a job is no part of its memory
    done = run(root, log, "pass", tmp_path / "a.npy")
    del held
    assert done.returncode == 0
    assert done.stdout == "after\n"
    lines = log.read_text().splitlines()
    assert lines[0] == "working"
    assert lines[1].startswith("epochs: 3 done in ")
    spent = re.fullmatch(r"imports ([\d.]+) s of ([\d.]+) s", lines[-1])
    assert spent
    assert 0 < float(spent[1]) <= float(spent[2]) < 60
    names, numbers = (tmp_path / "benchmarks" / "a.tsv").read_text().splitlines()
    assert names.split("\t") == ["s", "max_rss", "cpu_time"]
    seconds, memory, processor = map(float, numbers.split("\t"))
    assert seconds == float(spent[2])
    assert 5 < memory < 200  # an interpreter with modules, in MB, whoever started it
    assert 0 < processor < 60


def test_the_cost_counts_memory_and_time_of_what_the_job_starts(root: Path, tmp_path: Path) -> None:
    work = "x = bytearray(300 << 20); sum(i * i for i in range(3_000_000))"
    outside = f"import subprocess; subprocess.run([sys.executable, '-c', {work!r}], check=True)"
    for name, last in (("none", "pass"), ("inside", work), ("outside", outside)):
        assert run(root, tmp_path / "logs" / "logs" / f"{name}.log", last, tmp_path / "a.npy").returncode == 0
    costs = {
        file.stem: list(map(float, file.read_text().splitlines()[1].split("\t")))
        for file in (tmp_path / "benchmarks" / "logs").iterdir()
    }
    for name in ("inside", "outside"):
        assert costs[name][1] > 300 > costs["none"][1]
        assert costs[name][2] > costs["none"][2] + 0.05


def test_a_job_that_fails_or_whose_log_lies_elsewhere_leaves_no_cost(root: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.npy"
    assert run(root, tmp_path / "logs" / "a.log", "raise InputError('no')", output).returncode == 1
    assert run(root, tmp_path / "elsewhere" / "a.log", "pass", output).returncode == 0
    assert not list(tmp_path.rglob("*.tsv"))


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ("raise InputError('manifest.csv has\\n no rows')", "lucidag: train net: manifest.csv has no rows"),
        ("{}['key']", "lucidag: train net: KeyError: 'key' (traceback in {log})"),
    ],
)
def test_a_failure_is_one_line_with_its_traceback_in_the_log(
    root: Path, tmp_path: Path, last: str, sentence: str
) -> None:
    log = tmp_path / "a.log"
    done = run(root, log, last.replace("{}", "dict()"))
    assert done.returncode == 1
    assert done.stderr == sentence.replace("{log}", str(log)) + "\n"
    assert done.stdout == ""
    assert "Traceback" in log.read_text()


def test_modules_of_the_folder_that_snakemake_works_in_can_be_imported(root: Path, tmp_path: Path) -> None:
    """Python itself looks in the folder of the script, and the workflow's own folder may be elsewhere."""
    script, work = tmp_path / "scripts" / "train.py", tmp_path / "work"
    for folder in (script.parent, work):
        folder.mkdir()
    own = "from lucidag.ground.user_code import user_module"
    script.write_text(SCRIPT.format(last=f"{own}; print(user_module('mynet').UNITS)"))
    (work / "mynet.py").write_text("UNITS = 12345\n")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, script, "a.log"], cwd=work, env=environment, check=False)
    assert done.returncode == 0
    assert "\n12345\n" in (work / "a.log").read_text()


def test_what_a_killed_job_left_half_written_is_removed(root: Path, tmp_path: Path) -> None:
    others = (".b.0123abcd.npy", ".a.0123abcd.csv", "training.safetensors")
    for name in (".a.0123abcd.npy", ".a.fedcba98.npy", *others):
        (tmp_path / name).touch()
    outputs = tmp_path / "a.npy", tmp_path / "new" / "c.npy"
    assert run(root, tmp_path / "logs" / "a.log", "pass", *outputs).returncode == 0
    assert {file.name for file in tmp_path.iterdir()} == {*others, "logs", "benchmarks"}


def test_a_job_whose_results_are_removed_while_it_works_ends_well(root: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    done = run(root, results / "logs" / "a.log", f"import shutil; shutil.rmtree({str(results)!r})", results / "a.npy")
    assert (done.returncode, done.stderr) == (0, "")


def test_track_yields_everything_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), "letters", total=3)) == ["a", "b", "c"]
    assert capsys.readouterr().err.startswith("letters: 3 done in ")


def test_where_no_log_can_be_written_the_sentence_is_told_once(root: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    done = run(root, tmp_path / "logs" / "a.log", "pass")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"lucidag: train net: {tmp_path}/logs/a.log could not be written: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_on_a_full_disk_the_sentence_is_told_once(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.symlink_to("/dev/full")
    done = run(root, log, "print('x' * 100_000); raise InputError('results/a.csv could not be written')")
    assert done.returncode == 1
    assert done.stderr == "lucidag: train net: results/a.csv could not be written\n"


def test_on_a_full_disk_the_mark_of_a_failure_tells_why_too(root: Path, tmp_path: Path) -> None:
    """Nothing new can be written, and what stands there tells of a kill."""
    full = "from lucidag.ground import files; files.os.fsync = lambda _: exec('raise OSError(28, \"No space left\")')"
    log = tmp_path / "a.log"
    done = run(root, log, f"{full}; files.write_text('{tmp_path}/out', 'x')")
    assert done.returncode == 1
    sentence = f"{tmp_path}/out could not be written: No space left"
    assert done.stderr == f"lucidag: train net: {sentence}\n"
    assert read_json(failure_mark(log))["sentence"] == sentence


def test_an_interrupted_job_says_nothing_and_leaves_no_output(root: Path, tmp_path: Path) -> None:
    """The run says it once for all of its jobs."""
    done = run(root, tmp_path / "a.log", "raise KeyboardInterrupt")
    assert done.returncode == 130
    assert done.stderr == ""
    assert '"interrupted"' in (tmp_path / "a.failed.json").read_text()


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_shell_of_a_job_gives_its_status(root: Path, command: str, status: int) -> None:
    done = subprocess.run(["bash", root / "workflow/job.sh", "sh", "-c", command], check=False, capture_output=True)
    assert done.returncode == status


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_job_ends_without_a_word_when_it_is_interrupted(root: Path, sign: signal.Signals) -> None:
    work = "import time; print(flush=True)\ntry: time.sleep(60)\nfinally: print('a traceback', flush=True)"
    command = ["bash", str(root / "workflow/job.sh"), sys.executable, "-c", work]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, start_new_session=True, **streams) as job:
        assert job.stdout.readline() == "\n"
        os.killpg(job.pid, sign)  # as the terminal does
        assert job.communicate(timeout=30)[0] == ""
        assert job.returncode > 0

"""The page about clusters, followed on a Slurm cluster whose jobs, nodes and Snakemake fail."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from safetensors import safe_open

from benchmarks.project import copy_project
from tests.slurm import cluster as slurm
from tests.slurm.cluster import Cluster, NoClusterError

pytestmark = [pytest.mark.workflow, pytest.mark.slurm, pytest.mark.long]

BLOCK = re.compile(r"^```\w+ (file|edit|step)=(\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DONE = {"COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL", "OUT_OF_MEMORY"}
# More than the profile's default, and less than twice as much; held for longer than Slurm takes between two looks.
BALLAST = 2_600_000_000
GREEDY = f"""\
with job(snakemake):
    import os, time
    if "SLURM_JOB_ID" in os.environ and snakemake.rule == "data_digits":
        ballast = b"x" * {BALLAST}
        time.sleep(3)
"""


GRID = """\
datasets: {digits: {source: digits}}
models:
  net:
    dataset: digits
    architecture: lucidag.models.small:small_mlp
    options: {inputs: 64, hidden: [16]}
    input: {size: 8, channels: 1}
    device: cpu
    train: {epochs: 5, threads: 1}
    grid: {train.lr: [.01, .001], train.batch_size: [32, 64], seed: [0, 1, 2]}
report: {notebook: false}
"""


class Job(NamedTuple):
    """A job as Slurm knows it."""

    number: str
    state: str
    node: str
    memory: str
    what: str


@dataclass
class Life:
    """What was seen while the page was followed."""

    folder: Path
    together: list[Job] = field(default_factory=list)
    hit: Job | None = None
    epochs_before: int = 0
    interrupted: list[Job] = field(default_factory=list)
    left: list[Job] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    first: str = ""
    second: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


@pytest.fixture(scope="module")
def steps(root: Path) -> dict[tuple[str, str], str]:
    """Return the page's blocks that are to be followed."""
    return {(kind, name): text for kind, name, text in BLOCK.findall((root / "docs" / "cluster.md").read_text())}


@pytest.fixture(scope="module")
def project(steps, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that makes a copy of the project in which the page's files were saved and its edits made."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("cluster")
        copy_project(folder)
        tool = folder / ".venv" / "bin" / "snakemake"
        tool.parent.mkdir(parents=True)
        # Not a link: Python finds its packages from the folder of the program that was called.
        tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m snakemake "$@"\n')
        tool.chmod(0o755)
        for (kind, name), text in steps.items():
            if kind == "file":
                (folder / name).write_text(text)
            if kind == "edit":
                for line in text.splitlines():
                    _edit(folder / name, line)
        return folder

    return make


@pytest.fixture(scope="module")
def lived(cluster: Cluster, project, steps) -> Life:
    """Follow the page: a job too big for its memory, a dead node, a Snakemake that is killed, and a second start."""
    life = Life(project())
    script = life.folder / "workflow" / "scripts" / "data.py"
    script.write_text(script.read_text().replace("with job(snakemake):\n", GREEDY))
    _bash(steps["step", "look"], life.folder)
    begin = time.monotonic()
    log = life.folder / "first.log"
    with log.open("w") as stream:
        run = subprocess.Popen(
            ["bash", "-euc", steps["step", "run"]],
            cwd=life.folder,
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        life.together = _wait(lambda: _three_trainings(), run, log)
        _bash(steps["step", "watch"], life.folder)
        life.seconds["three trainings at once"] = time.monotonic() - begin
        life.hit = next(job for job in life.together if job.node == "n2")
        state = life.folder / "results" / "models" / life.hit.what.rpartition("_")[2] / "training.safetensors"
        _wait(state.exists, run, log)
        cluster.kill("n2")
        died = time.monotonic()
        with safe_open(str(state), framework="np") as handle:
            life.epochs_before = handle.metadata()["lucidag"].count('"epoch"')
        _wait(lambda: _restarts(life.hit.number) == 1, run, log)
        life.seconds["from death to requeue"] = time.monotonic() - died
        cluster.revive("n2")
        _wait(lambda: life.hit.number in {job.number for job in _jobs("COMPLETED")}, run, log)
        life.seconds["trainings"] = time.monotonic() - begin
        life.interrupted = _wait(lambda: _jobs("RUNNING", "rule_rof"), run, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    life.first = log.read_text()
    _bash(steps["step", "cancel"], life.folder)
    life.left = _jobs("RUNNING") + _jobs("PENDING")
    begin = time.monotonic()
    life.second = _bash(steps["step", "again"], life.folder)
    life.seconds["second start"] = time.monotonic() - begin
    life.jobs = _jobs()
    print(life.seconds)
    return life


def test_three_jobs_with_a_gpu_each_run_at_once_on_both_nodes(lived: Life) -> None:
    assert sorted(job.node for job in lived.together) == ["n1", "n1", "n2"]
    said = [
        re.match(r"device: \S+ on (\S+), Slurm job (\d+), CUDA_VISIBLE_DEVICES=(\d)\n", text)
        for text in (log.read_text() for log in sorted((lived.folder / "results/logs/train").glob("*.log")))
    ]
    where = {match[2]: (match[1], match[3]) for match in said}
    assert set(where) == {job.number for job in lived.together}
    for job in lived.together:
        # The job of the dead node may have gone to either.
        assert where[job.number][0] == job.node or job == lived.hit
    undisturbed = [where[job.number] for job in lived.together if job != lived.hit]
    assert sorted(undisturbed) == [("n1", "0"), ("n1", "1")]


def test_a_job_over_its_memory_is_tried_again_with_twice_as_much(lived: Life) -> None:
    greedy = [job for job in lived.jobs if "data_digits" in job.what]
    assert [(job.state, job.memory) for job in sorted(greedy)] in (
        [("FAILED", "2000M"), ("COMPLETED", "4000M")],
        [("OUT_OF_MEMORY", "2000M"), ("COMPLETED", "4000M")],
    )
    (log,) = (lived.folder / ".snakemake/slurm_logs/rule_data_digits").rglob("*.log")
    assert "exceeded memory limit" in log.read_text()
    assert str(log) in lived.first


def test_a_training_whose_node_died_goes_on_elsewhere_and_ends_with_the_same_bytes(lived: Life, tmp_path: Path) -> None:
    model = lived.hit.what.rpartition("_")[2]
    files = [f"results/models/{model}/{name}" for name in ("checkpoint.safetensors", "history.csv")]
    log = (lived.folder / f"results/logs/train/{model}.log").read_text()
    assert 0 < lived.epochs_before < 200
    first = int(re.search(r"^epoch (\d+)/200:", log, re.MULTILINE)[1])
    assert first > 1
    assert "\nepoch 200/200:" in log
    assert not (lived.folder / files[0]).with_name("training.safetensors").exists()
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(lived.folder, undisturbed, ignore=shutil.ignore_patterns("slurm_logs"))
    configured = "--configfile config/try.yaml"
    _bash(f".venv/bin/snakemake {files[0]} --cores 1 --forcerun train {configured}", undisturbed)
    assert "\nepoch 1/200:" in (undisturbed / f"results/logs/train/{model}.log").read_text()
    for file in files:
        assert (undisturbed / file).read_bytes() == (lived.folder / file).read_bytes()


def test_a_run_whose_snakemake_was_killed_goes_on_where_it_was(lived: Life) -> None:
    assert lived.interrupted
    assert lived.left == []
    assert re.findall(r"^rule (\w+):$", lived.second, re.MULTILINE).count("train") == 0
    assert "(100%) done" in lived.second
    results = lived.folder / "results"
    assert len(list(results.glob("models/try-s*/evaluation.json"))) == 3
    assert (results / "rof/try-s0/turning_points.json").stat().st_size > 0
    assert [file for file in results.rglob("*.safetensors") if re.match(r"\.|training\.", file.name)] == []
    said = _bash(
        ".venv/bin/snakemake rof models -n --profile profiles/slurm --configfile config/try.yaml", lived.folder
    )
    assert "Nothing to be done" in said


def test_the_steps_of_a_model_are_one_job(lived: Life) -> None:
    steps = re.compile(r"rule_(features|evaluate|rank|sweep|turning_points)$")
    assert not [job.what for job in lived.jobs if steps.match(job.what)]
    # What the first run submitted holds all that its model needs; what the second did, those that were not yet done.
    whole = {"rule_rof_evaluate_features", "rule_rof_evaluate_features_rank_sweep_turning_points"}
    assert {job.what for job in lived.interrupted} <= whole
    assert [job for job in lived.jobs if job.state == "COMPLETED" and job.what.startswith("rule_rof")]


def test_the_models_of_a_grid_run_side_by_side_on_both_nodes(cluster: Cluster, project) -> None:
    """Twelve networks, more at once than one after the other, and one table of them."""
    folder = project()
    (folder / "config/grid.yaml").write_text(GRID)
    before = {job.number for job in _jobs()}
    _bash(".venv/bin/snakemake experiments --profile profiles/slurm --configfile config/grid.yaml", folder)
    trained = [job for job in _jobs("COMPLETED", "rule_train") if job.number not in before]
    assert len(trained) == 12
    assert {job.node for job in trained} == {"n1", "n2"}
    times = [time for job in trained for time in _times(job.number)]
    begun, ended = sorted(times[::2]), sorted(times[1::2])
    most = max(sum(one <= now for one in begun) - sum(one <= now for one in ended) for now in begun)
    assert most >= 4, times
    table = (folder / "results/experiments.csv").read_text().splitlines()
    assert len(table) == 13
    assert all(",trained," in line for line in table[1:])
    assert (folder / "results/experiments/factors.csv").stat().st_size > 0


def test_other_schedulers_submit_by_a_command(project, steps, tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    tool = tmp_path / "qsub"
    tool.write_text(f'#!/bin/bash\necho "$@" >> {asked}\nbash "${{@: -1}}" > /dev/null 2>&1 &\necho $!\n')
    tool.chmod(0o755)
    folder = project()
    _edit(folder / "profiles/cluster-generic/profile.v9+.yaml", "seconds-between-status-checks: 1")
    _bash(steps["step", "generic"], folder, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (folder / "results/data/digits/manifest.csv").exists()
    (line,) = asked.read_text().splitlines()
    assert line.startswith("-V -N data_digits -l select=1:ncpus=1:mem=2000mb:ngpus=0 -l walltime=20:00 ")


def test_without_slurm_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = r"^munged is not here: `apt-get install slurm-wlm munge`"
    with pytest.raises(NoClusterError, match=sentence), slurm.running(tmp_path, 1000):
        pass


def test_settings_of_another_slurm_stay_as_they_are(cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(slurm, "SETTINGS", tmp_path)
    (tmp_path / "slurm.conf").write_text("ClusterName=real\n")
    sentence = "is not of these tests and stays as it is"
    with pytest.raises(NoClusterError, match=sentence), slurm.running(tmp_path, 1000):
        pass
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("slurm.conf", "ClusterName=real\n")]


def _edit(file: Path, line: str) -> None:
    """Put a line in the place of the one with the same key, which may be commented out."""
    key = line.split(":")[0].strip()
    text, count = re.subn(rf"^ *(# )?{re.escape(key)}:.*$", lambda _: line, file.read_text(), flags=re.MULTILINE)
    assert count >= 1, f"{file.name} has no {key}"
    file.write_text(text)


def _bash(text: str, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", text],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _jobs(state: str = "", what: str = "") -> list[Job]:
    """Ask Slurm for all jobs in a state and of a rule."""
    words = ["squeue", "--states=all", "--noheader", "--format=%i|%T|%N|%m|%k"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    jobs = [Job(*line.split("|")) for line in said.splitlines()]
    return sorted(job for job in jobs if state in job.state and job.what.startswith(what))


def _three_trainings() -> list[Job]:
    found = _jobs("RUNNING", "rule_train")
    return found if len(found) == 3 else []


def _times(number: str) -> tuple[str, str]:
    """Ask Slurm when a job began and ended."""
    words = ["squeue", "--states=all", "--noheader", f"--jobs={number}", "--format=%S|%e"]
    begun, ended = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip().split("|")
    return begun, ended


def _restarts(number: str) -> int:
    said = subprocess.run(["scontrol", "show", "job", number], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Restarts=(\d+)", said)[1])


def _wait(found, run: subprocess.Popen[bytes], log: Path, seconds: float = 300):
    end = time.monotonic() + seconds
    while not (what := found()):
        assert run.poll() is None, f"the run ended:\n{log.read_text()[-5000:]}"
        assert time.monotonic() < end, f"not seen in {seconds:g} s:\n{log.read_text()[-5000:]}"
        time.sleep(0.1)
    return what

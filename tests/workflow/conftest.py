"""Real runs of the workflow, in folders of their own.

Importing torch costs seconds in every job, so there is one complete run (`finished`); tests that edit something
edit a copy of it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.project import copy_project
from tests.own_images import draw_images

CONFIGURATION = "config/tiny.yaml"
TINY = """\
datasets:
  digits:
    source: digits
    groups: [ink]
  own:
    source: folder
    path: own/labels.csv
    columns: {label: diagnosis, mask: outline, id: patient}
    groups: [site]
    splits: {train: 0.5, val: 0.25, test: 0.25}

models:
  a:
    dataset: digits
    architecture: lucidag.models.small:small_cnn
    options: {channels: 1, width: 4}
    input: {size: 8, channels: 1}
    train: {epochs: 1, lr: 0.01, weight_decay: 0.001}
  b:
    dataset: own
    architecture: lucidag.models.small:small_cnn
    options: {width: 4}
    input: {size: 16}
    train: {epochs: 1, batch_size: 8}
  c:
    dataset: own
    architecture: mynet:make
    input: {size: 16}
    train: {epochs: 1, batch_size: 8}

rof:
  models: [a, b]
  methods: [l1, contribution, random, reversed]
  random_orders: 2
  resamples: 10
  points: [1, 4]

explain:
  models: [b]
  images: {own: {"00": {}, "01": {lime: {num_samples: 8}}, "02": {}}}
  images_per_job: 2
  lime: {segmentation: {algorithm: slic, n_segments: 6}, num_features: 2, num_samples: 10}
  agreement: {thresholds: [0.5], resamples: 10}

dissect:
  models: [b]
  layers: {b: [blocks.block3, fc]}
  clip_dissect: {evidence: annotations, columns: [label, site]}
  netdissect: null
  min_units_per_concept: 2
  sheet: {units: 2, images: 3}
  resamples: 20
"""
FACTORY = '''\
"""A network that the user brings along."""

from torch import nn


def make(num_classes: int) -> nn.Module:
    """Build two layers."""
    units = 6
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, units), nn.ReLU(), nn.Linear(units, num_classes))
'''


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that makes a new folder with the whole workflow, the tiny configuration and its data."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("project")
        copy_project(folder)
        (folder / CONFIGURATION).write_text(TINY, encoding="utf-8")
        (folder / "mynet.py").write_text(FACTORY, encoding="utf-8")
        draw_images(folder / "own")
        (folder / ".reads").mkdir()
        return folder

    return make


@pytest.fixture(scope="session")
def snakemake(python: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs Snakemake in a folder, with the tiny configuration unless another is named.

    Targets stand before `--resources` and `--configfile`, which take every word that follows.
    """

    def run(
        folder: Path, *arguments: str, check: bool = True, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command(*arguments, python=python),
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode:
            pytest.fail(f"snakemake {' '.join(arguments)} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    return run


@pytest.fixture(scope="session")
def planned(snakemake) -> Callable[..., dict[str, list[str]]]:
    """Return a function from a folder to what a dry run would run: {rule: ["model=a", ...]}, target rules left out."""

    def plan(folder: Path, *arguments: str) -> dict[str, list[str]]:
        done = snakemake(folder, "--dry-run", *arguments)
        return jobs_in(done.stdout + done.stderr)

    return plan


@pytest.fixture(scope="session")
def finished(project, snakemake) -> Path:
    """Return a folder in which the tiny configuration has run to its end. Tests do not write into it."""
    folder = project()
    snakemake(folder, "--cores", "2", timeout=1200)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished run, with all its times and Snakemake's own notes, to edit."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder, symlinks=True)  # with what is compiled, so that no dry run does it again
    return folder


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts Snakemake in a process group of its own, and does not wait for it."""

    def launch(folder: Path, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command(*arguments),
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    return launch


def command(*arguments: str, python: str | Path = sys.executable) -> list[str]:
    """Give the words that run Snakemake with a Python."""
    own = [] if "--configfile" in arguments else ["--configfile", CONFIGURATION]
    return [str(python), "-m", "snakemake", *arguments, *own]


def environment() -> dict[str, str]:
    """Give the environment of a run: this one, but without the checkout on Python's path."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def jobs_in(text: str) -> dict[str, list[str]]:
    """Read the jobs out of what a dry run says; rules without an output are targets and left out."""
    found = defaultdict(list)
    for block in re.split(r"^(?=(?:local)?(?:rule|checkpoint) \w+:$)", text, flags=re.MULTILINE)[1:]:
        name = block.split(":")[0].split()[-1]
        keys = dict(re.findall(r"^    (\w+): (.*)$", block, flags=re.MULTILINE))
        if "output" in keys:
            found[name].append(keys.get("wildcards", ""))
    return {name: sorted(values) for name, values in found.items()}

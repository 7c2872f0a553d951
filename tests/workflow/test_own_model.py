"""The page about one's own network and images, followed word by word."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.workflow

BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def followed(root: Path, project: Callable[[], Path], python: Path) -> Path:
    """Return a copy of the project in which every step of the page was taken."""
    folder = project()
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for tool, words in {"python": "", "snakemake": "-m snakemake "}.items():
        (tools / tool).write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} {words}"$@"\n')
        (tools / tool).chmod(0o755)
    for language, file, text in BLOCK.findall((root / "docs" / "own-model.md").read_text()):
        if file:
            (folder / file).write_text(text)
        elif language == "bash":
            done = subprocess.run(
                ["bash", "-euc", text], cwd=folder, capture_output=True, text=True, timeout=300, env=os.environ
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_configuration_has_at_most_ten_lines(followed: Path) -> None:
    assert len((followed / "config" / "mine.yaml").read_text().splitlines()) <= 10


def test_every_stage_has_run(followed: Path) -> None:
    results = followed / "results"
    evaluation = json.loads((results / "models" / "mine" / "evaluation.json").read_text())
    assert evaluation["test"]["n"] == 24
    # The page's own script has trained on all images: a network that learnt nothing would be at a half.
    assert evaluation["test"]["accuracy"] > 0.8
    sweep = pd.read_csv(results / "rof" / "mine" / "sweep.csv")
    units = 8 * 12
    whole = sweep[(sweep["split"] == "test") & (sweep["k"] == units)]
    assert set(whole["accuracy"]) == {evaluation["test"]["accuracy"]}
    assert (sweep.groupby(["split", "method", "seed"], dropna=False)["k"].nunique() == units + 1).all()
    for file in (
        "figures/rof/mine/accuracy.png",
        "figures/rof/mine/roles.pdf",
        "figures/data/shapes/images.png",
        "figures/models/mine/confusion.png",
        "rof/mine/turning_points.json",
        "rof/mine/roles.csv",
    ):
        assert (results / file).stat().st_size > 0


def test_the_variations_are_valid(root: Path, tmp_path: Path) -> None:
    from lucidag.config.load import load_config

    blocks = [text for language, file, text in BLOCK.findall((root / "docs" / "own-model.md").read_text()) if not file]
    variations = [yaml.safe_load(text) for text in blocks if text.startswith("datasets:")]
    assert variations
    for words in variations:
        model = {"dataset": next(iter(words["datasets"])), "architecture": "resnet50", "weights": "your.pth"}
        load_config({**words, "models": {"m": model}}, "variation")

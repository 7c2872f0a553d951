"""An experiment whose networks diverge and fail, that loses values and that grows: what runs, and its table."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table
from tests.workflow.conftest import jobs_in

pytestmark = pytest.mark.workflow

FACTORY = '''\
"""Two layers, which may be broken where nothing but a training notices."""

from torch import nn


class Net(nn.Sequential):
    broken = False

    def forward(self, images):
        if self.broken and self.training and len(images) > 2:
            raise RuntimeError("out of luck")
        return super().forward(images)


def make(num_classes: int, broken: bool) -> nn.Module:
    net = Net(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, num_classes))
    net.broken = broken
    return net
'''
JOINS = {"compare_models": [""], "compare_factors": [""], "figures_experiments": ["grid=net", "grid=odd"]}
Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def configure(folder: Path, rates: list[float], broken: list[bool]) -> None:
    """Write the configuration of two families: of learning rates, and of networks that break."""
    common = {"dataset": "digits", "input": {"size": 8, "channels": 1}, "device": "cpu"}
    common |= {"architecture": "oddnet:make", "options": {"broken": False}}
    train = {"epochs": 2, "optimizer": "sgd", "threads": 1, "lr": 0.01}
    models = {
        "net": common | {"train": train, "grid": {"train.lr": rates}},
        "odd": common | {"train": train, "grid": {"options.broken": broken}},
    }
    words = {"datasets": {"digits": {"source": "digits"}}, "models": models, "report": {"notebook": False}}
    (folder / "config/tiny.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")


def of_models(names: list[str], *rules: str) -> dict[str, list[str]]:
    return {rule: [f"model={name}" for name in names] for rule in rules}


def test_an_experiment_outlives_failures_forgets_values_and_grows(project, snakemake: Snakemake) -> None:
    folder = project()
    (folder / "oddnet.py").write_text(FACTORY, encoding="utf-8")
    configure(folder, [0.01, 1e30], [False, True])
    done = snakemake(folder, "experiments", "--cores", "2", check=False, timeout=600)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "net-lr1e30: the training diverged in epoch 1" in done.stderr
    table = read_table(folder / "results/experiments.csv").set_index("model")
    assert table["status"].to_dict() == {
        "net-lr.01": "trained",
        "net-lr1e30": "diverged",
        "odd-broken-false": "trained",
        "odd-broken-true": "failed",
    }
    assert table["test_accuracy"].notna().tolist() == [True, False, True, False]
    reasons = read_json(folder / "results/experiments.json")["models"]["odd-broken-true"]["reasons"]
    assert reasons["test_accuracy"].startswith("train failed: RuntimeError: out of luck")
    doubts = read_json(folder / "results/models/net-lr1e30/evaluation.json")["doubts"]
    assert len(doubts) == 1

    configure(folder, [0.01], [False])
    done = snakemake(folder, "--dry-run", "experiments")
    assert jobs_in(done.stdout + done.stderr) == JOINS
    assert "no longer asked for, and left as they are: net-lr1e30" in done.stderr
    snakemake(folder, "experiments", "--cores", "2")
    assert read_json(folder / "results/experiments.json")["no_longer_asked"] == ["net-lr1e30"]
    assert (folder / "results/models/net-lr1e30/checkpoint.safetensors").is_file()
    assert pd.read_csv(folder / "results/experiments.csv")["model"].tolist() == ["net-lr.01", "odd-broken-false"]
    assert read_table(folder / "results/experiments/costs.csv")["seconds"].notna().all()
    done = snakemake(folder, "--dry-run", "experiments")
    assert jobs_in(done.stdout + done.stderr) == {}

    configure(folder, [0.01, 0.003, 1e30], [False])
    done = snakemake(folder, "--dry-run", "experiments")
    expected = of_models(["net-lr.003"], "train", "features", "evaluate") | JOINS
    assert jobs_in(done.stdout + done.stderr) == expected

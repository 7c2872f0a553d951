"""A grid of a hundred networks: their plan, the table of what each left, and a value that is added."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lucidag.config.compared import compared_files
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.experiments.families import effects_of_families
from lucidag.experiments.read import read_row
from lucidag.experiments.table import experiments_json, experiments_table
from lucidag.ground.files import write_json
from lucidag.ground.tables import read_table, write_rows, write_table

RATES, WIDTHS, SEEDS = [0.1, 0.03, 0.01, 0.003, 0.001], [8, 16, 32, 64], [0, 1, 2, 3, 4]
GAIN = {rate: -0.04 * place for place, rate in enumerate(RATES)}  # of the accuracy, by rate; the width does nothing
HISTORY = ("epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "kept", "ended")


def plan(rates: list[float], results: Path) -> Plan:
    grid = {"train.lr": rates, "options.hidden": [[width] for width in WIDTHS], "seed": SEEDS}
    common = {"dataset": "digits", "architecture": "lucidag.models.small:mlp", "input": {"size": 8, "channels": 1}}
    net = {**common, "train": {"epochs": 1}, "grid": grid}
    words = {"results": str(results), "datasets": {"digits": {"source": "digits"}}, "models": {"net": net}}
    return Plan(load_config(words, "c.yaml"))


def accuracy_of(of: Plan) -> dict[str, float]:
    """Deal out the accuracies of the networks: by rate, by seed, and a little of each network's own."""
    rng = np.random.default_rng(0)
    luck = dict(zip(SEEDS, rng.normal(0, 0.01, len(SEEDS)), strict=True))
    return {
        name: 0.9 + GAIN[model.train.lr] + luck[model.train.seed] + rng.normal(0, 0.002)
        for name, model in of.config.models.items()
        if model.train is not None
    }


def left_by(files: dict[str, dict[str, str]], accuracy: dict[str, float]) -> None:
    """Write what the trainings and evaluations of the networks leave."""
    for name, value in accuracy.items():
        Path(files["evaluation"][name]).parent.mkdir(parents=True)
        split = {"accuracy": value, "accuracy_low": value, "accuracy_high": value}
        split |= {
            "loss": 1 - value,
            "loss_low": 0.0,
            "loss_high": 1.0,
            "worst_group": {"name": "3", "n": 9, "accuracy": value},
        }
        split |= {"calibration_error": 0.1, "calibration_chance": 0.05}
        write_json(files["evaluation"][name], {"train": split, "test": split})
        row = dict(zip(HISTORY, (1, 0.1, 1.0, value, None, None, True, "epochs"), strict=True))
        write_rows(files["history"][name], HISTORY, [row])
    for manifest in set(files["manifest"].values()):
        Path(manifest).parent.mkdir(parents=True)
        Path(manifest).write_text("image\na\n", encoding="utf-8")


@pytest.fixture
def hundred(tmp_path: Path) -> tuple[Plan, pd.DataFrame, dict[str, Any]]:
    own = plan(RATES, tmp_path / "results")
    files, settings = compared_files(own), job_settings(own, "compare_models", {})
    left_by(files, accuracy_of(own))
    rows = [read_row(name, about | {"code": "abc"}, files, settings) for name, about in settings["models"].items()]
    write_table(tmp_path / "experiments.csv", experiments_table(rows))
    return own, read_table(tmp_path / "experiments.csv"), experiments_json(rows, settings["absent"], [])


def test_each_network_is_a_row_with_its_own_values(hundred: tuple[Plan, pd.DataFrame, dict[str, Any]]) -> None:
    own, table, _ = hundred
    models = own.config.models
    assert len(set(table["model"])) == len(table) == 100
    assert list(table["model"]) == list(models)
    for row in table.to_dict("records"):
        model = models[row["model"]]
        assert model.train is not None
        assert (row["train.lr"], row["seed"]) == (model.train.lr, model.train.seed)
        assert row["options.hidden"] == str(model.options["hidden"])
        assert row["test_accuracy"] == pytest.approx(accuracy_of(own)[row["model"]])
        assert row["status"] == "trained"


def test_the_rate_made_the_difference_and_the_width_none(hundred: tuple[Plan, pd.DataFrame, dict[str, Any]]) -> None:
    own, table, about = hundred
    found = effects_of_families(table, about, own.families_of_models, ["test_accuracy"], 0.95).table
    rate, width = found[found["factor"] == "train.lr"], found[found["factor"] == "options.hidden"]
    assert rate["found"].all()
    assert not width["found"].any()
    assert rate["share"].max() > 0.8 > width["share"].max() + 0.7


def test_a_value_more_adds_its_networks_and_changes_no_job_of_the_others(tmp_path: Path) -> None:
    before, after = plan(RATES, tmp_path), plan([*RATES, 0.0003], tmp_path)
    new = [name for name in after.config.models if name not in before.config.models]
    assert len(new) == 20
    assert all(name.startswith("net-") and "lr.0003" in name for name in new)
    for rule in ("train", "features", "evaluate"):
        for name in before.config.models:
            of_model = {"model": name, "split": "test"}
            assert job_settings(before, rule, of_model) == job_settings(after, rule, of_model)

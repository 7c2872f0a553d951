"""The table of experiments as runs of MLflow, read back by its own client."""

import json
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from lucidag.ground.errors import InputError
from lucidag.report.__main__ import main
from lucidag.report.tracking import SURROUNDINGS, runs_of, write_runs

pytest.importorskip("mlflow")

ROWS = [
    {"model": "net-lr.1", "status": "trained", "seed": 3, "train.lr": 0.1, "test_accuracy": 0.875, "a:gradcam++": 0.5},
    {"model": "net-lr.9", "status": "diverged", "seed": 3, "train.lr": 0.9, "test_accuracy": None, "a:gradcam++": None},
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    known = {
        row["model"]: {
            "settings": {"architecture": "resnet18", "train": {"lr": row["train.lr"], "epochs": 2}, "weights": None},
            "changed": {"train.lr": row["train.lr"], "data.corrupt_labels": 0},
        }
        for row in ROWS
    }
    (folder / "experiments.json").write_text(json.dumps({"columns": {}, "models": known}))
    write_rows(folder, ROWS)
    history = folder / "models" / "net-lr.1" / "history.csv"
    history.parent.mkdir(parents=True)
    losses = {"train_loss": [2.5, 1.25], "val_loss": [None, 1.5], "train_accuracy": 0.5, "val_accuracy": 0.5}
    pd.DataFrame({"epoch": [1, 2], "lr": 0.1, **losses, "kept": [False, True], "ended": ["", "epochs"]}).to_csv(history)
    return folder


def write_rows(folder: Path, rows: list[dict]) -> None:
    pd.DataFrame(rows).assign(family="net", a=1).to_csv(folder / "experiments.csv", index=False)


@pytest.fixture
def client(tmp_path: Path, monkeypatch):
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=(tmp_path / "store").as_uri())


def read(client) -> dict:
    number = client.get_experiment_by_name("mine").experiment_id
    return {run.info.run_name: run for run in client.search_runs([number])}


def test_mlflow_reads_what_the_tables_say(results: Path, tmp_path: Path, client) -> None:
    assert write_runs(results, tmp_path / "store", "mine") == (2, 0)
    runs = read(client)
    run = runs["net-lr.1"]
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test_accuracy"] == 0.875
    assert run.data.metrics["a.gradcamplusplus"] == 0.5
    assert run.data.metrics["seed"] == 3
    assert run.data.params == {
        **{"architecture": "resnet18", "train.lr": "0.1", "train.epochs": "2", "weights": "null"},
        "data.corrupt_labels": "0",
    }
    assert run.data.tags["lucidag.family"] == "net"
    course = client.get_metric_history(run.info.run_id, "history.train_loss")
    assert [(each.step, each.value) for each in course] == [(1, 2.5), (2, 1.25)]
    course = client.get_metric_history(run.info.run_id, "history.val_loss")
    assert [(each.step, each.value) for each in course] == [(2, 1.5)]
    assert [each.path for each in client.list_artifacts(run.info.run_id)] == ["history.csv"]
    failed = runs["net-lr.9"]
    assert failed.info.status == "FAILED"
    assert set(failed.data.metrics) == {"seed", "train.lr", "a"}


def test_a_second_time_only_what_changed_is_written(results: Path, tmp_path: Path, client) -> None:
    write_runs(results, tmp_path / "store", "mine")
    before = {name: run.info.run_id for name, run in read(client).items()}
    assert write_runs(results, tmp_path / "store", "mine") == (0, 2)
    assert {name: run.info.run_id for name, run in read(client).items()} == before
    write_rows(results, [ROWS[0] | {"test_accuracy": 0.5}, ROWS[1]])
    assert write_runs(results, tmp_path / "store", "mine") == (1, 1)
    after = read(client)
    assert len(after) == 2
    assert after["net-lr.9"].info.run_id == before["net-lr.9"]
    assert after["net-lr.1"].data.metrics["test_accuracy"] == 0.5


def test_names_are_those_that_mlflow_takes_and_no_two_become_one() -> None:
    from lucidag.report.tracking import _name

    names = ["agreement:gradcam", "agreement:gradcam++", "confirmed:netdissect", "confirmed:netdissect:layer4", "a b"]
    assert len({_name(name) for name in names}) == len(names)
    assert not any(set(_name(name)) & set(":/+") for name in names)


def test_nothing_stays_in_the_environment(results: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", "mine")
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    write_runs(results, tmp_path / "store", "mine")
    assert os.environ["DO_NOT_TRACK"] == "mine"
    assert "MLFLOW_ALLOW_FILE_STORE" not in os.environ


def test_what_is_missing_is_one_sentence(results: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    with pytest.raises(InputError, match=r"experiments\.csv is not there: `snakemake experiments` makes it"):
        list(runs_of(tmp_path))
    (tmp_path / "file").write_text("")
    assert main(["mlflow", str(results), str(tmp_path / "file")]) == 1
    assert "is a file, not the folder of a store" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert main(["mlflow", str(results), str(tmp_path / "store")]) == 1
    assert "mlflow-skinny, which is not installed (the extra `tracking`)" in capsys.readouterr().err

"""The table of experiments from made-up files: what stands in it, why a cell is empty, and that pandas reads it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidag.experiments.columns import MAIN, PLAIN
from lucidag.experiments.costs import costs_of
from lucidag.experiments.families import changed_of, effects_of_families, seeds_of_families
from lucidag.experiments.read import read_row
from lucidag.experiments.settings import Experiments
from lucidag.experiments.table import Row, experiments_json, experiments_table
from lucidag.ground.errors import InputError
from lucidag.ground.files import write_json
from lucidag.ground.tables import read_table, write_rows, write_table

HISTORY = ("epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "kept", "ended")
KEPT, END = {("a", 2), ("c", 1)}, {"a": "epochs", "c": "divergence"}
ABSENT = {"shortcuts": "the configuration has no `shortcuts`"}


def split(accuracy: float) -> dict:
    found = {"accuracy": accuracy, "accuracy_low": accuracy - 0.05, "accuracy_high": accuracy + 0.03}
    found |= {"loss": 1 - accuracy, "loss_low": 0.0, "loss_high": 1.0}
    return found | {
        "calibration_error": 0.1,
        "calibration_chance": 0.05,
        "worst_group": {"name": "007", "n": 9, "accuracy": accuracy - 0.1},
    }


def files(folder: Path) -> dict[str, dict[str, str]]:
    """Write what the analyses of the models a (all), b (an evaluation) and c (diverged) left."""
    (folder / "manifest.csv").write_text("image\na\n")
    found: dict[str, dict[str, str]] = {kind: {} for kind in ("layers", "artefacts", "localisation")}
    found |= {kind: {} for kind in ("history", "points", "sweep", "agreement", "faithfulness")}
    found["manifest"] = {model: str(folder / "manifest.csv") for model in "abc"}
    found["evaluation"] = {model: str(folder / f"{model}.json") for model in "abc"}
    for model, accuracy in {"a": 0.9, "b": 0.5, "c": 0.1}.items():
        write_json(folder / f"{model}.json", {"train": split(accuracy + 0.05), "test": split(accuracy)})

    def table(kind: str, model: str, rows: list[dict]) -> None:
        found[kind][model] = str(folder / f"{kind}-{model.replace('/', '-')}.csv")
        write_table(found[kind][model], pd.DataFrame(rows))

    for model, losses in {"a": (2.0, 1.0), "c": (2.0, float("nan"))}.items():
        rows = [
            dict(
                zip(
                    HISTORY,
                    (n, 0.1, loss, 0.5, None, None, (model, n) in KEPT, END[model] if n == 2 else None),
                    strict=True,
                )
            )
            for n, loss in enumerate(losses, 1)
        ]
        found["history"][model] = str(folder / f"history-{model}.csv")
        write_rows(found["history"][model], HISTORY, rows)
    point = {"seed": None, "n0": 3, "low": 2, "high": 4, "units": 4}
    points = [
        point | {"split": s, "method": m, "metric": x}
        for s in ("train", "val", "test")
        for m in ("l1", "l2")
        for x in ("loss", "accuracy")
    ]
    roles = [
        {"metric": m, "role": r, "share": 0.25, "low": None, "high": None}
        for m in ("loss", "accuracy")
        for r in ("both", "neither")
    ]
    found["points"]["a"] = str(folder / "points.json")
    write_json(found["points"]["a"], {"turning_points": points, "roles": roles})
    curves = {("l1", None): (0, 1, 1), ("random", 0): (0, 0, 1), ("random", 1): (0, 0.5, 1)}
    sweep = [
        {"split": "test", "method": m, "seed": s, "k": k, "accuracy": y}
        for (m, s), ys in curves.items()
        for k, y in enumerate(ys)
    ]
    table("sweep", "a", sweep)
    for layer, verdicts in {"fc": ("confirmed", "unconfirmed"), "block.3": ("confirmed", "confirmed")}.items():
        units = [{"method": "netdissect", "unit": n, "concept": "red", "verdict": v} for n, v in enumerate(verdicts)]
        table("layers", f"a/{layer}", units)
    mean = {"mean": 0.5, "low": 0.4, "high": 0.6, "reason": ""}
    graded = {"metric": "iou", "threshold": "area"}
    table(
        "localisation",
        "a",
        [mean | graded | {"method": "lime", "prediction": p, "mean": m} for p, m in (("all", 0.25), ("right", 1.0))],
    )
    pairs = [("lime", "cam", 0.2), ("lime", "lrp", 0.4)]
    table(
        "agreement",
        "a",
        [{"method_a": a, "method_b": b, "measure": "iou", "threshold": "area", "mean": m} for a, b, m in pairs],
    )
    table("faithfulness", "a", [mean | {"metric": "road", "method": "lime"}])
    table(
        "artefacts",
        "ring",
        [
            {"model": "a", "image": f"i{n}", "artefact": "ink", "before": 0.1, "after": 0.5 + n / 10, "control": 0.2}
            for n in range(4)
        ],
    )
    return found


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    settings = {"confidence": 0.95, "ranking": "l1", "role_metric": "loss", "resamples": 100}
    about = {"family": "net", "block": "net", "seed": 0, "code": "abc", "settings": {"dataset": "x"}}
    changed = {
        "a": {"train.lr": 0.1, "options": {"w": 1}},
        "b": {"train.lr": 0.01, "options": None},
        "c": {"train.lr": 10.0, "options": None},
    }
    found = files(tmp_path)
    return [read_row(model, about | {"changed": changed[model]}, found, settings) for model in "abc"]


def test_what_was_measured_stands_in_the_row(rows: list[Row]) -> None:
    row = experiments_table(rows).set_index("model").loc["a"]
    expected = {
        "test_accuracy": 0.9,
        "gap": 0.05,
        "n0_test_loss": 3,
        "n0_test_loss_high": 4,
        "units": 4,
        "share_both": 0.25,
    }
    expected |= {"area": 0.75, "area_random": 0.375, "area_over_random": 0.375, "area_over_random_low": 0.25}
    expected |= {"confirmed:netdissect": 0.75, "confirmed:netdissect:fc": 0.5, "concepts:netdissect": 1}
    expected |= {"localisation:lime": 0.25, "agreement:lime": 0.3, "agreement:lrp": 0.4, "faithfulness:road:lime": 0.5}
    expected |= {
        "artefact:ring:ink": 0.45,
        "epochs": 2,
        "kept_epoch": 2,
        "worst_group_accuracy": 0.8,
        "calibration_error": 0.1,
    }
    assert row[list(expected)].astype(float).to_dict() == pytest.approx(expected)
    assert row["ended"] == "epochs"
    assert (row["status"], row["worst_group"], row["train.lr"], row["options"]) == ("trained", "007", 0.1, '{"w": 1}')
    assert row["gap_low"] == pytest.approx(0.05 - np.hypot(0.05, 0.03))


def test_an_empty_cell_has_its_reason_and_every_column_its_meaning(rows: list[Row]) -> None:
    table, about = experiments_table(rows), experiments_json(rows, ABSENT, ["old"])
    plain = [name for name in table.columns if not name.endswith(("_low", "_high"))]
    for row in table.to_dict("records"):
        for name in plain:
            if pd.isna(row[name]) and name not in ("epochs", "kept_epoch", "ended", "worst_group"):
                assert about["models"][row["model"]]["reasons"][name], name
    of_b, of_c = (about["models"][model]["reasons"] for model in "bc")
    assert of_b["n0_test_loss"] == "`rof` does not ask for it of this model"
    assert of_b["artefact:ring:ink"] == ABSENT["shortcuts"]
    assert of_b["val_loss"] == "no images in split 'val'"
    assert of_c["test_accuracy"].startswith("the training diverged in epoch 2: ")
    assert set(plain) <= set(about["columns"]) | {"localisation:lime"}
    assert all(about["columns"].values())
    assert about["no_longer_asked"] == ["old"]
    json.dumps(about, allow_nan=False)


def test_a_training_that_diverged_is_a_row_without_outcomes(rows: list[Row]) -> None:
    row = experiments_table(rows).set_index("model").loc["c"]
    assert (row["status"], row["epochs"]) == ("diverged", 2)
    assert row[list(PLAIN)].isna().all()
    models = {"net": ["a", "b", "c"]}
    table, about = experiments_table(rows), experiments_json(rows, ABSENT, [])
    found = effects_of_families(table.infer_objects(), about, models, ["test_accuracy", "val_loss"], 0.95)
    assert found.left_out == ["c diverged, and is left out"]
    assert "net: val_loss is not compared: no images in split 'val'; the training diverged" in " ".join(found.notes)


def test_pandas_reads_it_in_one_line(rows: list[Row], tmp_path: Path) -> None:
    write_table(tmp_path / "experiments.csv", experiments_table(rows))
    table = pd.read_csv(tmp_path / "experiments.csv")
    assert table["train.lr"].tolist() == [0.1, 0.01, 10.0]
    assert table["test_accuracy"].tolist()[:2] == [0.9, 0.5]
    assert read_table(tmp_path / "experiments.csv")["worst_group"].tolist()[0] == "007"


def test_seeds_alone_are_told_by_their_scatter() -> None:
    table = pd.DataFrame({"model": list("abc"), "seed": [0, 1, 2], "gap": [0.1, 0.2, 0.3]})
    about = {"models": {name: {"changed": {}, "status": "trained", "reasons": {}} for name in "abc"}}
    (told,) = seeds_of_families(table, about, {"net": list("abc")}, ["gap"], 0.95)
    assert told["sentence"].startswith(
        "net: over three networks that differ in their seed alone, the gap has a standard"
    )
    assert "10 points [" in told["sentence"]
    assert changed_of(about, ["a"]) == [{}]
    with pytest.raises(InputError, match=r"experiments\.outcomes: 'localisation:lime' was measured of no model"):
        effects_of_families(table, about, {"net": list("abc")}, ["localisation:lime"], 0.95)


def test_costs_are_summed_over_the_jobs_of_a_model_alone(tmp_path: Path) -> None:
    numbers = {
        "train/net.tsv": (10, 100),
        "rank/net.tsv": (2, 300),
        "x/net/cam/0.tsv": (1, "-"),
        "train/net-s1.tsv": (99, 9),
    }
    for file, (seconds, memory) in numbers.items():
        path = tmp_path / "benchmarks" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{memory}\n")
    (tmp_path / "logs/train").mkdir(parents=True)
    (tmp_path / "logs/train/net.log").write_text("device: cpu on here\nepoch 1\n")
    found = costs_of("net", tmp_path)
    assert found == {
        "model": "net",
        "jobs": 3,
        "train_seconds": 10,
        "seconds": 13,
        "peak_mb": 300,
        "device": "cpu on here",
    }
    nothing = costs_of("other", tmp_path)
    assert (nothing["jobs"], nothing["seconds"], nothing["device"]) == (0, None, None)


def test_outcomes_are_checked_by_name() -> None:
    assert Experiments().outcomes == list(MAIN)
    assert set(MAIN) <= set(PLAIN)
    assert Experiments(outcomes=["localisation:lime"]).outcomes == ["localisation:lime"]
    with pytest.raises(ValueError, match="did you mean 'test_accuracy'"):
        Experiments(outcomes=["test_acuracy"])

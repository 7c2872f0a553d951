"""The tables, as they are after a way through the file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lucidag.data.features import Features, read_splits, write_features
from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table, write_table
from lucidag.rof.bands import weights
from lucidag.rof.control import shifted_logits
from lucidag.rof.points import points_table
from lucidag.rof.rank import order_of, ranking_table
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_selection, run_sweep
from lucidag.rof.sweep import prefix_logits, sweep
from lucidag.rof.tables import curve_of, read_draws, sweep_table, write_draws
from lucidag.rof.turning import METRICS, gain_key, improvement, turning_point, turning_report


def asked(*methods: str, **told) -> Rof:
    """Give settings that a configuration need not allow; the orders are swept once, on the images as they are."""
    return Rof.model_construct(**{"methods": list(methods), "resamples": 0, **told})


def content(images, seed, groups=2, classes=3):
    draw = np.random.default_rng(seed)
    head = np.random.default_rng(99)
    return Features(
        images=tuple(str(i) for i in range(images)),
        labels=draw.integers(0, classes, images),
        groups=draw.integers(0, groups, images),
        logits=np.zeros((images, classes), dtype=np.float32),
        features=np.maximum(draw.normal(size=(images, 6)), 0).astype(np.float32),
        weight=head.normal(size=(classes, 6)).astype(np.float32),
        bias=head.normal(size=classes).astype(np.float32),
        classes=tuple(f"class{i}" for i in range(classes)),
        group_names=tuple(f"group{i}" for i in range(groups)),
        layer="fc",
    )


def plain(file, order):
    return sweep(file.features, file.labels, file.weight, file.bias, order, file.groups, max(1, len(file.group_names)))


def test_columns_and_rows():
    file = content(50, 0)
    table = sweep_table(plain(file, np.arange(6)), "test", "random", 4, file.classes, file.group_names, 100)
    assert list(table.columns) == [
        "split",
        "method",
        "seed",
        "k",
        "accuracy",
        "loss",
        "worst_accuracy",
        "accuracy_group:group0",
        "accuracy_group:group1",
        "accuracy_class:class0",
        "accuracy_class:class1",
        "accuracy_class:class2",
    ]
    assert table["k"].tolist() == list(range(7))
    assert table["seed"].tolist() == [4] * 7
    one = sweep_table(plain(file, np.arange(6)), "test", "l1", None, file.classes, ["all"], 2)
    assert list(one.columns)[4:] == ["accuracy", "loss", "worst_accuracy"]


def test_names_that_occur_twice_stay_apart():
    file = content(20, 0)
    table = sweep_table(plain(file, np.arange(6)), "test", "l1", None, ("crane", "crane", "cat"), ("g",), 100)
    assert list(table.columns)[-3:] == ["accuracy_class:crane (0)", "accuracy_class:crane (1)", "accuracy_class:cat"]


def test_every_digit_survives_the_file(tmp_path):
    contents = {"train": content(70, 0), "test": content(30, 1)}
    ranking = ranking_table(contents, ["l1", "random"], [1, 2])
    tables = run_sweep(contents, ranking, asked("l1", "random", seed=1, random_orders=2, resamples=7), 1)
    for name, table in (("sweep", tables.sweep), ("bands", tables.bands), ("ranking", ranking)):
        write_table(tmp_path / f"{name}.csv", table)
        back = read_table(tmp_path / f"{name}.csv")
        assert list(back.columns) == list(table.columns)
        for column in table.columns:
            assert back[column].isna().equals(table[column].isna())
            assert (back[column].dropna() == table[column].dropna()).all()
    with pytest.raises(InputError, match=r"missing\.csv"):
        read_table(tmp_path / "missing.csv")


def test_the_stage_sweeps_each_split_in_its_own_orders():
    contents = {"train": content(70, 0), "test": content(30, 1)}
    ranking = ranking_table(contents, ["l1", "reversed", "random"], [3, 4])
    settings = asked("l1", "reversed", "random", seed=3, random_orders=2, resamples=9)
    tables = run_sweep(contents, ranking, settings, 1)
    assert len(tables.sweep) == 2 * 5 * 7  # splits; l1, reversed, two random orders, the control; k
    for split, file in contents.items():
        order = np.argsort(-np.abs(file.features).mean(axis=0))
        for method, seed, which in (
            ("l1", None, order),
            ("reversed", None, order[::-1]),
            ("random", 4, np.random.Generator(np.random.PCG64(4)).permutation(6)),
        ):
            result = plain(file, which)
            np.testing.assert_array_equal(curve_of(tables.sweep, split, method, "accuracy", seed), result.accuracy)
            np.testing.assert_array_equal(curve_of(tables.sweep, split, method, "loss", seed), result.loss)
    control = curve_of(tables.sweep, "test", "logit_bias", "loss")
    assert control[-1] == curve_of(tables.sweep, "test", "l1", "loss")[-1]
    # Bands where there are draws: not for random orders.
    assert set(tables.bands["method"]) == {"l1", "reversed", "logit_bias"}
    assert len(tables.bands) == 2 * 3 * 7 * 5  # splits, methods, k; accuracy, loss, worst and two groups
    report = turning_report(tables.sweep, pd.DataFrame(), tables.draws, 0.95)
    assert "validation split" in report["selection_reason"]
    lax = turning_report(tables.sweep, pd.DataFrame(), {}, 0.95, margin=0.999)["turning_points"]
    assert all(point["n0"] == 0 for point in lax if point["metric"] == "accuracy")
    points = report["turning_points"]
    assert len(points) == 2 * 5 * 3
    first = points[0]
    assert (first["split"], first["method"], first["metric"], first["units"]) == ("train", "l1", "accuracy", 6)
    assert 0 <= first["low"] <= first["n0"] <= first["high"] <= 6
    assert {point["low"] for point in points if point["method"] == "random"} == {None}
    assert [point["seed"] for point in points if point["method"] == "random"][::3] == [3, 4, 3, 4]
    with pytest.raises(InputError, match="holds no 'accuracy'"):
        curve_of(tables.sweep, "val", "l1", "accuracy")


def test_the_control_follows_the_ranking():
    contents = {"test": content(30, 1)}
    ranking = ranking_table(contents, ["l1", "reversed"])
    tables = run_sweep(contents, ranking, asked("l1", "reversed", ranking="reversed"), 1)
    assert tables.bands.empty
    file = contents["test"]
    arguments = file.features, file.labels, file.weight, file.bias, order_of(ranking, "test", "reversed")
    np.testing.assert_array_equal(
        curve_of(tables.sweep, "test", "logit_bias", "loss"), sweep(*arguments, logits=shifted_logits).loss
    )


def test_selection(tmp_path):
    contents = {"train": content(70, 0), "val": content(40, 2), "test": content(30, 1)}
    ranking = ranking_table(contents, ["l1"])
    found = run_selection(contents, ranking, asked("l1", "random", resamples=20, seed=5), 1)
    assert list(found.table.columns)[:5] == ["ranked_on", "split", "method", "seed", "k"]
    assert len(found.table) == 2 * 2 * 7
    order = np.argsort(-np.abs(contents["train"].features).mean(axis=0))
    val, test = (plain(contents[split], order) for split in ("val", "test"))
    np.testing.assert_array_equal(curve_of(found.table, "val", "l1", "accuracy"), val.accuracy)
    np.testing.assert_array_equal(curve_of(found.table, "test", "l1", "accuracy"), test.accuracy)
    assert found.table["loss_low"].isna().tolist() == (found.table["split"] == "val").tolist()
    write_draws(tmp_path / "draws.safetensors", found.draws)
    write_table(tmp_path / "selection.csv", found.table)
    sweeps = run_sweep(contents, ranking, asked("l1"), 1).sweep
    table, draws = read_table(tmp_path / "selection.csv"), read_draws(tmp_path / "draws.safetensors")
    report = turning_report(sweeps, table, draws, 0.5)
    assert report["selection_reason"] is None
    assert {point["method"] for point in report["selection"]} == {"l1", "logit_bias"}
    point = next(p for p in report["selection"] if p["method"] == "l1" and p["metric"] == "loss")
    k = point["k"]
    assert (point["ranked_on"], point["chosen_on"], point["reported_on"]) == ("train", "val", "test")
    assert (k, point["value"]) == (1 + val.loss[1:].argmin(), test.loss[1 + val.loss[1:].argmin()])
    file, gains = contents["test"], []
    for count in weights(30, 20, 5):  # k units and all units on the same resampled images
        again = np.repeat(np.arange(30), count)
        loss = sweep(file.features[again], file.labels[again], file.weight, file.bias, order).loss
        gains.append(loss[-1] - loss[k])
    assert (point["low"], point["high"]) == pytest.approx(tuple(np.quantile(gains, [0.25, 0.75])), rel=1e-9)


def test_no_selection_without_a_validation_split(tmp_path):
    contents = {"train": content(70, 0), "test": content(30, 1)}
    found = run_selection(contents, ranking_table(contents, ["l1"]), asked("l1"), 1)
    write_table(tmp_path / "selection.csv", found.table)
    write_draws(tmp_path / "draws.safetensors", found.draws)
    assert len(read_table(tmp_path / "selection.csv")) == 0
    assert read_draws(tmp_path / "draws.safetensors") == {}
    with pytest.raises(InputError, match=r"selection\.csv is not a file of bootstrap draws"):
        read_draws(tmp_path / "selection.csv")


def test_only_an_empty_cell_is_missing(tmp_path):
    words = pd.DataFrame({"model": ["null", "NA"], "family": ["007", "None"], "flags": ["", "nan"], "gap": [np.nan, 1]})
    write_table(tmp_path / "words.csv", words)
    back = read_table(tmp_path / "words.csv")
    assert back["model"].tolist() == ["null", "NA"]
    assert back["family"].tolist() == ["007", "None"]
    assert back["flags"].tolist() == ["", "nan"]
    assert back["gap"].isna().tolist() == [True, False]


def test_every_setting_reaches_sweep_and_selection():
    contents = {name: content(40, seed) for seed, name in enumerate(("train", "val", "test"))}
    # One image is a group of its own and always wrong: from two images on a group is judged.
    for name, file in contents.items():
        labels, groups = file.labels.copy(), np.zeros(40, dtype=np.int64)
        whole = file.features @ file.weight.T + file.bias
        labels[0], groups[0] = whole[0].argmin(), 1
        contents[name] = replace(file, labels=labels, groups=groups)
    ranking = ranking_table(contents, ["l1", "reversed"])
    settings = asked("l1", ranking="reversed", resamples=30, confidence=0.5, seed=4, class_columns=2)
    swept, found = run_sweep(contents, ranking, settings, 2), run_selection(contents, ranking, settings, 2)
    counts = weights(40, 30, 4)
    for split, ranked_on, table in (
        ("val", "val", swept.sweep),
        ("test", "test", swept.sweep),
        ("val", "train", found.table),
        ("test", "train", found.table),
    ):
        file = contents[split]
        for method, order_by, logits in (("l1", "l1", prefix_logits), ("logit_bias", "reversed", shifted_logits)):
            order = order_of(ranking, ranked_on, order_by)
            head = file.features, file.labels, file.weight, file.bias, order
            result = sweep(*head, file.groups, 2, counts, 2, logits=logits)
            for metric in METRICS:
                np.testing.assert_array_equal(curve_of(table, split, method, metric), getattr(result, metric))
            quartiles = np.quantile(result.draws.loss, [0.25, 0.75], axis=0)
            rows = table[(table["split"] == split) & (table["method"] == method)]
            if table is swept.sweep:
                bands = swept.bands
                rows = bands[(bands[["split", "method", "metric"]] == [split, method, "loss"]).all(axis=1)]
                np.testing.assert_allclose(rows[["low", "high"]].to_numpy().T, quartiles, rtol=1e-12)
            elif split == "test":
                np.testing.assert_allclose(rows[["loss_low", "loss_high"]].to_numpy().T, quartiles, rtol=1e-12)
                for metric in METRICS:
                    k = turning_point(curve_of(table, "val", method, metric), metric)
                    drawn = getattr(result.draws, metric)
                    gains = improvement(drawn[:, k], drawn[:, -1], metric)
                    np.testing.assert_array_equal(found.draws[gain_key(method, metric)], gains)
    assert curve_of(swept.sweep, "test", "l1", "worst_accuracy")[-1] > 0
    assert curve_of(swept.sweep, "test", "l1", "accuracy_group:group1")[-1] == 0
    for table in (swept.sweep, found.table):
        assert not [column for column in table.columns if column.startswith("accuracy_class")]  # three classes


def test_points_are_rows_of_one_order():
    contents = {"train": content(30, 0), "test": content(30, 1)}
    swept = run_sweep(contents, ranking_table(contents, ["l1", "l2"]), asked("l1", "l2"), 1).sweep
    points = points_table(swept, "l2", [6, 0, 2])
    assert points[["split", "k"]].to_numpy().tolist() == [[s, k] for s in ("train", "test") for k in (0, 2, 6)]
    assert set(points["method"]) == {"l2"}
    for row in points.itertuples():
        assert row.accuracy == curve_of(swept, row.split, "l2", "accuracy")[row.k]
        assert row.loss == curve_of(swept, row.split, "l2", "loss")[row.k]
    with pytest.raises(InputError, match="k = 7 was asked for"):
        points_table(swept, "l2", [7])


def test_a_split_without_images_is_left_out_or_missed(tmp_path):
    full, files = content(5, 0), [tmp_path / f"{split}.safetensors" for split in ("train", "val")]
    arrays = {name: getattr(full, name)[:0] for name in ("labels", "groups", "logits", "features")}
    for file, split in zip(files, (full, replace(full, images=(), **arrays)), strict=True):
        write_features(file, split)
    assert list(read_splits(files, required=("train",))) == ["train"]
    for lacking in ("val", "test"):
        with pytest.raises(InputError, match=f"split '{lacking}' has no images"):
            read_splits(files, required=("train", lacking))

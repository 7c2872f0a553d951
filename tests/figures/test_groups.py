import numpy as np
import pytest

from lucidag.data.features import Features
from lucidag.figures.groups import groups, selection_bands
from lucidag.figures.style import save
from lucidag.rof.rank import ranking_table
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_selection, run_sweep
from lucidag.rof.turning import turning_report

CHOSEN = {
    "method": "l1",
    "ranked_on": "train",
    "chosen_on": "val",
    "reported_on": "test",
    "metric": "worst_accuracy",
    "k": 5,
    "units": 16,
    "chosen_value": 0.7,
    "value": 0.675,
    "baseline": 0.305,
    "gain": 0.37,
    "low": 0.3,
    "high": 0.44,
}


def test_groups_beside_the_control(make_tables, line):
    tables = make_tables(group_names=("label=a&patch=0", "label=a&patch=1"))
    fig = groups(tables.sweep, tables.bands, "l1", "train", CHOSEN, 0.95)
    for ax, method in zip(fig.axes, ("l1", "logit_bias"), strict=True):
        result = tables.results["test", method, None]
        np.testing.assert_array_equal(line(ax, "label=a, patch=0"), result.group_accuracy[0])
        np.testing.assert_array_equal(line(ax, "label=a, patch=1"), result.group_accuracy[1])
        np.testing.assert_array_equal(line(ax, "worst group"), result.worst_accuracy)
        np.testing.assert_array_equal(line(ax, "all images"), result.accuracy)
        (mark,) = [each for each in ax.lines if each.get_label() == "k chosen on val"]
        assert list(mark.get_xdata()) == [5, 5]
        (band,) = [each for each in ax.collections if each.get_label() == "its 95% bootstrap band"]
        chosen = tables.bands.query("split == 'test' and method == @method and metric == 'worst_accuracy'")
        assert set(band.get_paths()[0].vertices[:, 1]) == {*chosen["low"], *chosen["high"]}
    words = fig.get_suptitle()
    assert "k = 5 of 16 chosen on val by accuracy of the worst group" in words
    assert "0.675 on test against 0.305" in words
    assert "gain +0.370, 95% interval +0.300 to +0.440" in words
    assert "ranked on train" in fig.axes[0].get_title(loc="left")


@pytest.mark.parametrize("number", [3, 20])
def test_sizes_of_groups_stand_beside_their_names(make_tables, number):
    names = tuple(f"g{index}" for index in range(number))
    tables = make_tables(group_names=names)
    sizes = {name: 10 + index for index, name in enumerate(names)}
    fig = groups(tables.sweep, tables.bands, "l1", "train", CHOSEN, 0.95, sizes)
    for ax in fig.axes:
        labels = {each.get_label() for each in ax.lines}
        told = {f"{name} (n = {size})" for name, size in sizes.items()}
        assert (told <= labels) if number == 3 else (f"each of 20 groups of 10 to {9 + number} images" in labels)


def test_classes_stand_in_for_one_group(make_tables, line):
    tables = make_tables(group_names=("all",))
    fig = groups(tables.sweep, tables.bands, "l1", "test", None, 0.95)
    result = tables.results["test", "l1", None]
    for index, name in enumerate("xyz"):
        np.testing.assert_array_equal(line(fig.axes[0], name), result.class_accuracy[index])
    np.testing.assert_array_equal(line(fig.axes[0], "all images"), result.accuracy)
    assert not [each for each in fig.axes[0].lines if each.get_label() == "worst group"]
    assert "no validation split" in fig.get_suptitle()


def test_neither_groups_nor_few_classes_is_said(make_tables, tmp_path):
    tables = make_tables(group_names=("all",), classes=tuple(f"c{i}" for i in range(13)))
    fig = groups(tables.sweep, tables.bands, "l1", "test", None, 0.95)
    assert not fig.axes
    assert "No groups were defined" in fig.texts[0].get_text()
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").exists()


def test_an_empty_group_is_left_out(make_tables):
    tables = make_tables(group_names=("a", "b", "empty"))
    sweep = tables.sweep.assign(**{"accuracy_group:empty": np.nan})
    fig = groups(sweep, tables.bands, "l1", "train", CHOSEN, 0.95)
    labels = {each.get_label() for each in fig.axes[0].lines}
    assert {"a", "b"} <= labels
    assert "empty" not in labels


@pytest.mark.parametrize(("number", "distinguishable"), [(7, True), (12, True), (13, False)])
def test_many_groups(make_tables, number, distinguishable):
    tables = make_tables(group_names=tuple(f"g{i}" for i in range(number)))
    fig = groups(tables.sweep, tables.bands, "l1", "train", CHOSEN, 0.95)
    lines = [each for each in fig.axes[0].lines if each.get_label().startswith(("g", "each"))]
    assert len(lines) == number
    looks = {(each.get_color(), each.get_linestyle()) for each in lines}
    assert len(looks) == (number if distinguishable else 1)


def test_bands_of_a_selection(make_tables):
    tables = make_tables()
    wide = tables.sweep[tables.sweep["method"] == "l1"].copy()
    test = wide["split"] == "test"
    for shift, side in ((-0.1, "low"), (0.2, "high")):
        wide[f"worst_accuracy_{side}"] = np.where(test, wide["worst_accuracy"] + shift, np.nan)
    long = selection_bands(wide)
    assert set(long["split"]) == {"test"}
    assert set(long["metric"]) == {"worst_accuracy"}
    worst = tables.results["test", "l1", None].worst_accuracy
    np.testing.assert_allclose(long.sort_values("k")["low"], worst - 0.1)
    np.testing.assert_allclose(long.sort_values("k")["high"], worst + 0.2)
    assert len(selection_bands(tables.sweep)) == 0


def test_the_selection_stage_gives_these_bands():
    rng = np.random.default_rng(0)
    head = rng.normal(size=(2, 6)).astype(np.float32), np.zeros(2, dtype=np.float32)

    def split(n):
        features = rng.normal(size=(n, 6)).astype(np.float32)
        return Features(
            images=tuple(str(i) for i in range(n)),
            labels=rng.integers(0, 2, n),
            groups=np.arange(n) % 2,
            logits=features @ head[0].T,
            features=features,
            weight=head[0],
            bias=head[1],
            classes=("x", "y"),
            group_names=("a", "b"),
            layer="fc",
        )

    contents = {name: split(30) for name in ("train", "val", "test")}
    rankings = ranking_table(contents, ["l1"])
    found = run_selection(contents, rankings, Rof(methods=["l1"], resamples=40), 1)
    sweeps = run_sweep(contents, rankings, Rof(methods=["l1"], resamples=40), 1)
    points = turning_report(sweeps.sweep, found.table, found.draws, 0.95)["selection"]
    bands = selection_bands(found.table)
    assert set(bands["metric"]) == {"accuracy", "loss", "worst_accuracy"}
    assert set(bands["method"]) == {"l1", "logit_bias"}
    assert (bands["low"] < bands["high"]).any()
    chosen = next(each for each in points if each["method"] == "l1" and each["metric"] == "worst_accuracy")
    fig = groups(found.table, bands, "l1", "train", chosen, 0.95)
    assert f"k = {chosen['k']} of 6" in fig.get_suptitle()


def test_a_group_that_the_test_split_lacks_is_not_named(make_tables):
    tables = make_tables(group_names=("label=a&patch=0", "label=a&patch=1"))
    sweep = tables.sweep.copy()
    column = "accuracy_group:label=a&patch=1"
    sweep.loc[sweep["split"] == "test", column] = np.nan
    assert sweep[column].notna().any()
    fig = groups(sweep, tables.bands, "l1", "train", None, 0.95)
    names = {each.get_label() for ax in fig.axes for each in ax.lines}
    assert "label=a, patch=0" in names
    assert "label=a, patch=1" not in names

import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest

from lucidag.explain.faithfulness import summary as measures
from lucidag.explain.faithfulness.metrics import BETTER, COLUMNS, OPPOSITE, Row, read_values, shows_nothing, sign
from lucidag.explain.faithfulness.summary import not_measured, ranking
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.permutation import sign_flip
from lucidag.ground.tables import read_table, write_rows

pairs, summary = (partial(each, confidence=0.95, seed=0) for each in (measures.pairs, measures.summary))


def table_of(values, metric="insertion"):
    """Make a table from one list of values a method."""
    rows = [
        Row(f"p{index}", method, metric, value, "{}", BETTER[metric], "")
        for method, each in values.items()
        for index, value in enumerate(each)
    ]
    return pd.DataFrame([vars(row) for row in rows], columns=list(COLUMNS)).astype({"value": float})


def drawn(seed, n=30, **levels):
    draw = np.random.default_rng(seed)
    common = draw.normal(size=n)
    return {method: list(common + level + 0.2 * draw.normal(size=n)) for method, level in levels.items()}


def row_of(frame, **names):
    for column, value in names.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


@pytest.mark.parametrize("metric", ["insertion", "deletion"])
@pytest.mark.parametrize("seed", range(4))
def test_a_planted_difference_is_found_and_equals_are_not_told_apart(metric, seed):
    table = table_of(drawn(seed, a=1, b=0, c=0), metric)
    differences = pairs(table, resamples=200)
    found = row_of(differences, method_a="a", method_b="b")
    assert found["distinguishable"]
    # The greater value is the better one only where higher is better.
    assert np.sign(found["advantage"]) == sign(metric)
    assert found["low"] < found["advantage"] < found["high"]
    assert found["low"] * found["high"] > 0
    assert not row_of(differences, method_a="b", method_b="c")["distinguishable"]
    ranked = ranking(summary(table, resamples=200), differences).set_index("method")
    if metric == "insertion":
        assert ranked["rank"].to_dict() == {"a": 1, "b": 2, "c": 2}
        assert ranked.index[0] == "a"
    else:
        assert ranked["rank"].to_dict() == {"a": 3, "b": 1, "c": 1}
        assert ranked.index[-1] == "a"
    assert ranked["not_told_apart"].to_dict() == {"a": "", "b": "c", "c": "b"}
    a_wins = metric == "insertion"
    assert ranked["better_than"].to_dict() == {"a": "b;c" * a_wins, "b": "a" * (not a_wins), "c": "a" * (not a_wins)}


@pytest.mark.parametrize("seed", range(2))
def test_controls_have_no_rank_and_give_none(seed):
    table = table_of(drawn(seed, good=1, bad=-1, centre=2, random=0))
    ranked = ranking(summary(table, resamples=50), pairs(table, resamples=50)).set_index("method")
    assert list(ranked.index) == ["centre", "good", "random", "bad"]
    assert ranked["rank"].dropna().to_dict() == {"good": 1, "bad": 2}
    assert ranked["better_than"].to_dict() == {
        "centre": "good;bad;random",
        "good": "bad;random",
        "random": "bad",
        "bad": "",
    }


def test_a_ranking_comes_back_with_empty_cells_as_no_names(tmp_path):
    table = table_of(drawn(0, good=1, bad=-1))
    ranked = ranking(summary(table, resamples=50), pairs(table, resamples=50))
    ranked.to_csv(tmp_path / "ranking.csv", index=False)
    found = read_table(tmp_path / "ranking.csv").set_index("method")
    assert found["better_than"].to_dict() == {"good": "bad", "bad": ""}
    assert found["not_told_apart"].to_dict() == {"good": "", "bad": ""}


def test_equal_methods_are_seldom_told_apart():
    wrong = sum(
        pairs(table_of(drawn(100 + seed, 10, a=0, b=0, c=0)), resamples=10)["distinguishable"].any()
        for seed in range(60)
    )
    assert wrong <= 8  # at most .05 of 60 are expected; P(more than 8) < .005


@pytest.mark.parametrize("seed", range(2))
def test_all_pairs_of_one_metric_are_corrected_together(seed):
    tables = [table_of(drawn(seed, 9, a=0.3, b=0.1, c=0), metric) for metric in ("insertion", "road")]
    found = pairs(pd.concat(tables, ignore_index=True), resamples=10)
    for _, part in found.groupby("metric"):
        first, second, third = sorted(part["p"])
        # Holm's steps: times 3, 2 and 1, none below the one before it.
        steps = [3 * first, max(3 * first, 2 * second), max(3 * first, 2 * second, third)]
        assert sorted(part["p_holm"]) == pytest.approx(np.minimum(1, steps))
    assert (found["distinguishable"] == (found["p_holm"] <= 0.05)).all()


def test_of_five_images_nothing_is_told_apart():
    assert sign_flip(np.arange(1.0, 6)) == pytest.approx(2 / 32)
    differences = pairs(table_of({"a": [5, 6, 7, 8, 9], "b": [0, 0, 0, 0, 0]}), resamples=50)
    assert not differences["distinguishable"].any()
    six = table_of({"a": [5, 6, 7, 8, 9, 9], "b": [0] * 6})  # p = 2 / 64
    assert pairs(six, resamples=50)["distinguishable"].all()
    assert not pairs(six, confidence=0.97, resamples=50)["distinguishable"].any()


def test_undefined_values_are_left_out_in_pairs():
    values = {"a": [1.0, 2, np.nan, 4], "b": [0.0, np.nan, 5, 1], "c": [np.nan] * 4}
    table = table_of(values)
    means = summary(table, resamples=50).set_index("method")
    assert means[["n", "undefined"]].to_numpy().tolist() == [[3, 1], [3, 1], [0, 4]]
    found = row_of(pairs(table, resamples=50), method_a="a", method_b="b")
    assert (found["n"], found["advantage"]) == (2, pytest.approx((1 + 3) / 2))
    empty = row_of(pairs(table, resamples=50), method_a="a", method_b="c")
    assert empty["n"] == 0
    assert np.isnan(empty["p_holm"])
    assert not empty["distinguishable"]
    ranked = ranking(summary(table, resamples=50), pairs(table, resamples=50)).set_index("method")
    assert np.isnan(ranked.loc["c", "rank"])
    assert ranked.index[-1] == "c"
    assert set(ranked.loc["a", "not_told_apart"].split(";")) == {"b", "c"}


def test_no_difference_at_all_and_one_image():
    same = pairs(table_of({"a": [1, 2, 3], "b": [1, 2, 3]}), resamples=20)
    assert (same["advantage"][0], same["p"][0]) == (0, 1)
    one = pairs(table_of({"a": [1], "b": [2]}), resamples=20)
    assert one["n"][0] == 1
    assert np.isnan(one["p"][0])
    assert not one["distinguishable"][0]


def test_the_means_are_the_tables(tmp_path):
    table = table_of(drawn(3, a=0, centre=1))
    means = summary(table, resamples=100).set_index("method")
    assert means["control"].to_dict() == {"a": False, "centre": True}
    for method in means.index:
        own = table[table["method"] == method]["value"]
        assert means.loc[method, "mean"] == pytest.approx(own.mean())
        assert means.loc[method, "low"] < own.mean() < means.loc[method, "high"]
    assert (means["better"] == "higher").all()


def test_files(tmp_path):
    path = tmp_path / "a.csv"
    rows = [
        Row("NA", "lime", "deletion", None, '{"steps": 2}', "lower", "the map is zero everywhere"),
        Row("p2", "lrp", "deletion", 0.125, '{"steps": 2}', "lower", ""),
    ]
    write_rows(path, COLUMNS, map(vars, rows))
    assert path.read_text().splitlines()[1].startswith("NA,lime,deletion,,")
    table = read_values(path)
    assert list(table.columns) == list(COLUMNS)
    assert table["image"].tolist() == ["NA", "p2"]
    assert table["settings"][0] == '{"steps": 2}'
    assert np.isnan(table["value"][0])
    assert table["value"][1] == 0.125
    write_rows(path, COLUMNS, [vars(Row("p", "m", "deletion", 1.0, "{}", "higher", ""))])
    with pytest.raises(InputError, match="'deletion'"):
        read_values(path)
    path.write_text("image,method\np,q\n")
    with pytest.raises(InputError, match="has no column 'metric'"):
        read_values(path)
    with pytest.raises(InputError, match="did you mean 'deletion'"):
        sign("deletions")


def test_maps_that_show_nothing():
    assert shows_nothing(np.zeros((2, 2))) == "the map is zero everywhere"
    assert shows_nothing(np.full((2, 2), -3.0)) == "the map has the same value everywhere"
    assert shows_nothing(np.eye(2)) == ""


def test_tables_and_figures_need_no_torch(root):
    code = (
        "import sys, lucidag.explain.faithfulness.summary, lucidag.figures.faithfulness; "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


@pytest.mark.parametrize(("images", "few"), [(4, True), (5, True), (6, False)])
def test_too_few_images_are_said(images, few):
    table = table_of({name: np.arange(images) + 9 * place for place, name in enumerate("ab")})
    said = not_measured(ranking(summary(table, resamples=10), pairs(table, resamples=10)), 0.95)
    assert [f"{images} images are too few" in sentence for sentence in said] == [True] * few
    # An exact test of so many images rejects at that level, or never does.
    assert (sign_flip(np.arange(1.0, images + 1)) > 0.05) == few


def test_a_method_without_any_value_is_named():
    table = table_of({"a": np.arange(8.0), "b": [np.nan] * 8, "centre": [np.nan] * 8})
    (sentence,) = not_measured(ranking(summary(table, resamples=10), pairs(table, resamples=10)), 0.95)
    assert sentence.startswith("b has no value by insertion")


def test_images_whose_map_foretells_the_opposite_are_counted():
    notes = [OPPOSITE, "", f"its map is the same for any class; {OPPOSITE}", "the map is zero everywhere"]
    rows = [Row(f"p{index}", "lrp", "infidelity", 0.5, "{}", "lower", note) for index, note in enumerate(notes)]
    rows += [Row(f"p{index}", "gradcam", "infidelity", 0.5, "{}", "lower", "") for index in range(4)]
    table = pd.DataFrame([vars(row) for row in rows], columns=list(COLUMNS)).astype({"value": float})
    means = summary(table, resamples=20).set_index("method")
    assert means["opposite"].to_dict() == {"lrp": 2, "gradcam": 0}


def test_by_hand_picked_images_nothing_is_told_apart():
    table = table_of({"a": range(10, 22), "b": range(12)})
    assert pairs(table, resamples=50)["distinguishable"].all()
    found = pairs(table, resamples=50, hand_picked=True)
    assert found[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert set(found["reason"]) == {"hand-picked"}
    assert not found["distinguishable"].any()
    ranked = ranking(summary(table, resamples=50, hand_picked=True), found)
    assert set(ranked["rank"]) == {1.0}
    assert ranked["mean"].notna().all()
    assert not_measured(ranked, 0.95) == [
        "the images are hand-picked, so that nothing is told apart and no mean has an interval: give a number of "
        "images under `explain.images`, and so many are drawn at random"
    ]

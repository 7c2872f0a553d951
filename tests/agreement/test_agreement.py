import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

from lucidag.explain.agreement import agreement, summary
from lucidag.explain.agreement.agreement import agreement_order, correlation_table
from lucidag.explain.agreement.crossed import iou_matrix, matched_iou_matrix, with_others
from lucidag.explain.agreement.images import joined
from lucidag.explain.agreement.masks import iou
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.correlation import spearman
from lucidag.ground.tables import read_table, write_table
from tests.agreement.truth import dice

THRESHOLDS = [0.2, 0.5]
agreement_table = partial(agreement.agreement_table, area=0.2, seed=0)
agreement_summary = partial(summary.agreement_summary, confidence=0.95, resamples=2000, seed=0)
EMPTY, FULL = np.zeros((4, 4)), np.ones((4, 4))
RAMP = np.arange(16.0).reshape(4, 4) / 15
QUARTER = np.kron([[1, 0], [0, 0]], np.ones((2, 2)))


def at(table, **values):
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def only(table, **values):
    rows = at(table, **values)
    assert len(rows) == 1
    return rows.iloc[0]


def test_table_by_hand(explained):
    top = RAMP > 0.7  # the five highest
    subject = explained("a", {"gradcam": RAMP, "layercam": RAMP.T, "lime": np.where(QUARTER, 0.001, -1.0)})
    table = agreement_table([subject], [0.7], area=5 / 16)
    columns = ["image", "method_a", "method_b", "threshold", "iou", "dice", "area_a", "area_b", "control"]
    assert list(table.columns) == columns
    assert len(table) == 3 * 2
    for threshold in ("0.7", "area"):
        row = only(table, method_a="gradcam", method_b="layercam", threshold=threshold)
        assert row["iou"] == pytest.approx(iou(top, top.T))
        assert row["dice"] == pytest.approx(dice(top, top.T))
        assert row["area_a"] == row["area_b"] == 5 / 16
    row = only(table, method_a="gradcam", method_b="lime", threshold="0.7")
    assert (row["iou"], row["area_a"], row["area_b"]) == (0, 5 / 16, 4 / 16)
    row = only(table, method_a="gradcam", method_b="lime", threshold="area")
    assert (row["iou"], row["area_a"], row["area_b"]) == (0, 4 / 16, 4 / 16)
    assert table["control"].isna().all()  # there is no other image


@pytest.mark.parametrize("area", [0.1, 0.33])
def test_matched_areas(planted, area):
    table = at(agreement_table(planted(5), THRESHOLDS, area=area), threshold="area")
    assert (table["area_a"] == table["area_b"]).all()
    graded = at(table, method_b="layercam")
    assert (graded["area_a"] == round(area * 1024) / 1024).all()
    selected = [(subject.maps["lime"] > 0).mean() for subject in planted(5)]
    np.testing.assert_array_equal(at(table, method_a="gradcam", method_b="lime")["area_a"], selected)


def test_the_order_of_methods_does_not_matter(planted):
    there = agreement_table(planted(4, ("gradcam", "lime")), THRESHOLDS)
    back = agreement_table(planted(4, ("lime", "gradcam")), THRESHOLDS)
    assert set(back["method_a"]) == {"lime"}
    # The maps themselves are drawn in another order, so each is compared with its own masks.
    for table, order in ((there, ("gradcam", "lime")), (back, ("lime", "gradcam"))):
        for subject in planted(4, order):
            row = only(table, image=subject.image, threshold="0.5")
            assert row["iou"] == iou(subject.maps["gradcam"] > 0.5, subject.maps["lime"] > 0)
            selection = subject.maps["lime"] > 0
            cut = np.sort(subject.maps["gradcam"], axis=None)[-selection.sum()]
            row = only(table, image=subject.image, threshold="area")
            assert row["iou"] == iou(subject.maps["gradcam"] >= cut, selection)


def test_what_is_undefined(explained):
    maps = {"a": EMPTY, "b": EMPTY, "c": RAMP, "lime": EMPTY}
    table = agreement_table([explained("p", maps)], [0.5])
    assert np.isnan(only(table, method_a="a", method_b="b", threshold="0.5")["iou"])
    assert np.isnan(only(table, method_a="a", method_b="lime", threshold="0.5")["dice"])
    assert only(table, method_a="a", method_b="c", threshold="0.5")["iou"] == 0
    assert at(table, threshold="area")["iou"].isna().all()  # each pair has a constant map or an empty selection
    whole = agreement_table([explained("p", {"c": RAMP, "lime": FULL})], [0.5])
    assert np.isnan(only(whole, threshold="area")["iou"])
    correlations = correlation_table([explained("p", {"a": FULL, "c": RAMP})])
    assert correlations["spearman"].isna().all()


def test_control_by_brute_force(planted):
    frames = planted(5)
    table, correlations = agreement_table(frames, [0.5], area=0.1), correlation_table(frames)
    for index, subject in enumerate(frames):
        others = [each for number, each in enumerate(frames) if number != index]
        pairs = [(subject.maps["gradcam"], each.maps["layercam"]) for each in others]
        pairs += [(each.maps["gradcam"], subject.maps["layercam"]) for each in others]
        names = {"image": subject.image, "method_a": "gradcam", "method_b": "layercam"}
        expected = np.mean([iou(a > 0.5, b > 0.5) for a, b in pairs])
        assert only(table, **names, threshold="0.5")["control"] == pytest.approx(expected)
        expected = np.mean([spearman(a, b) for a, b in pairs])
        assert only(correlations, **names)["control"] == pytest.approx(expected)
        selections = [(subject.maps["gradcam"], each.maps["lime"] > 0) for each in others]
        selections += [(each.maps["gradcam"], subject.maps["lime"] > 0) for each in others]
        expected = np.mean([iou(a >= np.sort(a, axis=None)[-b.sum()], b) for a, b in selections])
        names["method_b"] = "lime"
        assert only(table, **names, threshold="area")["control"] == pytest.approx(expected, abs=0.02)


def test_control_is_lower_where_maps_follow_images(planted):
    frames = planted(12)
    summary = agreement_summary(agreement_table(frames, THRESHOLDS), correlation_table(frames), resamples=500)
    assert (summary["control"] < summary["mean"]).all()
    assert (summary["over_control_low"] > 0).all()
    np.testing.assert_allclose(summary["over_control"], summary["mean"] - summary["control"], atol=1e-12)


def test_hand_picked_images_have_no_intervals(explained):
    rng = np.random.default_rng(0)
    frames = [explained(f"p{n}", {name: rng.random((8, 8)) for name in ("gradcam", "layercam")}) for n in range(8)]
    tables = agreement_table(frames, THRESHOLDS), correlation_table(frames)
    whole, picked = (agreement_summary(*tables, resamples=50, hand_picked=each) for each in (False, True))
    pd.testing.assert_series_equal(picked["mean"], whole["mean"])
    ends = [name for name in picked if name.endswith(("low", "high"))]
    assert len(ends) == 6
    assert whole[ends].notna().any(axis=None)
    assert picked[ends].isna().all(axis=None)
    assert set(picked["reason"]) == {"hand-picked"}


def test_control_is_equal_where_all_maps_are_the_same(explained):
    rng = np.random.default_rng(0)
    maps = {method: rng.random((8, 8)) for method in ("gradcam", "layercam")} | {"lime": rng.random((8, 8)) < 0.3}
    frames = [explained(f"p{index}", maps) for index in range(4)]
    summary = agreement_summary(agreement_table(frames, THRESHOLDS), correlation_table(frames), resamples=100)
    np.testing.assert_allclose(summary["control"], summary["mean"], atol=1e-12)
    np.testing.assert_allclose(summary["over_control"], 0, atol=1e-12)


def test_control_leaves_undefined_pairs_out():
    matrix = np.array([[9, 1, np.nan], [3, 9, np.nan], [5, np.nan, 9]])
    np.testing.assert_array_equal(with_others(matrix), [3, 2, 5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(with_others(np.array([[0.5]]))).all()


@pytest.mark.parametrize("seed", range(3))
def test_matrices_are_the_single_comparisons(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.random((3, 9000)) < 0.4, rng.random((4, 9000)) < 0.2
    a[1] = b[2] = False
    expected = [[iou(first, second) for second in b] for first in a]
    np.testing.assert_allclose(iou_matrix(a, b), expected)
    ranked = np.stack([rng.permutation(9000) for _ in a])
    expected = [[iou(each < mask.sum(), mask) for mask in b] for each in ranked]
    np.testing.assert_allclose(matched_iou_matrix(ranked, b), expected)


def test_images_without_one_of_the_methods_are_left_out(planted):
    frames = planted(3)
    without = type(frames[1])("p01", frames[1].frame, None, {"gradcam": frames[1].maps["gradcam"]})
    table = agreement_table([frames[0], without, frames[2]], THRESHOLDS)
    assert set(table["image"]) == {"p00", "p02"}
    pd.testing.assert_frame_equal(table, agreement_table([frames[0], frames[2]], THRESHOLDS))


def test_summary_counts_and_one_image(explained):
    frames = [explained("a", {"x": RAMP, "y": RAMP}), explained("b", {"x": EMPTY, "y": EMPTY})]
    tables = agreement_table(frames, [0.5]), correlation_table(frames)
    row = only(agreement_summary(*tables), threshold="0.5")
    assert (row["mean"], row["n"], row["undefined"]) == (1, 1, 1)
    assert np.isnan(row["low"])
    one = agreement_table(frames[:1], [0.5]), correlation_table(frames[:1])
    summary = agreement_summary(*one)
    assert (summary["mean"] == 1).all()
    assert summary[["low", "high", "control", "over_control"]].isna().all(axis=None)
    assert list(summary["measure"]) == ["iou", "iou", "spearman"]


def test_no_image_or_one_method(explained):
    for frames in ([], [explained("a", {"x": RAMP})]):
        tables = agreement_table(frames, [0.5]), correlation_table(frames)
        assert len(tables[0]) == len(tables[1]) == len(agreement_summary(*tables)) == 0
        assert list(agreement_order(tables[0]).columns) == ["image", "iou"]


def test_order(explained):
    def subject(name, values):
        return explained(name, {"x": RAMP, "y": values})

    frames = [subject("d", FULL), subject("c", -RAMP), subject("b", RAMP), subject("a", RAMP), subject("e", RAMP.T)]
    order = agreement_order(agreement_table(frames, [0.5], area=0.25))
    assert list(order["image"]) == ["a", "b", "e", "c", "d"]
    assert list(order["iou"].iloc[[0, 1, 3]]) == [1, 1, 0]
    assert np.isnan(order["iou"].iloc[-1])


def test_tables_come_back_from_csv(planted, tmp_path):
    frames = [type(each)(f"00{i}", each.frame, None, each.maps) for i, each in enumerate(planted(3))]
    table = agreement_table(frames, THRESHOLDS)
    table.loc[0, "iou"] = np.nan
    for name, each in (("a", table), ("s", agreement_summary(table, correlation_table(frames), resamples=50))):
        write_table(tmp_path / f"{name}.csv", each)
        pd.testing.assert_frame_equal(read_table(tmp_path / f"{name}.csv"), each, check_exact=True)
    with pytest.raises(InputError, match=r"none\.csv"):
        read_table(tmp_path / "none.csv")


def test_same_seed_same_table(planted):
    frames = planted(3)
    pd.testing.assert_frame_equal(agreement_table(frames, [0.5], seed=3), agreement_table(frames, [0.5], seed=3))


def test_joined(explained):
    segments = np.zeros((4, 4), dtype=np.int32)
    cam = [
        explained("a", {"gradcam": RAMP}, QUARTER, record={"target": 1, "layer": "x", "notes": {}}),
        explained("b", {"gradcam": RAMP}),
    ]
    lime = [
        explained("c", {"lime": RAMP}),
        explained("a", {"lime": EMPTY}, segments=segments, record={"target": 1, "score": 0.5, "notes": []}),
    ]
    found = joined([cam, lime])
    assert [subject.image for subject in found] == ["a", "b", "c"]
    assert list(found[0].maps) == ["gradcam", "lime"]
    np.testing.assert_array_equal(found[0].mask, QUARTER > 0)
    assert found[0].segments is segments
    assert found[0].record == {"target": 1, "layer": "x", "score": 0.5, "notes": {}}


def test_what_cannot_be_joined_or_compared(explained):
    one = explained("a", {"gradcam": RAMP}, record={"target": 1})
    shifted = explained("a", {"lime": RAMP}, frame=np.ones((3, 4, 4), dtype=np.uint8))
    with pytest.raises(InputError, match=r"'a'.*two different frames"):
        joined([[one], [shifted]])
    with pytest.raises(InputError, match=r"'a'.*two maps.*gradcam"):
        joined([[one], [explained("a", {"gradcam": RAMP})]])
    with pytest.raises(InputError, match=r"'a'.*two different classes"):
        joined([[one], [explained("a", {"lime": RAMP}, record={"target": 2})]])
    with pytest.raises(InputError, match=r"'b'.*8 x 8.*4 x 4"):
        agreement_table([one, explained("b", {"gradcam": np.zeros((8, 8))})], [0.5])
    with pytest.raises(InputError, match=r"gradcam map of image 'b'.*NaN"):
        agreement_table([one, explained("b", {"gradcam": RAMP * np.nan})], [0.5])

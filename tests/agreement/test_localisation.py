from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from lucidag.explain.agreement import localisation, summary
from lucidag.explain.agreement.baselines import centre, random
from lucidag.explain.agreement.localisation import grade
from lucidag.explain.agreement.masks import iou, own_mask
from lucidag.explain.agreement.predictions import prediction_of
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.permutation import sign_flip

THRESHOLDS = [0.2, 0.5]
localisation_table = partial(localisation.localisation_table, seed=0)
localisation_summary = partial(summary.localisation_summary, confidence=0.95, resamples=2000, seed=0)
MASK = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)


def value(table, **names):
    for column, name in names.items():
        table = table[table[column] == name]
    assert len(table) == 1
    return table["value"].iloc[0] if "value" in table else table.iloc[0]


def test_grades_by_hand():
    values = np.array([[4, 1, -9], [4, 0, 3], [0, 0, 0]], dtype=float)
    found = grade(values, MASK, {"2": values > 2}, 0)
    assert found["iou", "2"] == pytest.approx(1 / 4)  # {4, 4, 3} and the mask share one of four
    assert found["iou", "area"] == pytest.approx(1 / 3)  # {4, 4} and the mask
    assert found["pointing_game", ""] == pytest.approx(1 / 2)  # one of the two 4s
    assert found["mass_accuracy", ""] == pytest.approx(5 / 12)  # -9 counts 0
    assert found["rank_accuracy", ""] == pytest.approx(1 / 2)


def test_what_speaks_against_the_class_is_as_good_as_nothing_where_the_map_runs_out():
    values = np.zeros((20, 20))
    values[0, 0], values[10:15] = 1, -1
    share = grade(values, values < 0, {}, 0)["rank_accuracy", ""]
    assert share == pytest.approx(99 / 399, abs=0.1)  # 99 of the 399 other pixels, drawn at random


def test_each_image_has_an_order_of_its_own_among_equal_pixels(explained):
    mask = np.arange(256).reshape(16, 16) % 3 == 0
    maps = {"gradcam": np.eye(16)}
    table = localisation_table([explained(f"p{index}", maps, mask) for index in range(6)], [0.5], draws=1)
    found = table[(table["method"] == "gradcam") & (table["metric"] == "rank_accuracy")]["value"]
    assert found.nunique() > 1


@pytest.mark.parametrize(("tolerance", "hit"), [(0, 0), (1, 0), (2**0.5, 1), (2, 1)])
def test_tolerance_of_the_pointing_game(tolerance, hit):
    values = np.zeros((3, 3))
    values[1, 2] = 1  # a diagonal step from the mask
    assert grade(values, MASK, {}, 0, tolerance)["pointing_game", ""] == hit


@pytest.mark.parametrize(
    ("values", "mask"),
    [
        (np.zeros((3, 3)), MASK),
        (-np.ones((3, 3)), MASK),
        (np.ones((3, 3)), np.zeros((3, 3), dtype=bool)),
        (np.ones((3, 3)), np.ones((3, 3), dtype=bool)),
    ],
)
def test_what_is_undefined(values, mask):
    found = grade(values, mask, {"0.5": values > 0.5}, 0)
    assert len(found) == 5
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize("seed", range(5))
def test_rank_accuracy_and_matched_iou_are_one_number(seed):
    rng = np.random.default_rng(seed)
    found = grade(rng.integers(-2, 4, (20, 20)).astype(float), rng.random((20, 20)) < 0.3, {}, seed)
    share = found["rank_accuracy", ""]
    assert found["iou", "area"] == pytest.approx(share / (2 - share))


def test_planted_map_is_perfect_and_beats_both_baselines(explained):
    rng = np.random.default_rng(0)
    images = []
    for index in range(8):
        mask = np.zeros((32, 32), dtype=bool)
        y, x = rng.integers(0, 20, 2)
        mask[y : y + 9, x : x + 9] = True
        images.append(explained(f"p{index}", {"gradcam": mask, "lime": mask * 0.01}, mask))
    table = localisation_table(images, THRESHOLDS, draws=5)
    assert (table[table["method"].isin(["gradcam", "lime"])]["value"] == 1).all()
    whole = localisation_summary(table, resamples=300)
    assert (whole[whole["prediction"] == "wrong"]["n"] == 0).all()
    summary = whole[whole["prediction"] == "right"].set_index("method")
    planted = summary.loc[["gradcam", "lime"]]
    assert (planted["mean"] == 1).all()
    assert planted["beats_both"].all()
    assert not summary.loc[["centre", "random"], "beats_both"].any()
    # Of maps that are all perfect nothing tells how far others reach.
    assert planted["low"].isna().all()
    assert planted["reason"].str.startswith("all 8 values").all()
    assert set(summary["n"]) == {8}
    baselines = summary.loc[["centre", "random"]]
    assert (baselines.loc["centre", "over_centre"] == 0).all()
    np.testing.assert_allclose(baselines["over_centre"] - baselines["over_random"], gap(summary), atol=1e-12)


def test_hand_picked_images_have_neither_intervals_nor_tests(planted):
    table = localisation_table(planted(12), THRESHOLDS, draws=2)
    whole, picked = (localisation_summary(table, resamples=50, hand_picked=each) for each in (False, True))
    pd.testing.assert_series_equal(picked["mean"], whole["mean"])
    ends = [name for name in picked if name.endswith(("low", "high"))]
    assert len(ends) == 6
    assert whole["low"].notna().any()
    assert picked[[*ends, "p_holm"]].isna().all(axis=None)
    assert set(picked["reason"]) == {"hand-picked"}
    assert not picked["beats_both"].any()


def gap(summary):
    """Return how far random is over centre, for the rows of both baselines."""
    difference = summary.loc["random", "mean"].to_numpy() - summary.loc["centre", "mean"].to_numpy()
    return np.tile(difference, 2)


def test_table_is_the_single_grades(planted):
    images = planted(3)
    table = localisation_table(images, THRESHOLDS, draws=2)
    assert list(table.columns) == ["image", "prediction", "method", "metric", "threshold", "value"]
    assert list(table["method"].unique()) == ["gradcam", "layercam", "lime", "centre", "random"]
    for subject in images:
        for method, values in subject.maps.items():
            for threshold in THRESHOLDS:
                names = {"image": subject.image, "method": method, "metric": "iou", "threshold": f"{threshold:g}"}
                assert value(table, **names) == iou(own_mask(values, subject.kind(method), threshold), subject.mask)
            names = {"image": subject.image, "method": method, "metric": "mass_accuracy", "threshold": ""}
            assert value(table, **names) == pytest.approx(values[subject.mask].sum() / values.sum())


def test_random_baseline_holds_as_much_as_the_mask_covers(explained):
    mask = np.zeros((64, 64), dtype=bool)
    mask[3:31, 10:50] = True
    images = [explained(f"p{index}", {"x": mask}, mask) for index in range(12)]
    table = localisation_table(images, [0.5])
    found = table[(table["method"] == "random") & (table["metric"].isin(["mass_accuracy", "rank_accuracy"]))]
    np.testing.assert_allclose(found.groupby("metric")["value"].mean(), mask.mean(), atol=0.03)


@pytest.mark.parametrize("size", [8, 9])
def test_centre_by_hand(size):
    values = centre(size, 0.25)
    assert values.shape == (size, size)
    assert values.max() == 1
    middle = (size - 1) / 2
    for y, x in ((0, 0), (2, 5), (size // 2, size // 2)):
        nearest = 2 * (middle % 1) ** 2  # of an even frame the centre lies between pixels
        distance = (y - middle) ** 2 + (x - middle) ** 2 - nearest
        assert values[y, x] == pytest.approx(np.exp(-distance / (2 * (size / 4) ** 2)), rel=1e-6)
    np.testing.assert_allclose(values, values.T)
    np.testing.assert_allclose(values, values[::-1], rtol=1e-6)


def test_centre_is_graded_by_hand(explained):
    mask = np.zeros((8, 8), dtype=bool)
    mask[:, :4] = True  # half of everything
    table = localisation_table([explained("a", {"x": mask}, mask)], [0.5], draws=1)
    for metric in ("mass_accuracy", "pointing_game"):
        assert value(table, method="centre", metric=metric) == pytest.approx(0.5)


def test_random_maps():
    maps = random(32, 0, "a", draws=3)
    assert len(maps) == 3
    for each in maps:
        assert each.shape == (32, 32)
        assert (each.min(), each.max()) == (0, 1)
        # Smooth: neighbours differ by at most a step of the grid over its width in pixels.
        assert np.abs(np.diff(each, axis=0)).max() < 7 / 32 / 0.6
    assert not np.array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], random(32, 0, "a", draws=1)[0])
    assert not np.array_equal(maps[0], random(32, 0, "b", draws=1)[0])
    assert not np.array_equal(maps[0], random(32, 1, "a", draws=1)[0])


def test_images_without_a_mask_are_left_out_and_cropped_ones_counted(planted, explained):
    images = planted(3)
    cropped = explained("gone", images[0].maps, np.zeros((32, 32)))
    without = explained("without", images[0].maps)
    table = localisation_table([*images, cropped, without], THRESHOLDS, draws=2)
    assert "without" not in set(table["image"])
    assert table[table["image"] == "gone"]["value"].isna().all()
    summary, clean = (
        found[found["prediction"] != "wrong"]
        for each in (table, localisation_table(images, THRESHOLDS, draws=2))
        for found in [localisation_summary(each, resamples=50)]
    )
    assert set(summary["n"]) == {3}
    assert set(summary["undefined"]) == {1}
    pd.testing.assert_frame_equal(summary.drop(columns="undefined"), clean.drop(columns="undefined"))


def test_no_masks_at_all(explained):
    table = localisation_table([explained("a", {"x": np.eye(4)})], THRESHOLDS)
    assert len(table) == len(localisation_summary(table)) == 0


def test_one_image_has_no_interval(planted):
    summary = localisation_summary(localisation_table(planted(1), THRESHOLDS, draws=2))
    assert summary[summary["prediction"] != "wrong"]["mean"].notna().all()
    assert summary[["low", "high", "over_centre_low", "over_random_high"]].isna().all(axis=None)


def test_mask_of_another_size(explained):
    with pytest.raises(InputError, match="mask of image 'a'"):
        localisation_table([explained("a", {"x": np.eye(4)}, np.eye(5))], THRESHOLDS)


def predicted(explained, image, label, target, hit, size=16):
    """Return an image whose map marks its mask, or all but its mask."""
    mask = np.zeros((size, size), dtype=bool)
    mask[2:6, 3:9] = True
    return explained(image, {"gradcam": mask if hit else ~mask}, mask, record={"label": label, "target_name": target})


@pytest.mark.parametrize(("right", "wrong"), [(3, 2), (1, 4), (4, 0), (0, 3)])
def test_a_mask_of_the_true_class_grades_maps_of_another_class_apart(explained, right, wrong):
    # The maps of rightly predicted images find the mask, those of the others are about something else.
    images = [predicted(explained, f"r{index}", "dog", "dog", True) for index in range(right)]
    images += [predicted(explained, f"w{index}", "dog", "cat", False) for index in range(wrong)]
    table = localisation_table(images, THRESHOLDS, draws=2)
    assert set(table[table["prediction"] == "right"]["image"]) == {f"r{index}" for index in range(right)}
    summary = localisation_summary(table, resamples=50)
    rows = summary[(summary["method"] == "gradcam") & (summary["metric"] == "mass_accuracy")].set_index("prediction")
    assert list(rows.index) == ["right", "wrong", "all"]
    assert rows["n"].tolist() == [right, wrong, right + wrong]
    np.testing.assert_array_equal(rows["mean"], [1 if right else np.nan, 0 if wrong else np.nan, right / len(images)])
    # Of each group the differences are paired over its own images.
    over = summary.set_index(["prediction", "method", "metric", "threshold"])
    for prediction in ("right", "wrong", "all"):
        means = over.loc[prediction].loc[["gradcam", "centre"]].xs("iou", level="metric")["mean"].unstack("method")
        gain = over.loc[prediction].loc["gradcam"].loc["iou"]["over_centre"]
        np.testing.assert_allclose(means["gradcam"] - means["centre"], gain.loc[means.index], atol=1e-12)


def test_all_images_together_are_averaged_as_without_a_distinction(planted):
    images = planted(6)
    apart = [replace(each, record={"label": "a", "target_name": "ab"[index % 2]}) for index, each in enumerate(images)]
    before, after = (localisation_summary(localisation_table(each, THRESHOLDS, draws=2)) for each in (images, apart))
    pd.testing.assert_frame_equal(
        *(found[found["prediction"] == "all"].reset_index(drop=True) for found in (before, after))
    )


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"label": "dog", "target_name": "dog"}, "right"),
        ({"label": "dog", "target_name": "cat", "predicted_name": "cat"}, "wrong"),
        # What is explained counts: for a target of one's own the mask is that of another class, or of the target.
        ({"label": "dog", "target_name": "cat", "predicted_name": "dog"}, "wrong"),
        ({"label": "dog", "target_name": "dog", "predicted_name": "cat"}, "right"),
        ({}, "right"),
    ],
)
def test_what_is_explained_decides(explained, record, found):
    assert prediction_of(explained("a", {"x": np.eye(4)}, record=record)) == found


def values(scores, methods):
    rows = [
        (f"p{image}", "right", method, "mass_accuracy", "", value)
        for method, own in zip(methods, scores, strict=True)
        for image, value in enumerate(own)
    ]
    return pd.DataFrame(rows, columns=["image", "prediction", "method", "metric", "threshold", "value"])


@pytest.mark.parametrize("seed", range(3))
def test_beating_both_is_the_greater_p_of_two_corrected_for_the_methods(seed):
    rng = np.random.default_rng(seed)
    scores = np.clip(rng.normal([[0.6]] * 3 + [[0.3], [0.5]], 0.15, (5, 12)), 0, 1)
    methods = ["a", "b", "c", "centre", "random"]
    found = localisation_summary(values(scores, methods)).set_index(["prediction", "method"]).loc["right"]
    centre, random = scores[3], scores[4]
    p = [
        max(sign_flip(own - chance) if (own - chance).mean() > 0 else 1 for chance in (centre, random))
        for own in scores
    ]
    assert found.loc[methods[:3], "p_holm"].tolist() == pytest.approx(holm(p[:3]).tolist())
    assert found.loc[methods[:3], "beats_both"].tolist() == [each <= 0.05 for each in holm(p[:3])]


def test_methods_that_are_noise_seldom_beat_both():
    rng = np.random.default_rng(0)
    methods = [*"abcdef", "centre", "random"]
    summaries = [localisation_summary(values(rng.random((8, 10)), methods), resamples=10) for _ in range(60)]
    some = [found.loc[found["prediction"] == "right", "beats_both"].any() for found in summaries]
    assert np.mean(some) <= 0.1

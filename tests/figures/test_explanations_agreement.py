import numpy as np
import pandas as pd
import pytest

from lucidag.explain.agreement.summary import agreement_summary, localisation_summary
from lucidag.figures.agreement_curves import agreement_curves
from lucidag.figures.heat_map import heat_map, number
from lucidag.figures.localisation import localisation
from lucidag.figures.style import BLUE, PNG_DPI, save
from tests.figures.titles import TITLES

METHODS = ("gradcam", "ablationcam", "lime")
THRESHOLDS = ("0.2", "0.5", "0.8")
COLUMNS = ["image", "prediction", "method", "metric", "threshold", "value"]


def pair_tables(methods=METHODS, frames=6, seed=0):
    rng = np.random.default_rng(seed)
    images = [f"p{index}" for index in range(frames)]
    agreement, correlations = [], []
    for index, b in enumerate(methods):
        for a in methods[:index]:
            names = {"image": images, "method_a": a, "method_b": b}
            control = rng.uniform(0, 0.3, frames) if frames > 1 else np.nan
            for threshold in (*THRESHOLDS, "area"):
                values = rng.uniform(0.4, 0.9, frames)
                agreement.append(pd.DataFrame({**names, "threshold": threshold, "iou": values, "control": control}))
            correlations.append(pd.DataFrame({**names, "spearman": rng.uniform(-1, 1, frames), "control": control}))
    return pd.concat(agreement, ignore_index=True), pd.concat(correlations, ignore_index=True)


def pairs(methods=METHODS, frames=6, seed=0):
    return agreement_summary(*pair_tables(methods, frames, seed), 0.95, 50, 0)


def row_of(summary, **names):
    for column, value in names.items():
        summary = summary[summary[column] == value]
    assert len(summary) == 1
    return summary.iloc[0]


def grades(methods=("gradcam", "lime"), frames=5, better=(), nan=(), wrong=0):
    rng = np.random.default_rng(0)
    metrics = [("iou", threshold) for threshold in (*THRESHOLDS, "area")]
    metrics += [(name, "") for name in ("pointing_game", "mass_accuracy", "rank_accuracy")]
    rows = []
    for image in range(frames):
        for method in (*methods, "centre", "random"):
            for metric, threshold in metrics:
                value = rng.uniform(0.7, 0.9) if method in better else rng.uniform(0.2, 0.5)
                value = np.nan if method in nan else value
                prediction = "wrong" if image < wrong else "right"
                rows.append((f"p{image}", prediction, method, metric, threshold, value))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return localisation_summary(table, 0.95, 200, 0)


def test_cells_are_the_table():
    summary = pairs()
    fig = heat_map(summary, METHODS, 0.95, TITLES)
    assert len(fig.axes) == 2
    for ax, measure, threshold in zip(fig.axes, ("iou", "spearman"), ("area", ""), strict=True):
        grid = np.ma.filled(ax.images[0].get_array(), np.nan)
        assert grid.shape == (2, 2)
        assert np.isnan(grid[0, 1])
        written = [text.get_text() for text in ax.texts]
        assert len(written) == 3 * 3
        for y, x in ((0, 0), (1, 0), (1, 1)):
            names = {"method_a": METHODS[x], "method_b": METHODS[y + 1]}
            row = row_of(summary, **names, measure=measure, threshold=threshold)
            assert grid[y, x] == row["mean"]
            assert number(row["mean"]) in written
            assert f"{number(row['low'])} to {number(row['high'])}" in written
            assert f"({number(row['control'])})" in written
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["Grad-CAM", "Ablation-CAM"]
    assert [tick.get_text() for tick in fig.axes[0].get_yticklabels()] == ["Ablation-CAM", "LIME"]
    assert "6 images, 95% interval" in fig.get_supxlabel()
    assert fig.get_supxlabel().endswith("computes: Grad-CAM, Ablation-CAM")  # a family; LIME is none by itself
    assert "family" not in heat_map(summary, METHODS[1:], 0.95, TITLES).get_supxlabel()


def test_order_of_methods_is_that_asked_for():
    summary = pairs()
    fig = heat_map(summary, METHODS[::-1], 0.95, TITLES)
    assert [tick.get_text() for tick in fig.axes[0].get_yticklabels()] == ["Ablation-CAM", "Grad-CAM"]
    corner = np.ma.filled(fig.axes[0].images[0].get_array(), np.nan)[1, 0]
    assert corner == row_of(summary, method_a="gradcam", method_b="lime", threshold="area")["mean"]


@pytest.mark.parametrize("methods", [2, 3, 7])
def test_numbers_stay_in_their_cells(methods):
    names = [*METHODS, "scorecam", "gradcam++", "layercam", "eigencam"][:methods]
    fig = heat_map(pairs(names), names, 0.95, TITLES)
    fig.set_dpi(PNG_DPI)
    fig.canvas.draw()
    for ax in fig.axes:
        cell = ax.get_window_extent().width / (methods - 1)
        for text in ax.texts:
            assert text.get_window_extent().width < cell
        labels = [tick.get_window_extent() for tick in ax.get_yticklabels() if tick.get_text()]
        assert all(a.y0 >= b.y1 or b.y0 >= a.y1 for i, a in enumerate(labels) for b in labels[:i])


def test_one_image_and_undefined_pairs():
    fig = heat_map(pairs(frames=1), METHODS, 0.95, TITLES)
    assert all(len(ax.texts) == 3 for ax in fig.axes)
    assert fig.get_supxlabel().startswith("one image")
    agreement, correlations = pair_tables()
    agreement.loc[(agreement["method_b"] == "lime"), "iou"] = np.nan
    summary = agreement_summary(agreement, correlations[correlations["method_b"] != "lime"], 0.95, 50, 0)
    fig = heat_map(summary, METHODS, 0.95, TITLES)
    assert [text.get_text() for text in fig.axes[0].texts].count("undefined") == 2
    assert [text.get_text() for text in fig.axes[1].texts].count("none") == 2


@pytest.mark.parametrize("draw", [heat_map, agreement_curves])
def test_one_method_has_nothing_to_compare(draw):
    fig = draw(pairs().iloc[:0], ("gradcam",), 0.95, TITLES)
    assert "Only one method" in fig.texts[0].get_text()


@pytest.mark.parametrize(
    ("value", "text"), [(0.314, ".31"), (1, "1.00"), (-0.25, "−.25"), (-0.001, ".00"), (0.999, "1.00"), (0, ".00")]
)
def test_numbers(value, text):
    assert number(value) == text


def test_each_two_methods_have_a_panel_once():
    fig = agreement_curves(pairs(), METHODS, 0.95, TITLES)
    titles = [ax.get_title(loc="left") for ax in fig.axes]
    assert titles == ["LIME,\nGrad-CAM", "LIME,\nAblation-CAM", "Grad-CAM,\nAblation-CAM"]
    without = [method for method in METHODS if method != "lime"]
    assert len(agreement_curves(pairs(without), without, 0.95, TITLES).axes) == 1
    others = ("layercam", "eigencam", "scorecam")
    assert len(agreement_curves(pairs(others), others, 0.95, TITLES).axes) == 2


def test_lines_and_bands_are_the_table(line):
    summary = pairs()
    fig = agreement_curves(summary.iloc[::-1], METHODS, 0.9, TITLES)
    ax = fig.axes[1]  # LIME and Ablation-CAM
    rows = [row_of(summary, method_a="ablationcam", method_b="lime", threshold=each) for each in THRESHOLDS]
    np.testing.assert_array_equal(line(ax, "same image, mean"), [row["mean"] for row in rows])
    np.testing.assert_array_equal(line(ax, "two images, mean"), [row["control"] for row in rows])
    bands = [each for each in ax.collections if each.get_label() == "their 90% bands"]
    for band, prefix in zip(bands, ("", "control_"), strict=True):
        corners = band.get_paths()[0].vertices
        for row in rows:
            heights = corners[np.isclose(corners[:, 0], float(row["threshold"])), 1]
            assert heights.min() == pytest.approx(row[f"{prefix}low"])
            assert heights.max() == pytest.approx(row[f"{prefix}high"])
    matched = row_of(summary, method_a="ablationcam", method_b="lime", threshold="area")
    marks = {each.get_label(): each.lines[0].get_ydata()[0] for each in ax.containers}
    assert marks == {
        "same image, areas matched": matched["mean"],
        "two images, areas matched": matched["control"],
    }


def test_one_image_has_neither_band_nor_control():
    fig = agreement_curves(pairs(frames=1), METHODS, 0.95, TITLES)
    for ax in fig.axes:
        assert len(ax.collections) == 0
        assert {each.get_label() for each in ax.lines if not each.get_label().startswith("_")} == {"same image, mean"}


def test_dots_are_the_table():
    summary = grades(better=("gradcam",))
    fig = localisation(summary, 0.95, TITLES)
    titles = [ax.get_title(loc="left").split("\n")[0] for ax in fig.axes]
    assert titles[:3] == ["IoU, area of the truth", "IoU, map > 0.5", "pointing game"]
    assert titles[3:] == ["relevance mass accuracy", "relevance rank accuracy"]
    keys = [("iou", "area"), ("iou", "0.5"), ("pointing_game", ""), ("mass_accuracy", ""), ("rank_accuracy", "")]
    for ax, (metric, threshold) in zip(fig.axes, keys, strict=True):
        for y, (method, bar) in enumerate(zip(("gradcam", "lime", "centre", "random"), ax.containers, strict=True)):
            row = row_of(summary, prediction="right", method=method, metric=metric, threshold=threshold)
            point, _, (interval,) = bar.lines
            assert point.get_xdata()[0] == row["mean"]
            assert point.get_ydata()[0] == y
            np.testing.assert_allclose(interval.get_segments()[0][:, 0], [row["low"], row["high"]])
        assert ax.get_title(loc="left").endswith("n = 5")
    names = [tick.get_text() for tick in fig.axes[0].get_yticklabels()]
    assert names == ["Grad-CAM", "LIME", "centre of the frame", "smooth noise"]


@pytest.mark.parametrize(("wrong", "title"), [(1, "n = 4 right, 1 wrong"), (3, "n = 2 right, 3 wrong")])
def test_images_whose_prediction_is_wrong_stand_below(wrong, title):
    summary = grades(wrong=wrong)
    fig = localisation(summary, 0.95, TITLES)
    keys = [("iou", "area"), ("iou", "0.5"), ("pointing_game", ""), ("mass_accuracy", ""), ("rank_accuracy", "")]
    for ax, (metric, threshold) in zip(fig.axes, keys, strict=True):
        assert ax.get_title(loc="left").endswith(title)
        assert len(ax.containers) == 4 + 2  # baselines have no line below
        for y, method in enumerate(("gradcam", "lime")):
            names = {"method": method, "metric": metric, "threshold": threshold}
            for bar, prediction in ((ax.containers[y], "right"), (ax.containers[4 + y], "wrong")):
                assert bar.lines[0].get_xdata()[0] == row_of(summary, prediction=prediction, **names)["mean"]
            assert y < ax.containers[4 + y].lines[0].get_ydata()[0] < y + 0.5
            assert bool(ax.containers[4 + y].lines[2]) == (wrong > 2)  # of two images there is no interval
    assert any("prediction wrong" in text.get_text() for text in fig.legends[0].get_texts())


def test_without_a_right_prediction_the_others_are_shown_alone():
    fig = localisation(grades(wrong=5), 0.95, TITLES)
    for ax in fig.axes:
        assert [text.get_text() for text in ax.texts] == ["undefined"] * 4
        assert ax.get_title(loc="left").endswith("n = 0 right, 5 wrong")
        assert len(ax.containers) == 2


def test_filled_is_what_beats_both_baselines():
    summary = grades(better=("gradcam",), frames=9)
    fig = localisation(summary, 0.95, TITLES)
    for ax in fig.axes:
        faces = [bar.lines[0].get_markerfacecolor() for bar in ax.containers[:2]]
        assert faces == [BLUE, "white"]
    words = [text.get_text() for text in fig.legends[0].get_texts()]
    assert sum(each.startswith("baseline: ") for each in words) == 2


def test_truth_without_masks_of_one_image_and_with_undefined_methods(tmp_path):
    assert (
        "No image has a mask"
        in localisation(grades(nan=("gradcam", "lime", "centre", "random")), 0.95, TITLES).texts[0].get_text()
    )
    empty = localisation_summary(pd.DataFrame(columns=COLUMNS), 0.95, 10, 0)
    assert "No image has a mask" in localisation(empty, 0.95, TITLES).texts[0].get_text()
    fig = localisation(grades(frames=1), 0.95, TITLES)
    assert "one image, so without intervals" in [text.get_text() for text in fig.legends[0].get_texts()]
    fig = localisation(grades(nan=("lime",)), 0.95, TITLES)
    assert all([text.get_text() for text in ax.texts] == ["undefined"] for ax in fig.axes)
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")


@pytest.mark.long
def test_same_bytes(tmp_path):
    for name in "ab":
        summary = pairs()
        figures = {
            "heat": heat_map(summary, METHODS, 0.95, TITLES),
            "curves": agreement_curves(summary, METHODS, 0.95, TITLES),
            "localisation": localisation(grades(), 0.95, TITLES),
        }
        for kind, fig in figures.items():
            save(fig, tmp_path / f"{kind}-{name}.png", tmp_path / f"{kind}-{name}.pdf")
    for kind in figures:
        for suffix in ("png", "pdf"):
            one, other = (tmp_path / f"{kind}-{name}.{suffix}" for name in "ab")
            assert one.read_bytes() == other.read_bytes()

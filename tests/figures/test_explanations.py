import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from lucidag.explain.store import Explained
from lucidag.figures.explanations import LABEL, contact_sheet, row_words, side_by_side
from lucidag.figures.fit import fitted, shortened, text_width, whole_words
from lucidag.figures.outlines import faded, outlines
from lucidag.figures.overlay import overlay, rgb
from lucidag.figures.style import VERMILION, save
from tests.figures.titles import ABOUT

SIDE = 16
TILES = (np.arange(SIDE)[:, None] // 4 * 4 + np.arange(SIDE) // 4).astype(np.int32)
CAMS = ("gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam")
RECORD = {
    "label": "coot",
    "target": 1,
    "target_name": "coot",
    "probability": 0.75,
    "predicted": 1,
    "predicted_name": "coot",
    "top": [["coot", 0.75], ["kite", 0.25]],
}


def pixels(name="a", methods=(*CAMS, "lime"), mask=None, seed=0, **record):
    rng = np.random.default_rng(seed)
    maps = {method: rng.random((SIDE, SIDE)).astype(np.float32) for method in methods}
    if "lime" in maps:
        maps["lime"] = (rng.normal(size=16) * (rng.random(16) < 0.5)).astype(np.float32)[TILES]
    frame = rng.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)
    return Explained(name, frame, mask, maps, TILES, {**RECORD, **record}, {method: ABOUT[method] for method in maps})


def panels(fig, columns):
    axes = [ax for ax in fig.axes if ax.get_label() != "scale"]
    return [axes[start : start + columns] for start in range(0, len(axes), columns)]


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def said(fig):
    return [text.get_text() for text in fig.texts]


def test_panels_are_image_and_overlays():
    frames = [pixels("a"), pixels("b", seed=1)]
    fig = contact_sheet(frames, CAMS[:2], "title")
    for row, each in zip(panels(fig, 3), frames, strict=True):
        np.testing.assert_array_equal(shown(row[0]), rgb(each.frame))
        for ax, method in zip(row[1:], CAMS[:2], strict=True):
            np.testing.assert_array_equal(shown(ax), overlay(each.frame, each.maps[method]))
    for words in ("title", "image", "Grad-CAM", "Ablation-CAM", "a", "b"):
        assert words in said(fig)


@pytest.mark.parametrize("segments", [True, False])
def test_a_selection_is_outlined(segments):
    each = pixels()
    if not segments:
        each = Explained("a", each.frame, None, each.maps, None, each.record, each.about)
    fig = contact_sheet([each], ["lime"], "title")
    weights = each.maps["lime"]
    tiles = TILES if segments else np.unique(weights, return_inverse=True)[1].reshape(SIDE, SIDE)
    expected = outlines(faded(each.frame, weights > 0), tiles.astype(np.int32), weights)
    np.testing.assert_array_equal(shown(panels(fig, 2)[0][1]), expected)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["LIME: for the class", "against it"]


@pytest.mark.parametrize(("rows", "methods"), [(1, 1), (1, 7), (3, 4), (40, 7)])
def test_any_number_of_images_and_methods(rows, methods):
    names = [*CAMS, "lime"][:methods]
    fig = contact_sheet([pixels(f"p{index}", names, seed=index) for index in range(rows)], names, "title")
    grid = panels(fig, methods + 1)
    assert len(grid) == rows
    width, height = fig.get_size_inches()
    boxes = [ax.get_position() for row in grid for ax in row]
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    sides = [side for box in boxes for side in (box.width * width, box.height * height)]
    np.testing.assert_allclose(sides, sides[0], rtol=1e-9)  # square, and all of one size
    assert all(row[0].get_position().x0 * width >= LABEL for row in grid)


def test_no_text_overlaps_another():
    name = "n02098286_a_image_whose_name_never_seems_to_end"
    record = {"label": "West Highland white terrier, Westie", "predicted_name": "American Staffordshire terrier"}
    frames = [pixels(f"{name}_{index}", seed=index, **record) for index in range(3)]
    fig = contact_sheet(frames, [*CAMS, "lime"], "a title " * 40)
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in fig.texts]
    for index, box in enumerate(boxes):
        # Lines of one row may touch by the height of an accent, but no word covers another.
        others = [other for other in boxes[index + 1 :] if abs(other.y0 - box.y0) < 0.5 * box.height]
        assert not any(box.x0 < other.x1 and other.x0 < box.x1 for other in others)
        assert box.x0 >= 0
        assert box.x1 <= fig.bbox.x1
    left = [box for text, box in zip(fig.texts, boxes, strict=True) if text.get_position()[0] < 0.02]
    first = min(ax.get_window_extent().x0 for ax in fig.axes if ax.get_label() != "scale")
    assert all(box.x1 <= first for box in left if box.y1 < 0.9 * fig.bbox.y1)


@pytest.mark.parametrize("methods", [4, 8, 14])
def test_no_name_of_a_method_is_cut(methods):
    names = list(ABOUT)[:methods]
    fig = contact_sheet([pixels("p", names)], names, "title")
    fig.canvas.draw()
    top = max(ax.get_window_extent().y1 for ax in fig.axes if ax.get_label() != "scale")
    middles = [(ax.get_window_extent().x0 + ax.get_window_extent().x1) / 2 for ax in panels(fig, methods + 1)[0]]
    for name, middle in zip(names, middles[1:], strict=True):
        above = [
            (box.y0, text.get_text())
            for text in fig.texts
            if abs((box := text.get_window_extent()).x0 + box.x1 - 2 * middle) < 1 and box.y0 > top
        ]
        found = "".join(text for _, text in sorted(above, reverse=True))
        assert found.replace(" ", "") == ABOUT[name].title.replace(" ", "")


def test_the_lines_beside_a_row_stay_within_it():
    names = list(ABOUT)[:14]
    fig = contact_sheet(
        [pixels(f"p{index}", names, seed=index, predicted_name="kite") for index in range(3)],
        names,
        "title",
        {"p1": "a note"},
    )
    fig.canvas.draw()
    rows = [row[0].get_window_extent() for row in panels(fig, 15)]
    for row, below in pairwise(rows):
        lines = [
            box
            for text in fig.texts
            if (box := text.get_window_extent()).x1 < row.x0 and below.y1 < box.y1 <= row.y1 + 3
        ]
        assert len(lines) >= 3
        assert all(box.y0 >= below.y1 for box in lines)


@pytest.mark.parametrize(("width", "size"), [(1.0, 6.5), (0.36, 5.5), (0.1, 5.0)])
def test_the_greatest_size_at_which_no_word_is_cut(width, size):
    texts, sizes = ["attention rollout", "Grad-CAM"], (6.5, 6.0, 5.5, 5.0)
    assert whole_words(texts, width, sizes) == size
    assert size == 5.0 or text_width("attention", size) <= width
    assert size == 6.5 or text_width("attention", size + 0.5) > width


def test_words_of_a_row():
    def words(**record):
        return [text for text, _, _ in row_words(pixels(**record))]

    assert words() == ["a", "true: coot", "predicted (75%): coot"]
    assert words(predicted_name="kite", target_name="kite")[2] == "wrong (75%): kite"
    explained = words(target_name="kite", probability=0.001)
    assert explained[2:] == ["predicted (75%): coot", "explained (<1%): kite"]
    assert words(top=[["coot", 0.9999]])[2] == "predicted (>99%): coot"
    bare = Explained("x", np.zeros((1, 2, 2), np.uint8), None, {})
    assert row_words(bare) == [("x", "#000000", True)]


def test_what_is_wrong_or_another_class_stands_out():
    fig = contact_sheet([pixels(predicted_name="kite")], CAMS[:1], "title")
    colours = {text.get_text(): to_rgba(text.get_color()) for text in fig.texts}
    assert colours["wrong (75%): kite"] == to_rgba(VERMILION)
    assert colours["explained (75%): coot"] == to_rgba(VERMILION)
    assert colours["true: coot"] == to_rgba("black")


def test_empty_and_missing_explanations_are_marked():
    each = pixels(methods=("gradcam", "scorecam", "lime"))
    maps = {"gradcam": 0 * each.maps["gradcam"], "scorecam": each.maps["scorecam"], "lime": -np.abs(each.maps["lime"])}
    each = Explained("a", each.frame, None, maps, TILES, RECORD)
    fig = contact_sheet([each], ["gradcam", "scorecam", "layercam", "lime"], "title")
    marks = [[text.get_text() for text in ax.texts] for ax in panels(fig, 5)[0]]
    assert marks == [[], ["empty"], [], ["not made"], ["empty"]]


def test_truth_is_outlined_on_the_image_alone():
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[4:9, 3:12] = True
    frames = [pixels("a", mask=mask), pixels("b"), pixels("c", mask=~mask & mask), pixels("d", mask=mask | ~mask)]
    fig = contact_sheet(frames, CAMS[:1], "title")
    grid = panels(fig, 2)
    assert [len(row[0].collections) for row in grid] == [1, 0, 0, 0]
    assert [len(row[1].collections) for row in grid] == [0] * 4
    outline = np.concatenate([path.vertices for path in grid[0][0].collections[0].get_paths()])
    assert (outline.min(axis=0) == [2.5, 3.5]).all()
    assert (outline.max(axis=0) == [11.5, 8.5]).all()
    assert "truth" in [text.get_text() for text in fig.legends[0].get_texts()]
    assert [text.get_text() for text in grid[2][0].texts] == ["no truth\nin frame"]
    assert [text.get_text() for text in grid[3][0].texts] == ["truth: whole\nframe"]


def test_side_by_side_is_sorted_from_agreement_to_disagreement():
    frames = [pixels(name, CAMS[:2], seed=index) for index, name in enumerate("abcd")]
    order = pd.DataFrame({"image": ["c", "a", "b"], "iou": [0.876, 0.25, math.nan]})
    fig = side_by_side(frames, CAMS[:2], order, "title")
    by_name = {each.image: each for each in frames}
    for row, name in zip(panels(fig, 3), "cabd", strict=True):
        np.testing.assert_array_equal(shown(row[0]), rgb(by_name[name].frame))
    notes = [words for words in said(fig) if words.startswith("mean IoU")]
    assert notes == ["mean IoU 0.88", "mean IoU 0.25", "mean IoU undefined", "mean IoU undefined"]


def test_same_bytes(tmp_path):
    order = pd.DataFrame({"image": ["a"], "iou": [0.5]})
    for name in "ab":
        fig = side_by_side([pixels(mask=TILES == 3)], [*CAMS, "lime"], order, "title")
        save(fig, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


TEXTS = ["short", "n02098286_West_Highland_white_terrier", "a sentence of several plain words", "x" * 80, "$x^2$ 5%"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("lines", [1, 2, 9])
def test_fitted_text_fits(text, lines):
    for fit in (fitted, shortened):
        found = fit(text, 0.8, 6, lines)
        assert 1 <= len(found) <= lines
        assert all(text_width(line, 6) <= 0.8 for line in found)
        whole = "".join(found).replace(" ", "")
        if "…" in whole:
            start, end = whole.split("…")
            assert text.replace(" ", "").startswith(start)
            assert text.replace(" ", "").endswith(end)
            assert bool(end) == (fit is shortened)
        else:
            assert whole == text.replace(" ", "")


def test_text_is_broken_where_words_end():
    assert fitted("one_two three-four", 0.4, 6, 5) == ["one_two", "three-", "four"]
    assert fitted("", 0.5, 6, 2) == [""]

"""The concept atlas: what is drawn where, and the file that it is drawn from."""

import subprocess
import sys

import numpy as np
import pytest

from lucidag.explain.relevance.store import Decision, Reference, UnitConcept, read_decision, write_decision
from lucidag.figures.concept_atlas import concept_atlas, reference_view, region, signed_overlay, window
from lucidag.figures.style import save
from lucidag.ground.errors import InputError

SIZE = 60


def spot(row, column, width=6.0, size=SIZE):
    rows, columns = np.mgrid[:size, :size]
    return np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * width**2)).astype(np.float32)


def decision(units=3, examples=(4, 2), channels=3, seed=0):
    draw = np.random.default_rng(seed)

    def frame():
        return draw.integers(0, 256, (channels, SIZE, SIZE), dtype=np.uint8)

    def references(count, name):
        return tuple(
            Reference(f"{name}{n}", frame(), spot(*draw.uniform(10, 50, 2)), 1.0 - n / 9) for n in range(count)
        )

    shares = np.linspace(0.4, -0.1, units)
    chosen = tuple(
        UnitConcept(
            7 * place,
            float(shares[place]),
            spot(20, 20) * np.float32(shares[place]),
            {"relevance": references(examples[0], "rel"), "activation": references(examples[1], "act")},
        )
        for place in range(units)
    )
    record = {"layer": "layer4", "target": 1, "target_name": "terrier", "logit": 3.25, "units": 64}
    return Decision("dog", frame(), record, chosen)


def words(fig):
    return [text.get_text() for text in fig.texts]


def frames(fig):
    return [ax.images[0].get_array() for ax in fig.axes if ax.images]


def test_a_row_has_the_unit_its_map_and_its_references():
    given = decision()
    fig = concept_atlas(given)
    said = words(fig)
    assert "Units of layer4 behind 'terrier'" in said
    assert [f"unit {unit.unit}" in said for unit in given.units] == [True] * 3
    assert "40.0%" in said
    assert "\N{MINUS SIGN}10.0%" in said
    assert any("logit 3.25" in text and "these 3 of 64 units hold 65.0%" in text.replace("\n", " ") for text in said)
    shown = frames(fig)
    assert len(shown) == 1 + 3 * (1 + 4 + 2)
    assert np.array_equal(shown[0], given.frame.transpose(1, 2, 0))
    expected = [
        view
        for unit in given.units
        for view in (
            signed_overlay(given.frame, unit.map),
            *(reference_view(each) for kind in ("relevance", "activation") for each in unit.references[kind]),
        )
    ]
    assert all(np.array_equal(one, other) for one, other in zip(shown[1:], expected, strict=True))


def test_nothing_overlaps_or_leaves_the_page():
    fig = concept_atlas(decision(units=5, examples=(5, 5)))
    fig.draw_without_rendering()
    boxes = [ax.get_position() for ax in fig.axes]
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert apart
    for text in fig.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= fig.bbox.x1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("examples", [(0, 0), (1, 0), (0, 3)])
def test_units_with_few_references_are_drawn(channels, examples, tmp_path):
    fig = concept_atlas(decision(2, examples, channels))
    assert len(frames(fig)) == 1 + 2 * (1 + sum(examples))
    save(fig, tmp_path / "atlas.png", tmp_path / "atlas.pdf")
    assert (tmp_path / "atlas.png").stat().st_size > 1000


def test_no_unit_is_said():
    (sentence,) = words(concept_atlas(decision(units=0)))
    assert sentence == "No unit of this layer has any relevance."


def test_colours_tell_the_sign():
    frame = np.full((3, SIZE, SIZE), 128, np.uint8)
    both = signed_overlay(frame, spot(15, 15) - 0.9 * spot(45, 45)).astype(int)
    assert both[15, 15, 0] > both[15, 15, 2] + 60
    assert both[45, 45, 2] > both[45, 45, 0] + 60
    untouched = both[15, 45]
    assert untouched.max() - untouched.min() < 10
    nothing = signed_overlay(frame, np.zeros((SIZE, SIZE)))
    assert (nothing == nothing[0, 0, 0]).all()
    scaled = signed_overlay(frame, 1e-9 * (spot(15, 15) - 0.9 * spot(45, 45)))
    assert np.abs(scaled.astype(int) - both).max() <= 1


@pytest.mark.parametrize(("row", "column"), [(10, 10), (30, 42), (55, 3)])
def test_a_reference_is_cut_to_its_region(row, column):
    inside = region(spot(row, column, 4.0))
    assert inside[row, column]
    assert 20 < inside.sum() < 400
    rows, columns = window(inside)
    assert rows.stop - rows.start == columns.stop - columns.start >= 18
    assert 0 <= rows.start <= row < rows.stop <= SIZE
    assert 0 <= columns.start <= column < columns.stop <= SIZE
    assert inside[rows, columns].sum() == inside.sum()
    reference = Reference("x", np.full((3, SIZE, SIZE), 100, np.uint8), spot(row, column, 4.0), 1.0)
    view = reference_view(reference)
    assert view.shape == (rows.stop - rows.start, columns.stop - columns.start, 3)
    colours = {tuple(colour) for colour in view.reshape(-1, 3).tolist()}
    assert colours == {(100, 100, 100), (0, 0, 0), (240, 228, 66)}
    assert tuple(view[row - rows.start, column - columns.start]) == (100, 100, 100)


@pytest.mark.parametrize("width", [4.0, 8.0])
def test_a_region_is_what_is_above_a_third(width):
    """Of a Gaussian, which blurring by a fortieth of the side makes wider."""
    wider = width**2 + (SIZE / 40) ** 2
    assert region(spot(30, 30, width)).sum() == pytest.approx(np.pi * 2 * wider * np.log(3), rel=0.05)


def test_without_relevance_the_whole_frame_is_shown():
    frame = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE), dtype=np.uint8)
    for values in (np.zeros((SIZE, SIZE)), -spot(30, 30)):
        assert np.array_equal(reference_view(Reference("x", frame, values, 0.0)), frame.transpose(1, 2, 0))


def test_a_decision_is_read_as_written(tmp_path):
    given = decision(2, (3, 1))
    write_decision(tmp_path / "decision.safetensors", given)
    again = read_decision(tmp_path / "decision.safetensors")
    assert (again.image, again.record) == (given.image, given.record)
    assert np.array_equal(again.frame, given.frame)
    for one, other in zip(again.units, given.units, strict=True):
        assert (one.unit, one.share) == (other.unit, other.share)
        assert np.array_equal(one.map, other.map)
        for kind in ("relevance", "activation"):
            for mine, theirs in zip(one.references[kind], other.references[kind], strict=True):
                assert (mine.image, mine.value) == (theirs.image, theirs.value)
                assert np.array_equal(mine.frame, theirs.frame)
                assert np.array_equal(mine.map, theirs.map)


def test_another_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"missing\.safetensors does not hold the units of a decision"):
        read_decision(tmp_path / "missing.safetensors")


def test_no_torch_is_imported():
    code = "import sys, lucidag.figures.concept_atlas; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

"""Maps with a sign in two colours, alone and in a sheet beside others."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from zennit.image import imgify

from lucidag.explain.store import Explained
from lucidag.figures.drawing import drawn, mask_of
from lucidag.figures.explanations import contact_sheet
from lucidag.figures.overlay import overlay, signed_colours
from lucidag.figures.style import save
from lucidag.ground.errors import InputError
from tests.figures.titles import ABOUT, TITLES

COLUMNS = ("epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1", "attention")


def explained(image: str, seed: int, without: tuple[str, ...] = (), exploded: tuple[str, ...] = ()) -> Explained:
    random = np.random.default_rng(seed)
    maps = {name: random.normal(size=(32, 32)).astype(np.float32) for name in COLUMNS if name not in without}
    if "attention" in maps:
        maps["attention"] = np.abs(maps["attention"])
    frame = random.integers(0, 256, (3, 32, 32), dtype=np.uint8)
    record = {"label": "melanoma", "predicted_name": "naevus", "top": [["naevus", 0.7]], "exploded": list(exploded)}
    return Explained(image, frame, None, maps, record=record, about={name: ABOUT[name] for name in maps})


def words(fig: Figure) -> list[str]:
    return [text.get_text() for text in fig.texts] + [text.get_text() for ax in fig.axes for text in ax.texts]


@pytest.mark.parametrize("factor", [1, 1e-9, 1e9])
def test_zero_is_white_the_greatest_is_pure_whatever_the_scale(factor):
    found = signed_colours(factor * np.array([[0, 1.0], [-1.0, 0.5]]))
    np.testing.assert_array_equal(found[0, 0], [255, 255, 255])
    np.testing.assert_array_equal(found[0, 1], [255, 0, 0])
    np.testing.assert_array_equal(found[1, 0], [0, 0, 255])
    np.testing.assert_allclose(found[1, 1].astype(int), [255, 128, 128], atol=2)
    np.testing.assert_array_equal(signed_colours(np.zeros((2, 3))), 255)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_colours_are_those_of_zennits_images_up_to_one_step(seed):
    values = np.random.default_rng(seed).normal(size=(16, 16))
    theirs = imgify(values, symmetric=True, cmap="bwr")
    # What Pillow 13 cannot read as zennit leaves it.
    colours = np.asarray(theirs.palette.palette, dtype=np.uint8).reshape(256, 3)
    theirs.palette.palette = colours.tobytes()
    np.testing.assert_allclose(signed_colours(values).astype(int), theirs.convert("RGB"), atol=3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_has_no_colours(value):
    with pytest.raises(InputError, match="not finite"):
        signed_colours(np.array([[0, value]]))


def test_the_mask_of_a_signed_map_is_its_positive_part():
    one = explained("first", 0)
    values = one.maps["epsilon_plus_flat"]
    expected = np.rint(np.maximum(values, 0) / values.max() * 255)
    np.testing.assert_allclose(mask_of(one, "epsilon_plus_flat"), expected, atol=1)
    np.testing.assert_array_equal(drawn(one, "epsilon_plus_flat"), signed_colours(values))


def test_the_sheet_shows_each_map_and_says_what_is_missing(tmp_path):
    frames = [
        explained("first", 0),
        explained("second", 1, without=("attention",), exploded=("epsilon_gamma_box",)),
    ]
    frames[1].maps["epsilon_gamma_box"][0, 0] = np.nan
    frames[1].maps["epsilon_plus_flat"][:] = 0
    fig = contact_sheet(frames, list(COLUMNS), "Three rule sets")
    said = words(fig)
    assert {"Three rule sets", "first", "second", *(TITLES[name] for name in COLUMNS)} <= set(said)
    assert [said.count(word) for word in ("not made", "explodes", "empty")] == [1, 1, 1]
    assert {"against the class", "for it", "map: 0", "1"} <= set(said)
    shown = [np.asarray(image.get_array()) for ax in fig.axes for image in ax.images]
    for name, values in frames[0].maps.items():
        expected = overlay(frames[0].frame, values) if name == "attention" else signed_colours(values)
        assert any(np.array_equal(image, expected) for image in shown if image.shape == expected.shape)
    save(fig, tmp_path / "sheet.png", tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.png").stat().st_size < 300_000


@pytest.mark.parametrize(("count", "columns"), [(0, ["epsilon_plus_flat"]), (1, []), (2, ["attention"])])
def test_sheets_of_few(tmp_path, count, columns):
    fig = contact_sheet([explained(f"p{k}", k) for k in range(count)], columns, "Few")
    assert ("for it" in words(fig)) == ("epsilon_plus_flat" in columns and count > 0)
    save(fig, tmp_path / "sheet.png", tmp_path / "sheet.pdf")


def test_drawing_does_not_import_torch():
    code = "import sys, lucidag.figures.explanations; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

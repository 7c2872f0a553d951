"""Heat maps in zennit's colours and the sheet of them."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from zennit.image import imgify

from lucidag.explain.store import Explained
from lucidag.figures.method_names import method_name
from lucidag.figures.relevance import relevance_image, relevance_sheet
from lucidag.figures.style import save
from lucidag.ground.errors import InputError

COLUMNS = ("epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1", "attention")


def explained(image: str, seed: int, without: tuple[str, ...] = (), exploded: tuple[str, ...] = ()) -> Explained:
    random = np.random.default_rng(seed)
    maps = {name: random.normal(size=(32, 32)).astype(np.float32) for name in COLUMNS if name not in without}
    if "attention" in maps:
        maps["attention"] = np.abs(maps["attention"])
    frame = random.integers(0, 256, (3, 32, 32), dtype=np.uint8)
    record = {"label": "melanoma", "predicted_name": "naevus", "top": [["naevus", 0.7]], "exploded": list(exploded)}
    return Explained(image, frame, None, maps, record=record)


def words(fig: Figure) -> list[str]:
    return [text.get_text() for text in fig.texts] + [text.get_text() for ax in fig.axes for text in ax.texts]


@pytest.mark.parametrize("factor", [1, 1e-9, 1e9])
def test_zero_is_white_the_greatest_is_pure_whatever_the_scale(factor):
    found = relevance_image(factor * np.array([[0, 1.0], [-1.0, 0.5]]))
    np.testing.assert_array_equal(found[0, 0], [255, 255, 255])
    np.testing.assert_array_equal(found[0, 1], [255, 0, 0])
    np.testing.assert_array_equal(found[1, 0], [0, 0, 255])
    np.testing.assert_allclose(found[1, 1].astype(int), [255, 128, 128], atol=2)


def test_a_map_without_a_sign_begins_at_the_colour_of_zero():
    found = relevance_image(np.array([[0, 2.0, 1.0]]), "hot", signed=False)
    np.testing.assert_array_equal(found[0, :2], [[0, 0, 0], [255, 255, 255]])
    below = relevance_image(np.array([[-8.0, 2.0, 1.0]]), "hot", signed=False)
    np.testing.assert_array_equal(below, found)
    np.testing.assert_array_equal(relevance_image(np.zeros((2, 3)), "hot", signed=False), 0)
    np.testing.assert_array_equal(relevance_image(np.zeros((2, 3))), 255)


@pytest.mark.parametrize("cmap", ["bwr", "coldnhot", "seismic", "coleus"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_colours_are_those_of_zennits_images_up_to_one_step(cmap, seed):
    values = np.random.default_rng(seed).normal(size=(16, 16))
    theirs = imgify(values, symmetric=True, cmap=cmap)
    # What Pillow 13 cannot read as zennit leaves it.
    colours = np.asarray(theirs.palette.palette, dtype=np.uint8).reshape(256, 3)
    theirs.palette.palette = colours.tobytes()
    step = np.abs(np.diff(colours.astype(int), axis=0)).max()
    assert step <= 7
    np.testing.assert_allclose(relevance_image(values, cmap).astype(int), theirs.convert("RGB"), atol=step)


@pytest.mark.parametrize(
    ("values", "cmap", "expected"),
    [
        (np.zeros((2, 2)), "bwrr", "did you mean 'bwr'"),
        (np.array([[0, np.nan]]), "bwr", "not finite"),
        (np.array([[0, np.inf]]), "bwr", "not finite"),
    ],
)
def test_what_has_no_colours(values, cmap, expected):
    with pytest.raises(InputError, match=expected):
        relevance_image(values, cmap)


def test_the_sheet_shows_each_map_and_says_what_is_missing(tmp_path):
    frames = [
        explained("first", 0),
        explained("second", 1, without=("attention",), exploded=("epsilon_gamma_box",)),
    ]
    frames[1].maps["epsilon_gamma_box"][0, 0] = np.nan
    frames[1].maps["epsilon_plus_flat"][:] = 0
    fig = relevance_sheet(frames, list(COLUMNS), "Three rule sets")
    said = words(fig)
    assert {"Three rule sets", "first", "second", *map(method_name, COLUMNS)} <= set(said)
    assert [said.count(word) for word in ("not made", "explodes", "empty")] == [1, 1, 1]
    assert {"against the class", "for it", "0", "most"} <= set(said)
    shown = [np.asarray(image.get_array()) for ax in fig.axes for image in ax.images]
    for name, values in frames[0].maps.items():
        expected = relevance_image(values, "hot" if name == "attention" else "bwr", name != "attention")
        assert any(np.array_equal(image, expected) for image in shown if image.shape == expected.shape)
    save(fig, tmp_path / "sheet.png", tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.png").stat().st_size < 300_000


@pytest.mark.parametrize(("count", "columns"), [(0, ["epsilon_plus_flat"]), (1, []), (2, ["attention"])])
def test_sheets_of_few(tmp_path, count, columns):
    fig = relevance_sheet([explained(f"p{k}", k) for k in range(count)], columns, "Few")
    assert ("for it" in words(fig)) == ("epsilon_plus_flat" in columns)
    save(fig, tmp_path / "sheet.png", tmp_path / "sheet.pdf")


def test_drawing_does_not_import_torch():
    code = "import sys, lucidag.figures.relevance; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

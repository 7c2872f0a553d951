import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from skimage.segmentation import find_boundaries

from lucidag.figures.outlines import AGAINST, FOR, faded, near_boundary, outlines
from lucidag.figures.overlay import OPACITY, grey_mask, overlay, rgb, write_png

SIDE = 32
TILES = (np.arange(SIDE)[:, None] // 8 * 4 + np.arange(SIDE) // 8).astype(np.int32)


def colour(name):
    return np.rint(np.array(to_rgb(name)) * 255)


@pytest.fixture(params=[1, 3])
def frame(request):
    return np.random.default_rng(request.param).integers(0, 256, (request.param, SIDE, SIDE), dtype=np.uint8)


def test_frame_as_image(frame):
    pixels = rgb(frame)
    assert pixels.shape == (SIDE, SIDE, 3)
    for channel in range(3):
        np.testing.assert_array_equal(pixels[:, :, channel], frame[channel % len(frame)])


def test_a_map_of_zeros_leaves_the_image_unchanged(frame):
    np.testing.assert_array_equal(overlay(frame, np.zeros((SIDE, SIDE))), rgb(frame))
    np.testing.assert_array_equal(overlay(frame, -np.ones((SIDE, SIDE))), rgb(frame))


def test_the_higher_the_more_it_covers():
    black, white = np.zeros((1, 1, 101), dtype=np.uint8), np.full((1, 1, 101), 255, dtype=np.uint8)
    values = np.linspace(0, 1, 101)[None]
    # What is left of the contrast between black and white is what shines through.
    through = (overlay(white, values).astype(int) - overlay(black, values))[0, :, 0] / 255
    assert (np.diff(through) <= 1 / 255).all()  # rounding
    assert (np.diff(through[::5]) < 0).all()
    assert through[0] == 1
    assert through[-1] == pytest.approx(1 - OPACITY, abs=0.01)


def test_only_painted_pixels_change(frame):
    values = np.zeros((SIDE, SIDE))
    values[3:6, 10:20] = 0.8
    changed = (overlay(frame, values) != rgb(frame)).any(axis=2)
    np.testing.assert_array_equal(changed, values > 0)


def test_grey_mask_by_hand():
    found = grey_mask(np.array([[0, 1, 0.5], [-3, 7, 0.2]]))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [[0, 255, 128], [0, 255, 51]])


@pytest.mark.parametrize("width", [1, 2])
def test_boundaries_are_those_of_scikit_image(width):
    rng = np.random.default_rng(0)
    segments = np.kron(rng.integers(0, 3, (8, 8)), np.ones((6, 6), dtype=int)).astype(np.int32)
    expected = find_boundaries(segments, connectivity=2, mode="thick")
    if width == 1:
        np.testing.assert_array_equal(near_boundary(segments, 1), expected)
    assert near_boundary(segments, width)[expected].all()


def test_lines_lie_on_the_boundaries_of_what_has_a_weight(frame):
    weights = np.zeros((SIDE, SIDE))
    weights[TILES == 5], weights[TILES == 10] = 0.3, -0.1
    drawn = outlines(frame, TILES, weights)
    edge = find_boundaries(TILES, connectivity=2, mode="thick")
    assert (drawn[edge & (weights > 0)] == colour(FOR)).all()
    assert (drawn[edge & (weights < 0)] == colour(AGAINST)).all()
    elsewhere = ~edge | (weights == 0)
    np.testing.assert_array_equal(drawn[elsewhere], rgb(frame)[elsewhere])


def test_lines_of_large_frames_are_wider_and_have_a_casing():
    frame = np.full((3, 224, 224), 128, dtype=np.uint8)
    tiles = np.kron(np.arange(16).reshape(4, 4), np.ones((56, 56), dtype=np.int32))
    drawn = outlines(frame, tiles, np.where(tiles == 5, 1.0, 0.0))
    np.testing.assert_array_equal(drawn[84, 56:60], [colour(FOR), colour(FOR), [0, 0, 0], [128] * 3])


def test_no_weight_no_line(frame):
    np.testing.assert_array_equal(outlines(frame, TILES, np.zeros((SIDE, SIDE))), rgb(frame))


def test_faded(frame):
    kept = TILES == 3
    found = faded(frame, kept)
    np.testing.assert_array_equal(found[:, kept], frame[:, kept])
    outside = found[:, ~kept].astype(int)
    assert (outside == outside[0]).all()  # grey
    assert outside.min() >= 140
    assert np.ptp(outside) > 50  # what is there can still be seen


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 3)])
def test_png_comes_back_in_its_own_size_and_with_the_same_bytes(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for name in "ab":
        write_png(tmp_path / f"{name}.png", pixels)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == ("L" if len(shape) == 2 else "RGB")
        np.testing.assert_array_equal(np.asarray(image), pixels)

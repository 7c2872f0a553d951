"""Finders on drawn scenes: one scene is judged alike at every resolution, with and without a frame."""

import numpy as np
import pytest
from PIL import Image

from lucidag.artefacts.finders import FINDERS, scan
from lucidag.artefacts.frames import frame
from lucidag.artefacts.vision import SIDE, view
from lucidag.data.images import decode
from tests.artefacts import scenes

BLACK, WHITE, GREY, PINK = (0, 0, 0), (255, 255, 255), (128, 128, 128), (214, 160, 140)
SIZES = (32, 64, 256, 600)


def seen(finder, image):
    return FINDERS[finder].find(image).score > FINDERS[finder].threshold


def rate(finder, images):
    found = [seen(finder, image) for image in images]
    return sum(found) / len(found)


def scene(size, seed, radius=None, reach=(0.25, 0.5), patch=False, hair=False):
    pixels = scenes.skin(size, seed)
    scenes.lesion(pixels, seed, reach)
    if patch:
        scenes.patch(pixels, seed)
    if hair:
        scenes.hairs(pixels, seed)
    if radius is not None:
        scenes.aperture(pixels, radius)
    return scenes.done(pixels)


@pytest.mark.parametrize("colour", [BLACK, WHITE, GREY, PINK])
@pytest.mark.parametrize("width", range(1, 9))
def test_a_frame_changes_nothing(colour, width):
    for seed, sides in enumerate([(1, 1, 1, 1), (1, 0, 0, 0), (0, 1, 0, 1), (0, 0, 1, 1), (1, 1, 0, 1)]):
        for radius in (None, 0.95):
            plain = scene((32, 64, 200)[seed % 3], seed, radius)
            framed = scenes.framed(plain, tuple(width * side for side in sides), colour)
            if colour == BLACK and radius is not None:  # black beside the black around a field of view is no frame
                assert seen("dark_corner", framed)
            else:
                assert (view(framed).pixels == view(plain).pixels).all()


def test_frames_of_several_colours_lie_in_each_other():
    plain = scene(80, 1)
    framed = scenes.framed(scenes.framed(plain, (2, 2, 2, 2), BLACK), (1, 1, 3, 0), WHITE)
    assert (view(framed).pixels == view(plain).pixels).all()


def test_a_frame_saved_as_jpeg_is_one(tmp_path):
    for number, colour in enumerate((BLACK, WHITE, GREY)):
        Image.fromarray(scenes.framed(scene(256, 2), (8, 8, 8, 8), colour)).save(tmp_path / f"{number}.jpg", quality=90)
        rows, columns = frame(decode(tmp_path / f"{number}.jpg"))
        assert (rows.start, columns.start, rows.stop, columns.stop) == pytest.approx((8, 8, 200, 264), abs=1)


@pytest.mark.parametrize("size", [16, 32, 200])
def test_what_goes_on_is_no_frame(size):
    x, y = scenes.axes(size, 1)
    disc = np.where(np.hypot(x, y)[:, :, None] < 0.5, 200, np.full(3, 40)).astype(np.uint8)
    ramp = np.repeat(np.linspace(0, 255, size).astype(np.uint8)[:, None, None], size, axis=1).repeat(3, axis=2)
    for image in (np.full((size, size, 3), 90, np.uint8), np.pad(disc, ((9, 9), (9, 9), (0, 0)), mode="edge")):
        assert frame(image) == (slice(0, len(image)), slice(0, len(image)))
    rows, columns = frame(ramp)
    assert min(rows.stop - rows.start, columns.stop - columns.start) >= size / 2


@pytest.mark.parametrize("size", SIZES)
def test_dark_corners_are_found_whatever_the_resolution_and_the_frame(size):
    frames = [(0, BLACK), (1, BLACK), (2, WHITE), (8, WHITE), (3, GREY), (5, PINK)]
    for width, colour in frames:
        widths = (width,) * 4
        seeds = range(4) if size < 600 else (width % 4,)
        dark = [scenes.framed(scene(size, seed, (0.8, 0.95, 1.05, 1.12)[seed]), widths, colour) for seed in seeds]
        bright = [scenes.framed(scene(size, seed, (None, 1.4)[seed % 2]), widths, colour) for seed in seeds]
        assert rate("dark_corner", dark) == 1
        assert rate("dark_corner", bright) == 0
        assert rate("ring", bright) == 0


def test_a_field_of_view_in_white_and_bars_are_no_dark_corners():
    for size in SIZES:
        pixels = scenes.skin(size, 0)
        scenes.aperture(pixels, 0.9, outside=250)
        assert not seen("dark_corner", scenes.done(pixels))
        thick = size // 8
        for bars in ((thick, thick, 0, 0), (0, 0, thick, thick), (0, 2 * thick, 0, 0)):
            assert not seen("dark_corner", scenes.framed(scene(size, 1), bars, BLACK))


@pytest.mark.long
def test_huge_images_are_judged_as_small_ones():
    with_all = scene(4000, 3, 1.0)
    assert seen("dark_corner", scenes.framed(with_all, (1, 1, 1, 1), WHITE))
    assert seen("ring", with_all)
    mask = FINDERS["dark_corner"].find(with_all).mask
    x, y = scenes.axes(4000)
    assert mask.shape == with_all.shape[:2]
    assert (mask == (np.hypot(x, y) > 1)).mean() > 0.98


@pytest.mark.parametrize("size", SIZES)
def test_patches_are_found_and_lesions_of_strong_colours_are_none(size):
    seeds = range(14 if size < 600 else 5)
    assert rate("patch", [scene(size, seed, patch=True) for seed in seeds]) >= 0.9
    for reach in ((0.25, 0.5), (0.55, 0.9)):
        assert rate("patch", [scene(size, seed, reach=reach) for seed in seeds]) <= 0.05


@pytest.mark.parametrize("size", SIZES)
def test_hair_is_found_where_it_can_be_seen_and_rare_in_textures(size):
    seeds = range(10 if size < 600 else 4)
    if size > 32:  # there a hair is a quarter of a pixel
        assert rate("hair", [scene(size, seed, hair=True) for seed in seeds]) >= 0.9
    assert rate("hair", [scene(size, seed) for seed in seeds]) <= 0.05
    if size <= 256:
        assert rate("hair", [scenes.texture(size, seed) for seed in seeds]) <= 0.1
        assert rate("hair", [scenes.objects(size, seed) for seed in seeds]) <= 0.1


@pytest.mark.parametrize("shape", [(8, 8), (8, 400), (400, 8), (9, 3000), (3000, 20), (8, 9), (500, 500)])
def test_any_shape_has_a_finite_answer_and_a_mask_of_its_size(shape):
    draw = np.random.default_rng(0)
    for image in (
        draw.integers(0, 256, (*shape, 3), dtype=np.uint8),
        draw.integers(0, 256, (*shape, 1), dtype=np.uint8),
        *(np.full((*shape, 1), value, np.uint8) for value in (0, 5, 128, 255)),
    ):
        assert max(view(image).pixels.shape[:2]) == SIDE
        for finder in FINDERS.values():
            found = finder.find(image)
            assert np.isfinite(found.score)
            assert found.mask.shape == shape
            if image.min() == image.max():
                assert found.score <= finder.threshold
                assert not found.mask.any()


def test_files_of_every_kind_are_judged_alike(tmp_path):
    pixels = Image.fromarray(scene(120, 2, 0.95))
    grey = np.asarray(pixels.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    kinds = {"rgb": pixels, "rgba": pixels.convert("RGBA"), "palette": pixels.quantize(64), "grey": pixels.convert("L")}
    for name, image in {**kinds, "deep": deep}.items():
        image.save(tmp_path / f"{name}.png")
    names = [*kinds, "deep"]
    table = scan(names, lambda row: decode(tmp_path / f"{names[row]}.png"), list(FINDERS)).set_index("image")
    for finder in ("ring", "dark_corner", "patch"):
        assert len(set(table[finder] > FINDERS[finder].threshold)) == 1
    assert (table.loc["rgb"] == table.loc["rgba"]).all()
    assert (table.loc["grey"] == table.loc["deep"]).all()

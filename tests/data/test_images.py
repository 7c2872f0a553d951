"""Decoding: every mode that Pillow reads becomes the grey or RGB image that a person sees."""

import json
import resource
import struct
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lucidag.data.images import USUAL_FORMATS, Images, UnreadableImageError, decode, decode_mask
from lucidag.data.manifest import Manifest
from lucidag.data.walk import FORMATS, formats, is_image

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOUR = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)


def save(path, image, **options):
    image.save(path, **options)
    return path


def test_grey_stays_one_channel_and_rgb_three(tmp_path):
    assert (decode(save(tmp_path / "g.png", Image.fromarray(GREY))) == GREY[:, :, None]).all()
    assert (decode(save(tmp_path / "c.png", Image.fromarray(COLOUR))) == COLOUR).all()
    bits = decode(save(tmp_path / "b.png", Image.fromarray(GREY > 100)))
    assert (bits[:, :, 0] == 255 * (GREY > 100)).all()


def test_transparency_is_composited_on_white(tmp_path):
    rgba = np.zeros((1, 3, 4), dtype=np.uint8)
    rgba[0] = [[200, 0, 0, 255], [200, 0, 0, 0], [0, 0, 0, 51]]
    values = decode(save(tmp_path / "t.png", Image.fromarray(rgba)))
    assert values.tolist() == [[[200, 0, 0], [255, 255, 255], [204, 204, 204]]]
    grey = Image.merge("LA", [Image.new("L", (2, 1), 10), Image.new("L", (2, 1), 0)])
    assert decode(save(tmp_path / "la.png", grey)).tolist() == [[[255], [255]]]


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_palettes_become_rgb(tmp_path, suffix):
    image = Image.new("P", (2, 1))
    image.putpalette([9, 8, 7, 250, 100, 50] + [0] * 762)
    image.putpixel((1, 0), 1)
    assert decode(save(tmp_path / f"p.{suffix}", image)).tolist() == [[[9, 8, 7], [250, 100, 50]]]


def test_cmyk_becomes_rgb(tmp_path):
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    mean = decode(save(tmp_path / "k.jpg", image)).reshape(-1, 3).mean(axis=0)
    assert mean == pytest.approx([255, 0, 0], abs=4)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    values = np.array([[0, 257, 25700, 65535]], dtype=np.uint16)
    assert decode(save(tmp_path / "s.png", Image.fromarray(values)))[0, :, 0].tolist() == [0, 1, 100, 255]
    assert decode(save(tmp_path / "s.tif", Image.fromarray(values)))[0, :, 0].tolist() == [0, 1, 100, 255]


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, 3), (8, 1)])
def test_exif_rotation_is_applied(tmp_path, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "r.png", Image.fromarray(COLOUR), exif=exif)
    assert (decode(path) == np.rot90(COLOUR, turns)).all()


def test_masks_of_any_kind_mark_the_same_pixels(tmp_path):
    truth = GREY > 100
    palette = Image.fromarray(truth.astype(np.uint8)).convert("P")
    palette.putpalette([0, 0, 0, 128, 0, 0] + [0] * 762)
    kinds = {
        "bits.png": Image.fromarray(truth),
        "full.png": Image.fromarray(truth.astype(np.uint8) * 255),
        "ones.png": Image.fromarray(truth.astype(np.uint8)),
        "rgb.png": Image.fromarray(truth.astype(np.uint8) * 255).convert("RGB"),
        "deep.png": Image.fromarray(truth.astype(np.uint16) * 65535),
        "palette.png": palette,
    }
    for name, image in kinds.items():
        assert (decode_mask(save(tmp_path / name, image)) == truth).all(), name


def test_jpeg_noise_does_not_move_a_mask(tmp_path):
    truth = np.zeros((64, 64), dtype=np.uint8)
    truth[13:45, 21:50] = 255
    path = save(tmp_path / "m.jpg", Image.fromarray(truth), quality=60)
    assert len(np.unique(decode(path))) > 2
    assert (decode_mask(path) == (truth > 0)).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "tif", "webp"])
def test_truncated_files_are_named(tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / f"cut.{suffix}", Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableImageError, match=rf"cut\.{suffix} cannot be read as an image: ."):
        decode(path)


def test_other_unreadable_files_are_named(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    Image.fromarray(np.full((2, 2), 0.5, dtype=np.float32)).save(tmp_path / "float.tif")
    (tmp_path / "folder.png").mkdir()
    for name, reason in (
        ("empty.png", "it is empty"),
        ("text.png", "it is of no known image format"),
        ("gone.png", "the file does not exist"),
        ("float.tif", "its values are not those of 8 or 16 bits"),
        ("folder.png", "Is a directory"),
    ):
        for read in (decode, decode_mask):
            if (name, read) != ("float.tif", decode_mask):
                with pytest.raises(UnreadableImageError) as caught:
                    read(tmp_path / name)
                assert str(caught.value) == f"{tmp_path / name} cannot be read as an image: {reason}"
                assert caught.value.reason == reason


def test_one_row_of_a_huge_array_costs_its_own_bytes(tmp_path):
    # a file with a hole: 4.8 GB that the disk does not hold, and that no test could load
    shape = (40000, 200, 200, 3)
    size = int(np.prod(shape))
    ids = [f"p{number}" for number in range(shape[0])]
    about = {"__metadata__": {"lucidag": json.dumps({"images": ids})}}
    header = json.dumps({**about, "images": {"dtype": "U8", "shape": shape, "data_offsets": [0, size]}}).encode()
    row = np.random.default_rng(0).integers(0, 256, shape[1:], dtype=np.uint8)
    with (tmp_path / "images.safetensors").open("wb") as handle:
        handle.write(struct.pack("<Q", len(header)) + header)
        start = handle.tell()
        handle.seek(start + 39998 * row.size)
        handle.write(row.tobytes())
        handle.truncate(start + size)
    table = pd.DataFrame({"image": ids, "path": [""] * shape[0], "mask": [""] * shape[0]})
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader = Images(Manifest(tmp_path, table, ("a",)))
    assert (reader.read(39998) == row).all()
    assert reader.read(39997).max() == 0
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 200e6


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".eps", ".tif"])
def test_postscript_never_reaches_an_interpreter(tmp_path, monkeypatch, suffix):
    from PIL import EpsImagePlugin

    ran = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *words, **_: ran.append(words))
    (tmp_path / f"x{suffix}").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n%%EOF\n")
    with pytest.raises(UnreadableImageError, match="no known image format"):
        decode(tmp_path / f"x{suffix}")
    assert ran == []
    assert not is_image("x.eps")


def test_an_image_of_very_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (10_000, 7000)).save(tmp_path / "x.png")
    with pytest.raises(UnreadableImageError, match=r"it has 10000 x 7000 = 70,000,000 pixels, and 67,108,864 are"):
        decode(tmp_path / "x.png")
    Image.new("1", (8192, 8192)).save(tmp_path / "y.png")
    assert decode(tmp_path / "y.png").shape == (8192, 8192, 1)


def test_every_format_that_is_read_is_one_of_pillow():
    assert set(formats()) == set(FORMATS)
    assert set(USUAL_FORMATS) <= set(FORMATS)

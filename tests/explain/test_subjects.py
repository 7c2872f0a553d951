"""Images as a job explains them, from files of every kind and from data sets."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lucidag.data.manifest import write_manifest
from lucidag.explain.store import Explained, read_explained, write_explained
from lucidag.explain.subjects import Subject, read_subjects
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs

CLASSES = ("cat", "dog")


def read(path: Path, inputs: Inputs, mask: Path | None = None, target: str | None = None) -> Subject:
    row = {"image": "p", "path": str(path), "mask": str(mask or ""), "label": "dog", "target": target}
    return read_subjects([row], None, inputs, CLASSES)[0]


def left_half(size: tuple[int, int]) -> Image.Image:
    """An image that is white on its left half and black on its right."""
    values = np.zeros((size[1], size[0], 3), np.uint8)
    values[:, : size[0] // 2] = 255
    return Image.fromarray(values)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "P", "LA", "1", "I;16"])
def test_every_colour_mode_gives_the_same_frame(tmp_path: Path, mode: str) -> None:
    pixels = left_half((16, 16))
    if mode == "I;16":
        pixels = Image.fromarray(np.asarray(pixels.convert("L")).astype(np.uint16) * 257)
    else:
        pixels = pixels.convert(mode)
    path = tmp_path / ("p.tif" if mode in ("CMYK", "I;16") else "p.png")
    pixels.save(path)
    frame = read(path, Inputs(8)).frame.numpy()
    assert frame.shape == (3, 8, 8)
    assert (frame[:, :, :3] > 250).all()
    assert (frame[:, :, 5:] < 5).all()


def test_a_rotated_photograph_is_upright_and_so_is_its_mask(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise: the left half comes to the top
    left_half((20, 10)).save(tmp_path / "p.jpg", exif=exif, quality=95)
    Image.fromarray(np.kron([[255], [0]], np.ones((10, 10))).astype(np.uint8)).save(tmp_path / "m.png")
    subject = read(tmp_path / "p.jpg", Inputs(8), tmp_path / "m.png")
    assert (subject.frame.numpy()[:, :3] > 240).all()
    assert subject.mask is not None
    assert subject.mask[:3].all()
    assert not subject.mask[5:].any()


@pytest.mark.parametrize("resize", ["stretch", "crop"])
@pytest.mark.parametrize("size", [(1, 1), (8000, 6000), (3, 400)])
def test_tiny_and_huge_images_become_frames(tmp_path: Path, size: tuple[int, int], resize: str) -> None:
    Image.new("RGB", size, (200, 10, 30)).save(tmp_path / "p.png")
    frame = read(tmp_path / "p.png", Inputs(16, 3, resize)).frame.numpy()
    assert frame.shape == (3, 16, 16)
    assert (frame == np.array([200, 10, 30], np.uint8)[:, None, None]).all()


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    left_half((64, 64)).save(tmp_path / "p.jpg")
    whole = (tmp_path / "p.jpg").read_bytes()
    (tmp_path / "p.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"p\.jpg.*truncated"):
        read(tmp_path / "p.jpg", Inputs(8))


@pytest.mark.parametrize("resize", ["stretch", "crop"])
@pytest.mark.parametrize(("width", "height"), [(48, 48), (90, 40), (31, 77)])
def test_mask_and_image_meet_in_the_frame(tmp_path: Path, width: int, height: int, resize: str) -> None:
    """The bright disc of an image is where its mask is, whatever the geometry."""
    y, x = np.mgrid[:height, :width]
    disc = (x - width / 2.2) ** 2 + (y - height / 1.8) ** 2 < (min(width, height) / 3) ** 2
    Image.fromarray((disc * 255).astype(np.uint8)).save(tmp_path / "p.png")
    Image.fromarray((disc * 255).astype(np.uint8)).save(tmp_path / "m.png")
    subject = read(tmp_path / "p.png", Inputs(32, 1, resize), tmp_path / "m.png")
    assert subject.mask is not None
    bright = subject.frame.numpy()[0] >= 128
    assert (bright != subject.mask).sum() <= 1
    assert 50 < subject.mask.sum() < 700


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    left_half((16, 16)).save(tmp_path / "p.png")
    left_half((16, 12)).save(tmp_path / "m.png")
    with pytest.raises(InputError, match=r"image 'p': its mask is 16 x 12 pixels, the image 16 x 16"):
        read(tmp_path / "p.png", Inputs(8), tmp_path / "m.png")


def test_a_target_is_a_class_by_name(tmp_path: Path) -> None:
    left_half((8, 8)).save(tmp_path / "p.png")
    assert read(tmp_path / "p.png", Inputs(8), target="dog").target == 1
    assert read(tmp_path / "p.png", Inputs(8)).target is None
    with pytest.raises(InputError, match=r"image 'p', target: .*'dgo'.*did you mean 'dog'\?"):
        read(tmp_path / "p.png", Inputs(8), target="dgo")


def test_images_of_a_data_set_by_id(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    masks = rng.integers(0, 2, (3, 8, 8), dtype=np.uint8)
    table = pd.DataFrame({"image": ["a", "b", "c"], "label": ["cat", "dog", "cat"], "split": ["test"] * 3})
    write_manifest(tmp_path, table, CLASSES, images, masks)
    rows = [{"image": name, "target": None} for name in ("c", "b")]
    found = read_subjects(rows, tmp_path, Inputs(8), CLASSES)
    assert [(subject.image, subject.label) for subject in found] == [("c", "cat"), ("b", "dog")]
    for subject, row in zip(found, (2, 1), strict=True):
        assert np.array_equal(subject.frame.numpy().transpose(1, 2, 0), images[row])
        assert np.array_equal(subject.mask, masks[row] > 0)
    with pytest.raises(InputError, match=r"manifest\.csv.*'d'"):
        read_subjects([{"image": "d", "target": None}], tmp_path, Inputs(8), CLASSES)


def test_the_table_of_a_data_set_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"image": ["a", "b", "c"], "label": ["cat", "dog", "cat"], "split": ["test"] * 3})
    write_manifest(tmp_path, table, CLASSES, np.zeros((3, 8, 8, 3), np.uint8))
    read_table, times = pd.read_csv, []
    monkeypatch.setattr(pd, "read_csv", lambda *how, **words: times.append(how) or read_table(*how, **words))
    rows = [{"image": name, "target": None} for name in ("c", "b", "a")]
    assert [subject.image for subject in read_subjects(rows, tmp_path, Inputs(8), CLASSES)] == ["c", "b", "a"]
    assert len(times) == 1


def test_explanations_come_back_as_they_were_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    written = [
        Explained(
            image=name,
            frame=rng.integers(0, 256, (3, 6, 6), dtype=np.uint8),
            mask=rng.random((6, 6)) > 0.5 if name == "b" else None,
            maps={method: rng.random((6, 6), dtype=np.float32) for method in ("gradcam++", "gradcam")},
            segments=rng.integers(0, 4, (6, 6)).astype(np.int32) if name == "b" else None,
            record={"label": "dog", "notes": {}},
        )
        for name in ("b", "a")
    ]
    write_explained(tmp_path / "e.safetensors", written)
    again = read_explained(tmp_path / "e.safetensors")
    assert [one.image for one in again] == ["b", "a"]
    for old, new in zip(written, again, strict=True):
        assert np.array_equal(old.frame, new.frame)
        assert (old.mask is None) == (new.mask is None)
        assert old.mask is None or np.array_equal(old.mask, new.mask)
        assert list(new.maps) == ["gradcam++", "gradcam"]
        assert all(np.array_equal(old.maps[method], new.maps[method]) for method in old.maps)
        assert old.record == new.record
    before = (tmp_path / "e.safetensors").read_bytes()
    write_explained(tmp_path / "e.safetensors", written)
    assert (tmp_path / "e.safetensors").read_bytes() == before


@pytest.mark.parametrize("content", [None, b"", b"not a file of tensors"])
def test_something_else_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "e.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"e\.safetensors"):
        read_explained(path)

import numpy as np
import pandas as pd
import pytest

from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.figures.images import choose, contact_sheet, notes, thumbnails
from lucidag.figures.style import save


def manifest_of(folder, classes=("a", "b"), each=12, masked=True, size=(20, 30), channels=3, seed=0):
    rng = np.random.default_rng(seed)
    n = len(classes) * each
    table = pd.DataFrame(
        {
            "image": [f"i{row}" for row in range(n)],
            "label": np.repeat(classes, each),
            "split": np.tile(["train", "test"], n // 2 + 1)[:n],
            "hair": rng.integers(0, 2, n),
            "ink": rng.choice(["thin", "thick"], n),
            "patient": [f"p{row}" for row in range(n)],
        }
    )
    images = rng.integers(0, 256, (n, *size, channels)).astype(np.uint8)
    masks = np.zeros((n, *size), dtype=np.uint8)
    masks[:, 5:10, 5:12] = 1
    write_manifest(folder, table, classes, images, masks if masked else None)
    return read_manifest(folder), images


def test_choice_depends_on_the_seed_and_the_class_alone(tmp_path):
    manifest, _ = manifest_of(tmp_path)
    chosen = choose(manifest, 0)
    assert choose(manifest, 0) == chosen
    assert choose(manifest, 1) != chosen
    for name, rows in chosen.items():
        assert len(set(rows)) == 8
        assert rows == sorted(rows)
        assert (manifest.table["label"].iloc[rows] == name).all()


@pytest.mark.parametrize(("classes", "each", "shape"), [(3, 5, (3, 5)), (14, 2, (10, 2))])
def test_few_images_and_many_classes(tmp_path, classes, each, shape):
    manifest, _ = manifest_of(tmp_path, tuple(f"c{i:02}" for i in range(classes)), each)
    chosen = choose(manifest, 0)
    assert (len(chosen), len(next(iter(chosen.values())))) == shape
    assert list(chosen) == sorted(chosen)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("masked", [True, False])
def test_sheet_shows_the_images(tmp_path, channels, masked):
    manifest, images = manifest_of(tmp_path / "data", masked=masked, channels=channels)
    chosen = choose(manifest, 0)
    sheet = thumbnails(manifest, chosen)
    fig = contact_sheet(sheet, "title")
    axes = np.array(fig.axes).reshape(2, 8)
    for row, (name, rows) in zip(axes, chosen.items(), strict=True):
        assert row[0].get_ylabel() == name
        for ax, index in zip(row, rows, strict=True):
            np.testing.assert_array_equal(np.asarray(ax.images[0].get_array()), images[index].squeeze())
            assert len(ax.collections) == masked
            if masked:
                outline = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
                np.testing.assert_allclose(outline.min(axis=0), [4.5, 4.5])
                np.testing.assert_allclose(outline.max(axis=0), [11.5, 9.5])
    for name in "ab":
        save(contact_sheet(sheet, "title"), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_notes_are_the_flags_that_are_set(tmp_path):
    manifest, _ = manifest_of(tmp_path)
    sheet = thumbnails(manifest, choose(manifest, 0))
    said = {thumbnail.notes for row in sheet.values() for thumbnail in row}
    assert said == {"hair, ink=thin", "hair, ink=thick", "ink=thin", "ink=thick"}
    manifest.table["true_label"] = manifest.table["label"].replace({"a": "b"})
    assert notes(manifest, 0, []) == "truly b"
    assert notes(manifest, 12, []) == ""


def test_large_images_are_shrunk(tmp_path):
    manifest, images = manifest_of(tmp_path, each=2, size=(400, 200))
    thumbnail = thumbnails(manifest, {"a": [0]})["a"][0]
    assert thumbnail.image.shape == (160, 80, 3)
    assert thumbnail.image.mean() == pytest.approx(images[0].mean(), abs=1)
    assert max(thumbnail.mask.shape) <= 160

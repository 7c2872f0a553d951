"""The manifest: what is written is what is read, and what does not fit is named."""

import hashlib
import json
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.data.pictures import Pictures
from lucidag.errors import InputError


def arrays(n=12, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 5, 7, channels), dtype=np.uint8)
    masks = rng.integers(0, 2, (n, 5, 7), dtype=np.uint8)
    table = pd.DataFrame(
        {
            "image": [f"p{i}" for i in range(n)],
            "label": ["cat", "dog", "eel"] * (n // 3),
            "split": ["train"] * (n - 4) + ["test"] * 4,
            "site": ["a", "b"] * (n // 2),
            "age": [i % 3 for i in range(n)],
        }
    )
    return table, images, masks


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_come_back_row_by_row(tmp_path, channels):
    table, images, masks = arrays(channels=channels)
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images, masks)
    manifest = read_manifest(tmp_path)
    pictures = pickle.loads(pickle.dumps(Pictures(manifest)))
    for row in (11, 0, 5, 5):
        assert (pictures.read(row) == images[row]).all()
        assert pictures.read(row).shape == (5, 7, channels)
        mask = pictures.read_mask(row)
        assert mask.dtype == bool
        assert (mask == (masks[row] == 1)).all()
    write_manifest(tmp_path / "bare", table, ["cat", "dog", "eel"], images)
    assert Pictures(read_manifest(tmp_path / "bare")).read_mask(3) is None


def test_columns_digest_and_summary_follow_the_contract(tmp_path):
    table, images, masks = arrays()
    write_manifest(tmp_path, table.assign(true_label=table["label"]), ["cat", "dog", "eel"], images, masks)
    lines = (tmp_path / "manifest.csv").read_text().splitlines()
    assert lines[0] == "image,path,label,true_label,split,site,age,mask,digest"
    digest = hashlib.sha256(images[2].tobytes() + masks[2].tobytes()).hexdigest()[:16]
    assert lines[3] == f"p2,,eel,eel,train,a,2,images.safetensors,{digest}"
    summary = json.loads((tmp_path / "dataset.json").read_text())
    assert summary == {
        "classes": ["cat", "dog", "eel"],
        "kind": "array",
        "columns": ["site", "age"],
        "counts": {"train": {"cat": 3, "dog": 3, "eel": 2}, "test": {"cat": 1, "dog": 1, "eel": 2}},
    }


def test_one_changed_pixel_changes_one_row_of_the_table(tmp_path):
    table, images, masks = arrays()
    write_manifest(tmp_path / "a", table, ["cat", "dog", "eel"], images, masks)
    images[4, 1, 1, 0] ^= 1
    masks[7, 0, 0] ^= 1
    write_manifest(tmp_path / "b", table, ["cat", "dog", "eel"], images, masks)
    a, b = (read_manifest(tmp_path / name).table for name in "ab")
    assert np.flatnonzero((a["digest"] != b["digest"]).to_numpy()).tolist() == [4, 7]


def test_files_are_digested_with_their_masks(tmp_path):
    Image.new("RGB", (4, 3), "red").save(tmp_path / "x.png")
    Image.new("L", (4, 3), 255).save(tmp_path / "m.png")
    table = pd.DataFrame(
        {
            "image": ["x", "y"],
            "path": [str(tmp_path / "x.png")] * 2,
            "label": ["a", "a"],
            "split": ["test", "test"],
            "mask": [str(tmp_path / "m.png"), ""],
        }
    )
    write_manifest(tmp_path / "out", table, ["a"])
    manifest = read_manifest(tmp_path / "out")
    picture, mask = (tmp_path / "x.png").read_bytes(), (tmp_path / "m.png").read_bytes()
    assert manifest.table["digest"].tolist() == [
        hashlib.sha256(content).hexdigest()[:16] for content in (picture + mask, picture)
    ]
    assert Pictures(manifest).read(0).tolist() == [[[255, 0, 0]] * 4] * 3
    assert Pictures(manifest).read_mask(0).all()
    assert not (tmp_path / "out" / "images.safetensors").exists()
    assert json.loads((tmp_path / "out" / "dataset.json").read_text())["kind"] == "files"


def test_rows_labels_splits_and_groups_by_hand(tmp_path):
    table, images, _ = arrays()
    write_manifest(tmp_path, table, ["eel", "cat", "dog"], images)
    manifest = read_manifest(tmp_path)
    assert manifest.splits() == ("train", "test")
    assert manifest.rows("test").tolist() == [8, 9, 10, 11]
    assert manifest.labels().tolist() == [1, 2, 0] * 4
    assert manifest.metadata == ("site", "age")
    codes, names = manifest.groups(["site", "label"])
    assert names == tuple(f"site={s}&label={x}" for s in "ab" for x in ("cat", "dog", "eel"))
    assert [names[c] for c in codes[:3]] == ["site=a&label=cat", "site=b&label=dog", "site=a&label=eel"]
    # label and age go in step in this table, so only 3 of 9 combinations occur
    assert manifest.groups(["label", "age"])[1] == ("label=cat&age=0", "label=dog&age=1", "label=eel&age=2")
    codes, names = manifest.groups([])
    assert names == ("all",)
    assert codes.tolist() == [0] * 12


def test_text_that_looks_like_missing_stays_text(tmp_path):
    table, images, _ = arrays()
    write_manifest(tmp_path, table.assign(site=["NA", "", "007"] * 4), ["cat", "dog", "eel"], images)
    assert read_manifest(tmp_path).table["site"].tolist() == ["NA", "", "007"] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": ["p0"] * 12}, "image id 'p0' occurs more than once"),
        ({"image": [f"a/{i}" for i in range(12)]}, "image id 'a/0' is not safe as a file name"),
        ({"image": [f"..{i}" for i in range(12)]}, "image id '..0' is not safe"),
        ({"label": ["cats"] * 12}, "class 'cats' does not exist (did you mean 'cat'?)"),
        ({"split": ["training"] * 12}, "split 'training' does not exist (did you mean 'train'?)"),
    ],
)
def test_bad_tables_are_named(tmp_path, change, message):
    table, images, _ = arrays()
    with pytest.raises(InputError, match=re.escape(message)):
        write_manifest(tmp_path, table.assign(**change), ["cat", "dog", "eel"], images)
    assert not any(tmp_path.iterdir())


def test_arrays_that_do_not_fit_are_named(tmp_path):
    table, images, masks = arrays()
    for bad, mask in ((images[:5], None), (images / 255.0, None), (images[..., :2], None), (images, masks[:, 1:])):
        with pytest.raises(InputError, match="must be uint8"):
            write_manifest(tmp_path, table, ["cat", "dog", "eel"], bad, mask)
    with pytest.raises(InputError, match="no column 'label'"):
        write_manifest(tmp_path, table.drop(columns="label"), ["cat"], images)


def test_wrong_questions_are_answered(tmp_path):
    table, images, _ = arrays()
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images)
    manifest = read_manifest(tmp_path)
    with pytest.raises(InputError, match=r"manifest.csv: no picture is in split 'val'; there are: train, test"):
        manifest.rows("val")
    with pytest.raises(InputError, match=r"group column 'sites' does not exist \(did you mean 'site'\?\)"):
        manifest.groups(["sites"])
    manifest.table.loc[3, "label"] = "cow"
    with pytest.raises(InputError, match=r"image 'p3': class 'cow' does not exist"):
        manifest.labels()


def test_folders_without_a_manifest_are_named(tmp_path):
    with pytest.raises(InputError, match=r"manifest.csv does not exist"):
        read_manifest(tmp_path)
    table, images, _ = arrays()
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images)
    (tmp_path / "images.safetensors").write_bytes(b"\x00" * 20)
    with pytest.raises(InputError, match=r"images.safetensors cannot be read"):
        Pictures(read_manifest(tmp_path)).read(0)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(InputError, match=r"dataset.json is not what lucidag writes"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.csv").write_text("image,label\nx,y\n")
    (tmp_path / "dataset.json").write_text('{"classes": []}')
    with pytest.raises(InputError, match=r"manifest.csv is not a manifest: column 'path' is missing"):
        read_manifest(tmp_path)

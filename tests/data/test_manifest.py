"""The manifest: what is written is what is read, and what does not fit is named."""

import hashlib
import json
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

from lucidag.artefacts.audit import audit
from lucidag.artefacts.settings import Audit
from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.data.source import Source
from lucidag.data.store import store
from lucidag.ground.errors import InputError
from lucidag.ground.tensors import write_tensors


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
    frames = pickle.loads(pickle.dumps(Images(manifest)))
    for row in (11, 0, 5, 5):
        assert (frames.read(row) == images[row]).all()
        assert frames.read(row).shape == (5, 7, channels)
        mask = frames.read_mask(row)
        assert mask.dtype == bool
        assert (mask == (masks[row] == 1)).all()
    write_manifest(tmp_path / "bare", table, ["cat", "dog", "eel"], images)
    assert Images(read_manifest(tmp_path / "bare")).read_mask(3) is None


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
    maps, names = concepts()
    write_manifest(tmp_path / "a", table, ["cat", "dog", "eel"], images, masks, maps, names)
    images[4, 1, 1, 0] ^= 1
    masks[7, 0, 0] ^= 1
    maps["part"][9, 4, 6] ^= 1
    write_manifest(tmp_path / "b", table, ["cat", "dog", "eel"], images, masks, maps, names)
    a, b = (read_manifest(tmp_path / name).table for name in "ab")
    assert np.flatnonzero((a["digest"] != b["digest"]).to_numpy()).tolist() == [4, 7, 9]


def concepts(n=12, seed=1):
    rng = np.random.default_rng(seed)
    maps = {"colour": rng.integers(0, 3, (n, 5, 7), dtype=np.uint8), "part": rng.integers(0, 2, (n, 5, 7), np.uint8)}
    return maps, {"colour": ("red", "blue"), "part": ("tail",)}


@pytest.mark.parametrize("masked", [True, False])
def test_concepts_come_back_with_their_names(tmp_path, masked):
    table, images, masks = arrays()
    maps, names = concepts()
    source = Source(table, ("cat", "dog", "eel"), images, masks if masked else None, maps, names)
    store(tmp_path, source, 0.0, seed=0)
    manifest = read_manifest(tmp_path)
    assert manifest.concepts == names
    assert json.loads((tmp_path / "dataset.json").read_text())["concepts"] == {
        "colour": ["red", "blue"],
        "part": ["tail"],
    }
    frames = pickle.loads(pickle.dumps(Images(manifest)))
    for row in (11, 0, 5):
        found = frames.read_concepts(row)
        assert list(found) == ["colour", "part"]
        for category, values in found.items():
            assert values.dtype == np.uint8
            assert (values == maps[category][row]).all()
    content = (
        images[2].tobytes() + masks[2].tobytes() * masked + maps["colour"][2].tobytes() + maps["part"][2].tobytes()
    )
    assert manifest.table["digest"][2] == hashlib.sha256(content).hexdigest()[:16]


def test_files_have_concepts_too(tmp_path):
    Image.new("RGB", (7, 5), "red").save(tmp_path / "x.png")
    table, *_ = arrays()
    maps, names = concepts()
    source = Source(
        table.assign(path=str(tmp_path / "x.png")),
        ("cat", "dog", "eel"),
        concepts=maps,
        concept_names=names,
        irregularities={"polygons without area": 3},
    )
    store(tmp_path / "out", source, 0.0, seed=0)
    manifest = read_manifest(tmp_path / "out")
    frames = pickle.loads(pickle.dumps(Images(manifest)))
    assert (frames.read_concepts(7)["colour"] == maps["colour"][7]).all()
    assert frames.read(7).tolist() == [[[255, 0, 0]] * 7] * 5
    assert frames.read_mask(7) is None
    content = (tmp_path / "x.png").read_bytes() + maps["colour"][7].tobytes() + maps["part"][7].tobytes()
    assert manifest.table["digest"][7] == hashlib.sha256(content).hexdigest()[:16]
    summary = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert (summary["kind"], summary["irregularities"]) == ("files", {"polygons without area": 3})
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "concepts.safetensors",
        "dataset.json",
        "manifest.csv",
    ]


def test_without_concepts_there_are_none(tmp_path):
    table, images, masks = arrays()
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images, masks)
    assert read_manifest(tmp_path).concepts == {}
    assert Images(read_manifest(tmp_path)).read_concepts(3) == {}
    assert "concepts" not in json.loads((tmp_path / "dataset.json").read_text())
    with safe_open(str(tmp_path / "images.safetensors"), framework="np") as handle:
        assert sorted(handle.keys()) == ["images", "masks"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"maps": {"colour": np.zeros((12, 5, 6), np.uint8)}},
            "label maps must be uint8 (12, 5, 7), not uint8 (12, 5, 6)",
        ),
        ({"maps": {"colour": np.zeros((12, 5, 7), int)}}, "label maps must be uint8 (12, 5, 7), not int64 (12, 5, 7)"),
        ({"maps": {"colour": np.full((12, 5, 7), 3, np.uint8)}}, "the label maps hold 3, but there are only 2 names"),
        ({"names": {"colour": ("red", "red")}}, "must have different names, at least one and none empty"),
        ({"names": {"colour": ()}}, "must have different names, at least one and none empty"),
        ({"names": {"colour": ("red", "")}}, "must have different names, at least one and none empty"),
        ({"names": {}}, "category 'colour' has no names"),
        ({"maps": {}}, "category 'colour' has no label maps"),
        ({"maps": {"a/b": np.zeros((12, 5, 7), np.uint8)}, "names": {"a/b": ("x",)}}, "the name is not safe in a file"),
        (
            {"images": None, "maps": {"colour": np.zeros((11, 5, 7), np.uint8)}},
            "label maps must be uint8 (12, 5, 7), not uint8 (11, 5, 7)",
        ),
    ],
)
def test_concepts_that_do_not_fit_are_named(tmp_path, change, message):
    table, images, _ = arrays()
    given = {
        "images": images,
        "maps": {"colour": concepts()[0]["colour"]},
        "names": {"colour": ("red", "blue")},
    } | change
    with pytest.raises(InputError, match=re.escape(message)):
        write_manifest(
            tmp_path,
            table,
            ["cat", "dog", "eel"],
            given["images"],
            concepts=given["maps"],
            concept_names=given["names"],
        )
    assert not any(tmp_path.iterdir())


def test_a_summary_whose_concepts_are_something_else_is_named(tmp_path):
    table, images, _ = arrays()
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images)
    for wrong in (["red"], {"colour": 3}):
        (tmp_path / "dataset.json").write_text(json.dumps({"classes": ["cat", "dog", "eel"], "concepts": wrong}))
        with pytest.raises(InputError, match=r"dataset.json is not what lucidag writes"):
            read_manifest(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps({"classes": ["cat"], "concepts": {"colour": ["red"]}}))
    with pytest.raises(InputError, match=r"images.safetensors cannot be read"):
        Images(read_manifest(tmp_path)).read_concepts(0)


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
    image, mask = (tmp_path / "x.png").read_bytes(), (tmp_path / "m.png").read_bytes()
    assert manifest.table["digest"].tolist() == [
        hashlib.sha256(content).hexdigest()[:16] for content in (image + mask, image)
    ]
    assert Images(manifest).read(0).tolist() == [[[255, 0, 0]] * 4] * 3
    assert Images(manifest).read_mask(0).all()
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
    with pytest.raises(InputError, match=r"manifest.csv: no image is in split 'val'; there are: train, test"):
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
        Images(read_manifest(tmp_path)).read(0)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(InputError, match=r"dataset.json is not what lucidag writes"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.csv").write_text("image,label\nx,y\n")
    (tmp_path / "dataset.json").write_text('{"classes": []}')
    with pytest.raises(InputError, match=r"manifest.csv is not a manifest: column 'path' is missing"):
        read_manifest(tmp_path)


def taken_out(rows):
    return [row for number, row in enumerate(rows) if number != 4]


def swapped(rows):
    return [*rows[:4], rows[5], rows[4], *rows[6:]]


@pytest.mark.parametrize("change", [taken_out, swapped, lambda rows: rows[::-1], lambda rows: [*rows, "new"]])
@pytest.mark.parametrize("kind", ["arrays", "label maps of files"])
def test_a_table_whose_rows_are_not_those_of_the_arrays_is_refused(tmp_path, change, kind):
    table, images, masks = arrays()
    maps, names = concepts()
    if kind == "arrays":
        write_manifest(tmp_path, table, ["cat", "dog", "eel"], images, masks, maps, names)
    else:
        for name, pixels in zip(table["image"], images, strict=True):
            Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        filed = table.assign(path=[str(tmp_path / f"{name}.png") for name in table["image"]])
        write_manifest(tmp_path, filed, ["cat", "dog", "eel"], concepts=maps, concept_names=names)
    lines = (tmp_path / "manifest.csv").read_text().splitlines()
    rows = [lines[1].replace("p0,", "new,", 1) if row == "new" else row for row in change(lines[1:])]
    (tmp_path / "manifest.csv").write_text("\n".join([lines[0], *rows, ""]))
    reader = Images(read_manifest(tmp_path))
    wanted = "are not of the same images: .* in row"
    for read in [reader.read_concepts] if kind != "arrays" else [reader.read, reader.read_mask, reader.read_concepts]:
        with pytest.raises(InputError, match=wanted):
            read(0)


def test_arrays_without_ids_are_refused(tmp_path):
    table, images, _ = arrays()
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images)
    save_file({"images": images}, tmp_path / "images.safetensors")
    with pytest.raises(InputError, match="does not say which images it holds; make the data set again"):
        Images(read_manifest(tmp_path)).read(0)
    write_tensors(tmp_path / "images.safetensors", {"images": images[1:]}, {"images": table["image"].tolist()})
    with pytest.raises(InputError, match="'images' has 11 rows for 12 images"):
        Images(read_manifest(tmp_path)).read(0)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["a", "A"], "image id 'A' differs from 'a' in case alone"),
        (["a", "a"], "image id 'a' occurs more than once"),
        (["a", "a.mask"], "'a' and 'a.mask' would share files"),
        (["a", ".a"], "image id '.a' is not safe"),
        (["a", "a/b"], "image id 'a/b' is not safe"),
        (["a", "-b"], "image id '-b' is not safe"),
        (["a", "{b}"], "image id '{b}' is not safe"),
        (["a", "b."], "image id 'b.' is not safe"),
        (["a", "con"], "image id 'con' is not safe"),
        (["a", ""], "image id '' is not safe"),
        (["a", "b" * 200], "is not safe"),
        (["a", "e\u0301"], "is not safe"),
        (["a", "b.1", "\u5706", "caf\u00e9", "x~7B", "_", "7"], None),
    ],
)
def test_ids_of_a_source_of_ones_own_are_safe_and_differ(tmp_path, ids, said):
    table, images, _ = arrays()
    few = table.iloc[: len(ids)].assign(image=ids)
    if said is None:
        write_manifest(tmp_path, few, ["cat", "dog", "eel"], images[: len(ids)])
        assert read_manifest(tmp_path).table["image"].tolist() == ids
        return
    with pytest.raises(InputError, match=re.escape(said)):
        write_manifest(tmp_path, few, ["cat", "dog", "eel"], images[: len(ids)])


WORDS = ["nan", "NA", "null", "None", "inf", "True", "1e5", "007", "-"]


def test_names_that_other_tools_take_for_missing_stay_words(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (90, 8, 8, 3), dtype=np.uint8)
    labels, sites = [WORDS[row % 9] for row in range(90)], [WORDS[row // 9 % 9] for row in range(90)]
    table = pd.DataFrame({"image": [f"p{row}" for row in range(90)], "label": labels, "split": "test", "site": sites})
    write_manifest(tmp_path, table, sorted(WORDS), images)
    manifest = read_manifest(tmp_path)
    assert [manifest.classes[code] for code in manifest.labels()] == labels
    assert manifest.table["site"].tolist() == sites
    codes, names = manifest.groups(["label", "site"])
    assert [names[code] for code in codes] == [f"label={a}&site={b}" for a, b in zip(labels, sites, strict=True)]
    scores = pd.DataFrame({"image": manifest.table["image"]})
    _, found = audit(manifest.table, manifest.classes, scores, Audit(resamples=20))
    assert found["classes"] == dict.fromkeys(sorted(WORDS), 10)
    (one,) = found["associations"]
    assert sorted(one["counts"]) == sorted(set(sites))
    assert sorted(one["counts"]["nan"]) == sorted(WORDS)


def test_groups_that_would_have_one_name_are_refused(tmp_path):
    table, images, _ = arrays()
    table = table.assign(site=["x&age=1", "x"] * 6, age=["2", "1&age=2"] * 6)
    write_manifest(tmp_path, table, ["cat", "dog", "eel"], images)
    manifest = read_manifest(tmp_path)
    assert len(manifest.groups(["site", "label"])[1]) == 6
    with pytest.raises(InputError, match="two groups of site, age would have one name"):
        manifest.groups(["site", "age"])

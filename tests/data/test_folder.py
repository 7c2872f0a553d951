"""Folder sources: what a user has on disk, right and wrong."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.data.images import Images
from lucidag.data.listing import list_images
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.data.sources.folder import Folder
from lucidag.ground.errors import InputError

HALVES = {"train": 0.5, "val": 0, "test": 0.5}


def load(path, threads=4, **told):
    return Folder(source="folder", path=str(path), **{"splits": None, **told}).load(threads)


def image(path, size=(6, 4), value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value % 256, value // 2 % 256, 30)).save(path)


def table(folder, n=20, **columns):
    """Write n images and labels.csv; give the path of the CSV file and its frame."""
    for i in range(n):
        image(folder / "pics" / f"{i:02d}.png", value=i)
    frame = pd.DataFrame(
        {
            "image": [f"pics/{i:02d}.png" for i in range(n)],
            "label": ["benign" if i % 4 else "malignant" for i in range(n)],
            **columns,
        }
    )
    frame.to_csv(folder / "labels.csv", index=False)
    return folder / "labels.csv", frame


def test_a_csv_file_becomes_a_manifest_whose_images_open(tmp_path):
    site = [f"s{i % 3}" for i in range(20)]
    path, frame = table(tmp_path, site=site, note=[f"free text {i}" for i in range(20)], serial=range(20))
    frame.loc[len(frame)] = ["pics/x.png", "malignant", "s9", "free text 99", 99]
    image(tmp_path / "pics" / "x.png", value=77)
    frame.to_csv(path, index=False)
    source = load(path, splits=HALVES, seed=1)
    kept = ["image", "label", "split", "site", "note", "serial"]  # also columns of 21 different values
    assert [c for c in source.table.columns if c not in ("path", "mask")] == kept
    assert source.table["image"].tolist()[-2:] == ["pics-19", "pics-x"]
    assert source.classes == ("benign", "malignant")
    named = load(path, splits=HALVES, seed=1, groups=["label", "serial"])
    assert named.table["serial"].tolist()[-1] == "99"
    write_manifest(tmp_path / "out", source.table, source.classes)
    reader = Images(read_manifest(tmp_path / "out"))
    assert reader.read(7)[0, 0].tolist() == [7, 3, 30]
    assert reader.read(20)[0, 0].tolist() == [77, 38, 30]


def test_columns_of_other_names_root_and_masks(tmp_path):
    table(tmp_path)
    Image.fromarray(np.eye(4, 6, dtype=np.uint8) * 255).save(tmp_path / "m.png")
    rows = [f"{i:02d}.png,{'ab'[i % 2]},{'train' if i < 6 else 'test'},{'../m.png' if i else ''}" for i in range(10)]
    (tmp_path / "csv").mkdir()
    path = tmp_path / "csv" / "list.csv"
    path.write_text("\n".join(["file, target ,set,seg", *rows]), encoding="utf-8-sig")
    columns = {"image": "file", "label": "target", "split": "set", "mask": "seg"}
    source = load(path, root=str(tmp_path / "pics"), columns=columns)
    assert source.table["split"].tolist() == ["train"] * 6 + ["test"] * 4
    write_manifest(tmp_path / "out", source.table, source.classes)
    reader = Images(read_manifest(tmp_path / "out"))
    assert reader.read_mask(0) is None
    assert (reader.read_mask(3) == np.eye(4, 6, dtype=bool)).all()
    assert len(list_images(path, tmp_path / "pics", columns).files()) == 11  # ten images, one mask that nine share


def test_class_folders_and_split_folders(tmp_path):
    for i in range(8):
        image(tmp_path / "flat" / "ab"[i % 2] / "deep" / f"{i}.JPG")
    (tmp_path / "flat" / "a" / "notes.txt").write_text("no image")
    (tmp_path / "flat" / ".hidden").mkdir()
    flat = load(tmp_path / "flat", splits=HALVES, seed=0)
    assert flat.table["image"].tolist() == [f"a-deep-{i}" for i in (0, 2, 4, 6)] + [f"b-deep-{i}" for i in (1, 3, 5, 7)]
    assert flat.table["label"].tolist() == list("aaaabbbb")
    assert flat.table.groupby("label")["split"].value_counts().tolist() == [2, 2, 2, 2]

    for split, n in (("train", 3), ("val", 1), ("test", 2)):
        for i in range(n):
            image(tmp_path / "split" / split / "a" / f"{i}.png")
            image(tmp_path / "split" / split / "b" / f"{i}.png")
    split = load(tmp_path / "split")
    assert split.table["split"].value_counts().to_dict() == {"train": 6, "val": 2, "test": 4}
    assert split.table["image"].iloc[-1] == "test-b-1"
    assert list_images(tmp_path / "split").files() == split.table["path"].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_patient_is_never_on_both_sides(tmp_path, seed):
    patients = [f"p{i // 3}" for i in range(60)]
    path, _ = table(tmp_path, n=60, patient=patients)
    source = load(path, columns={"id": "patient"}, splits={"train": 0.6, "val": 0.2, "test": 0.2}, seed=seed)
    assert source.table["id"].tolist() == patients
    sides = source.table["split"].groupby(patients).nunique()
    assert (sides == 1).all()
    assert source.table["split"].value_counts()["train"] == pytest.approx(36, abs=4)
    # without the column the same table does share patients
    plain = load(path, columns={"id": None}, splits={"train": 0.6, "val": 0.2, "test": 0.2}, seed=seed)
    assert (plain.table["split"].groupby(patients).nunique() > 1).any()


def test_ids_are_safe_and_differ(tmp_path):
    for name in ("a.png", "a.jpg", "b c.png", "d/é.png", "..e.png"):
        image(tmp_path / name)
    rows = [f"{name},x,test" for name in ("a.png", "a.jpg", "b c.png", "d/é.png", "..e.png")]
    (tmp_path / "t.csv").write_text("\n".join(["image,label,split", *rows]))
    assert load(tmp_path / "t.csv").table["image"].tolist() == ["a_png", "a_jpg", "b_c", "d-é", "__e"]


def test_the_number_of_threads_changes_nothing(tmp_path):
    path, _ = table(tmp_path)
    one, many = (load(path, splits=HALVES, threads=n).table for n in (1, 8))
    pd.testing.assert_frame_equal(one, many)


def fails(message, path, **arguments):
    with pytest.raises(InputError) as caught:
        load(path, **{"splits": HALVES, **arguments})
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_images_are_gathered_in_one_sentence(tmp_path):
    path, _ = table(tmp_path)
    pics = tmp_path / "pics"
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(pics / "03.png")
    (pics / "03.png").write_bytes((pics / "03.png").read_bytes()[:2000])
    fails(r"labels.csv: 1 image cannot be used: pics/03.png \(line 5\): it is truncated$", path)
    (pics / "07.png").write_bytes(b"")
    (pics / "09.png").unlink()
    (pics / "11.png").write_text("text")
    (pics / "12.png").unlink()
    fails(
        r"labels.csv: 5 images cannot be used: pics/03.png \(line 5\): it is truncated; "
        r"pics/07.png \(line 9\): it is empty; pics/09.png \(line 11\): the file does not exist; and 2 more$",
        path,
    )


def test_bad_masks_are_named(tmp_path):
    path, _ = table(tmp_path, mask=["m.png"] * 20)
    fails(r"20 images .* pics/00.png \(line 2\): its mask .*m.png: the file does not exist", path)
    Image.new("L", (6, 5)).save(tmp_path / "m.png")
    fails(r"its mask .*m.png is 6 x 5 pixels, the image 6 x 4", path)


def test_bad_labels_and_classes_are_named(tmp_path):
    path, frame = table(tmp_path)
    fails(
        r"labels.csv, pics/00.png \(line 2\): class 'malignant' does not exist \(did you mean 'malign'\?\)",
        path,
        classes=["benign", "malign"],
    )
    fails(r"class 'other' has no image; there are: benign, malignant", path,
          classes=["benign", "malignant", "other"])  # fmt: skip
    fails(r"class 'benign' is listed twice", path, classes=["benign", "malignant", "benign"])
    assert load(path, splits=HALVES, classes=["malignant", "benign"]).classes == ("malignant", "benign")
    frame.assign(label=["", *frame["label"][1:]]).to_csv(path, index=False)
    fails(r"labels.csv, line 2: column 'label' is empty", path)


def test_bad_splits_are_named(tmp_path):
    path, frame = table(tmp_path)
    fails(r"labels.csv names no splits; give 'splits'", path, splits=None)
    frame.assign(split="train").to_csv(path, index=False)
    fails(r"no image is in split 'test'; there are: train", path)
    frame.assign(split=["trian"] * 20).to_csv(path, index=False)
    fails(r"pics/00.png \(line 2\): split 'trian' does not exist \(did you mean 'train'\?\)", path)
    sides = ["train", "test"] * 10
    frame.assign(split=sides, patient=[f"p{i // 2}" for i in range(20)]).to_csv(path, index=False)
    fails(
        r"id 'p0' is in two splits, pics/00.png \(line 2\) in train and pics/01.png \(line 3\) in test",
        path,
        columns={"id": "patient"},
    )
    assert load(path, columns={"split": None}, splits=HALVES).table["split"].tolist() != sides


def test_bad_csv_files_are_named(tmp_path):
    path, frame = table(tmp_path, site=["a", "b"] * 10)
    fails(r"label.csv does not exist \(did you mean 'labels.csv'\?\)", tmp_path / "label.csv")
    fails(r"column 'images' does not exist \(did you mean 'image'\?\)", path, columns={"image": "images"})
    fails(r"column 'segm' does not exist", path, columns={"mask": "segm"})
    with pytest.raises(InputError, match=r"role 'picture' does not exist"):
        list_images(path, columns={"picture": "image"})
    fails(r"group column 'sites' does not exist \(did you mean 'site'\?\)", path, groups=["sites"])
    frame.assign(path="x").to_csv(path, index=False)
    fails(r"column 'path' is called 'table_path'", path, groups=["path"])
    assert (load(path, splits=HALVES, groups=["table_path"]).table["table_path"] == "x").all()
    assert load(path, splits=HALVES).table["path"].iloc[0] == (tmp_path / "pics/00.png").as_posix()
    pd.concat([frame, frame[4:5]]).to_csv(path, index=False)
    fails(
        r"image pics/04.png \(line 6\) is listed again in line 22; each image may occur once",
        path,
    )
    for text, message in (
        ("", "is empty; its first line must name the columns"),
        ("image,label\n", "has a header but no row"),
        ("image,label\na.png,x,y\n", "line 2: 3 values, the header names 2"),
        ("image,label\n\n\na.png\n", "line 4: 1 values, the header names 2"),
        ("image,label,label\na,b,c\n", "column 'label' occurs more than once"),
        ("image,finding\na,b\n", "column 'label' does not exist; there are: image, finding"),
        ('image,label\n"a,b\n', "is no CSV file"),
    ):
        path.write_text(text)
        fails(message, path)
    path.write_bytes(b"image,label\n\xff\x81,b\n")
    fails("is no CSV file in UTF-8", path)


def test_bad_folders_are_named(tmp_path):
    (tmp_path / "pics").mkdir()
    fails(r"pics has no class sub-folders", tmp_path / "pics")
    (tmp_path / "pics" / "a").mkdir()
    fails(r"class folder 'a' has no image; remove it", tmp_path / "pics")
    for name in ("train", "test", "vale"):
        image(tmp_path / "split" / name / "a" / "x.png")
    fails(r"split 'vale' does not exist \(did you mean 'val'\?\)", tmp_path / "split")


def test_listing_needs_the_standard_library_alone():
    code = (
        "import sys, lucidag.data.listing; "
        "print([m for m in ('numpy', 'pandas', 'PIL', 'torch', 'tqdm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_data_module_imports_torch():
    code = (
        "import sys, lucidag.data.folder, lucidag.data.mnist, lucidag.data.sources.digits, lucidag.data.lesions; "
        "print([m for m in ('torch', 'torchvision') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.shared_data
def test_the_real_dermoscopic_set(shared_data, tmp_path):
    path = shared_data / "isic2018" / "labels.csv"
    files = list_images(path).files()
    assert len(files) == 2 * 1997
    source = load(path, splits={"train": 0.7, "val": 0.1, "test": 0.2}, seed=0, groups=["label", "patches"])
    write_manifest(tmp_path, source.table, source.classes)
    manifest = read_manifest(tmp_path)
    codes, names = manifest.groups(["label", "patches"])
    # counted in the CSV file with a text tool
    assert dict(zip(names, np.bincount(codes).tolist(), strict=True)) == {
        "label=benign&patches=0": 1455,
        "label=benign&patches=1": 142,
        "label=malignant&patches=0": 398,
        "label=malignant&patches=1": 2,
    }
    assert manifest.metadata == ("patches", "dark_corner", "hair", "gel_border", "gel_bubble", "ruler", "ink")
    for label, number in ((0, 1597), (1, 400)):
        for split, share in (("train", 0.7), ("val", 0.1), ("test", 0.2)):
            assert abs((manifest.labels()[manifest.rows(split)] == label).sum() - share * number) < 1
    reader = Images(manifest)
    for row in range(0, 1997, 400):
        assert reader.read(row).shape == (*reader.read_mask(row).shape, 3)
        assert 0 < reader.read_mask(row).mean() < 1


def test_of_a_table_that_stands_for_its_images_only_the_header_is_read_before_anything_runs(tmp_path):
    file = tmp_path / "many.csv"
    file.write_text("image,finding\nmissing.jpg,a\nbad line\n")
    told = {"source": "folder", "path": str(file), "columns": {"label": "finding"}, "track": "table"}
    assert Folder(**told).files() == [str(file)]
    with pytest.raises(InputError, match=r"path: .*column 'label' does not exist.*image, finding"):
        Folder(**{**told, "columns": {}}).files()
    with pytest.raises(InputError, match="line 3: 1 values, the header names 2"):
        Folder(**{**told, "track": "images"}).files()


def test_a_image_without_an_id_stands_for_itself(tmp_path):
    path, _ = table(tmp_path, patient=["p", "p", "p", "p", *[""] * 16])
    found = load(path, columns={"id": "patient"}, splits=HALVES).table
    assert found["split"].value_counts().to_dict() == {"train": 10, "test": 10}
    assert found["split"][:4].nunique() == 1


@pytest.mark.parametrize(
    ("told", "split", "patients"),
    [
        ({}, True, True),
        ({"split": None}, False, True),
        ({"split": None, "id": None}, False, False),
        ({"split": "split", "id": "id"}, True, True),
    ],
)
def test_a_column_of_a_roles_own_name_has_that_role_unless_null_is_said(tmp_path, told, split, patients):
    sides = ["train", "train", "test", "test"] * 5
    path, _ = table(tmp_path, split=sides, id=[f"p{i // 2}" for i in range(20)])
    words = {
        "datasets": {"d": {"source": "folder", "path": str(path), "columns": told}},
        "models": {"m": {"dataset": "d", "architecture": "resnet18", "train": {}}},
    }
    settings = job_settings(Plan(load_config(words, "c.yaml")), "data", {"dataset": "d"})
    found = Folder.model_validate(settings).load().table
    assert (found["split"].tolist() == sides) == split
    assert ("id" in found) == patients
    if patients:
        assert (found.groupby("id")["split"].nunique() == 1).all()


def test_a_column_that_is_named_must_be_there_even_under_its_roles_own_name(tmp_path):
    path, _ = table(tmp_path)
    assert Folder(source="folder", path=str(path)).files()
    with pytest.raises(InputError, match=r"path: .*column 'id' does not exist; there are: image, label"):
        Folder(source="folder", path=str(path), columns={"id": "id"}).files()

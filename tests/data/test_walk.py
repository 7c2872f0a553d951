"""Which files below a folder are images, and what is said of the others."""

import os

import pytest
from PIL import Image
from pydantic import ValidationError

from lucidag.data.layout import OUTSIDE
from lucidag.data.listing import list_images
from lucidag.data.roles import split_of
from lucidag.data.sources.folder import Folder
from lucidag.data.walk import BROKEN, CIRCLE, HIDDEN, NEVER, NO_FILE, SAID, SUFFIX, USUAL, pillow_suffixes, walk
from lucidag.ground.errors import InputError


def touch(root, *names):
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def test_suffixes_are_those_that_pillow_can_decode():
    Image.init()
    assert pillow_suffixes() >= USUAL
    assert not NEVER & pillow_suffixes()
    assert {".jp2", ".avif", ".tga", ".jfif", ".pbm", ".ico"} <= pillow_suffixes()
    assert not {".pdf", ".h5", ".mpg", ".mp4", ".grib"} & pillow_suffixes()


@pytest.mark.parametrize("name", ["a.PNG", "a.JpEg", "a.jp2", "a.AVIF", "a.tga", "a.b.webp"])
def test_a_suffix_counts_in_any_case(tmp_path, name):
    touch(tmp_path, name, "a.txt", "README", "a.xyz", "png")
    tree = walk(tmp_path)
    assert tree.images == [(name,)]
    assert tree.left_out == {SUFFIX: 4}


@pytest.mark.parametrize(
    "helper",
    [
        *(
            ".ipynb_checkpoints",
            "__MACOSX",
            "@eaDir",
            "$RECYCLE.BIN",
            "lost+found",
            ".git",
            "System Volume Information",
        ),
        *(".Trash-1000", "__pycache__", ".thumbnails"),
    ],
)
@pytest.mark.parametrize("above", ["", "a/", "a/deep/"])
def test_what_systems_make_is_no_part_of_a_data_set_at_any_depth(tmp_path, helper, above):
    touch(tmp_path, "a/0.png", "b/0.png", f"{above}{helper}/1.png", f"{above}{helper}/more/2.png", f"{above}._3.png")
    touch(tmp_path, f"{above}Thumbs.db", f"{above}.DS_Store", f"{above}{helper}/config")
    listing = list_images(tmp_path)
    assert [entry.relative for entry in listing.entries] == ["a/0.png", "b/0.png"]
    assert listing.left_out == {HIDDEN: 3}
    assert listing.notes[0].startswith(f"left out: 3 {HIDDEN} (")
    assert helper in listing.notes[0]


@pytest.mark.parametrize("above", [".cache", "__MACOSX", "lost+found", "train", "test"])
def test_the_name_of_the_data_set_and_those_above_it_do_not_matter(tmp_path, above):
    touch(tmp_path, f"{above}/.set/a/0.png", f"{above}/.set/b/0.png")
    listing = list_images(tmp_path / above / ".set")
    assert [(entry.label, entry.split) for entry in listing.entries] == [("a", None), ("b", None)]
    assert not listing.left_out
    assert not listing.notes


def test_links_are_followed_once_and_those_that_lead_nowhere_are_counted(tmp_path):
    touch(tmp_path, "set/a/0.png", "set/b/0.png", "elsewhere/c/0.png", "elsewhere/1.png")
    (tmp_path / "set" / "c").symlink_to(tmp_path / "elsewhere" / "c", target_is_directory=True)
    (tmp_path / "set" / "a" / "1.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "set" / "a" / "2.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "set" / "b" / "self").symlink_to(tmp_path / "set" / "b", target_is_directory=True)
    (tmp_path / "elsewhere" / "c" / "back").symlink_to(tmp_path / "set", target_is_directory=True)
    os.mkfifo(tmp_path / "set" / "b" / "pipe.png")
    listing = list_images(tmp_path / "set")
    assert [entry.relative for entry in listing.entries] == ["a/0.png", "a/1.png", "b/0.png", "c/0.png"]
    assert listing.left_out == {BROKEN: 1, CIRCLE: 2, NO_FILE: 1}
    (tmp_path / "linked").symlink_to(tmp_path / "set", target_is_directory=True)
    assert len(list_images(tmp_path / "linked").entries) == 4


def test_what_the_user_names_is_left_out(tmp_path):
    touch(tmp_path, "images/a/0.png", "images/b/0.png", "masks/a/0.png", "masks/b/0.png", "images/a/0_SEG.png")
    listing = list_images(tmp_path, leave_out=["Masks", "*_seg.png"])
    assert [entry.label for entry in listing.entries] == ["a", "b"]
    assert listing.left_out == {SAID: 3}


def test_a_name_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    try:
        (tmp_path / "a" / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    with pytest.raises(InputError, match=r"a holds a name that is not UTF-8, .*rename it"):
        list_images(tmp_path)


def test_an_empty_file_is_named_before_anything_runs(tmp_path):
    touch(tmp_path, "a/0.png", "b/0.png")
    (tmp_path / "b" / "1.png").touch()
    with pytest.raises(InputError, match=r"names files that are empty: .*b/1.png$"):
        Folder(source="folder", path=str(tmp_path)).files()


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train TRAIN training Trn train_images train-set"),
        ("val", "val valid Validation dev eval val_images"),
        ("test", "test Testing tst TEST test.data testset"),
        (None, "trains detrain value tests circle images 0 attest seg_train"),
    ],
)
def test_the_usual_names_of_splits(split, names):
    found = {name: split_of(name) for name in names.split()}
    assert set(found.values()) == {split}


def test_further_names_of_splits(tmp_path):
    touch(tmp_path, "Fit/a/0.png", "holdout/a/1.png", "val/a/2.png")
    listing = list_images(tmp_path, split_names={"train": ["fit"], "test": ["val", "Holdout"]})
    assert [(entry.split, entry.relative) for entry in listing.entries] == [
        ("train", "Fit/a/0.png"),
        ("test", "holdout/a/1.png"),
        ("test", "val/a/2.png"),
    ]
    assert "taken for splits: 'Fit' for train, 'holdout' for test, 'val' for test" in listing.notes
    touch(tmp_path / "none", "train/a/0.png", "test/a/1.png", "train/2.png")
    classes = list_images(tmp_path / "none", split_folders=False)
    assert [(entry.label, entry.split) for entry in classes.entries] == [
        ("test", None),
        ("train", None),
        ("train", None),
    ]
    table = tmp_path / "t.csv"
    table.write_text("image,label,split\n0.png,a,Fit\n1.png,b,TESTING\n2.png,b,dev\n")
    found = list_images(table, split_names={"train": ["fit"]})
    assert [entry.split for entry in found.entries] == ["train", "test", "val"]


@pytest.mark.parametrize(
    ("files", "labels", "said"),
    [
        ("set/a/0.png set/b/0.png set/preview.png", "a b", "folder 'set' holds all classes"),
        ("a/0.png b/0.png preview.png", "a b", OUTSIDE),
        ("set/set/a/0.png set/set/b/0.png", "a b", "folder 'set/set' holds all classes"),
        ("set/train/a/0.png set/test/b/0.png", "a b", "folder 'set' holds all classes"),
        ("train/images/a/0.png train/images/b/0.png test/a/0.png test/b/0.png", "a b a b", "folder 'images' holds all"),
        ("train/images/a/0.png test/images/a/0.png", "a a", "folder 'images' holds all"),
        ("seg/a/x/0.png seg/b/y/0.png", "a b", "folders below a class are part of it: a/x, b/y"),
        ("a/0.png annotations.xml b/0.png", "a b", SUFFIX),
        ("images/a/0.png images/b/0.png annotations/0.xml", "a b", "folder 'images' holds all classes"),
        ("train/a/0.png test/a/0.png test/b/0.png", "a a b", "train has no image of class b"),
        ("train/a/0.png train/b/0.png val/a/0.png test/a/0.png", "a b a a", "val has no image of class b"),
        (
            "seg_train/seg_train/a/0.png seg_test/seg_test/b/1.png",
            "a b",
            "taken for splits: 'seg_test' for test, 'seg_t",
        ),
        ("test-tube/x/0.png beaker/y/0.png", "beaker test-tube", "folders below a class"),
        ("only/0.png only/1.png", "only only", "all images are of one class, only"),
        ("train/a/0.png test/a/0.png test/stray.png", "a a", OUTSIDE),
        ("train/0.png bus/0.png", "bus train", ""),
    ],
)
def test_a_folder_that_is_no_class_is_not_taken_for_one_and_guesses_are_said(tmp_path, files, labels, said):
    touch(tmp_path, *files.split())
    section = Folder(source="folder", path=str(tmp_path))
    assert [entry.label for entry in section.listing().entries] == labels.split()
    assert any(said in note for note in section.notes() or [""])


def test_listed_classes_say_which_level_is_meant(tmp_path):
    touch(tmp_path, *[f"{site}/{kind}/0.png" for site in ("north", "south") for kind in ("cat", "dog")])
    with pytest.raises(InputError, match="folders north, south all hold folders cat, dog; which are the classes"):
        list_images(tmp_path)
    for listed in (["north", "south"], ["cat", "dog"]):
        assert {entry.label for entry in list_images(tmp_path, classes=listed).entries} == set(listed)
    touch(tmp_path / "flat", "images/0.png", "masks/0.png")
    assert len(list_images(tmp_path / "flat", classes=["images", "masks"]).entries) == 2


@pytest.mark.parametrize(
    ("label", "several"),
    [
        (["cat", "dog", "cat|dog"], True),
        (["cat;dog", "dog;bird", "cat;bird"], True),
        (["Effusion|Mass", "Mass", "Effusion", "No Finding"], True),
        (["[0]", "[0, 1]", "[1]"], True),
        (["a, b", "a", "b"], True),
        (["tench, Tinca tinca", "goldfish, Carassius auratus", "missile", "projectile, missile"], False),
        (["cat/dog", "bird"], False),
        (["left/front", "left/back", "right/front", "right/back"], False),
        (["AC/DC", "R&B", "C++", "a+b"], False),
        (["black and white", "black", "white"], False),
    ],
)
def test_several_labels_at_once_are_refused_before_anything_runs(tmp_path, label, several):
    rows = [f'{number}.png,"{one}"' for number, one in enumerate(label)]
    touch(tmp_path, *[f"{number}.png" for number in range(len(label))])
    (tmp_path / "t.csv").write_text("\n".join(["image,label", *rows]))
    section = Folder(source="folder", path=str(tmp_path / "t.csv"))
    if several:
        with pytest.raises(InputError, match="is several labels at once, and an image can have one class only"):
            section.files()
    else:
        assert sorted(section.known_classes()) == sorted(label)


def test_a_name_that_looks_like_several_labels_can_be_listed(tmp_path):
    (tmp_path / "t.csv").write_text("image,label\n0.png,black\n1.png,white\n2.png,black & white\n")
    with pytest.raises(InputError, match="'black & white' is several labels at once"):
        list_images(tmp_path / "t.csv")
    listed = ["black", "white", "black & white"]
    assert len(list_images(tmp_path / "t.csv", classes=listed).entries) == 3


@pytest.mark.parametrize("columns", [["cat"], [], ["cat", "dog", "cat"]])
def test_columns_of_classes_are_two_or_more_and_differ(tmp_path, columns):
    with pytest.raises(ValidationError, match=r"of two classes or more|'cat' is listed twice"):
        Folder(source="folder", path=str(tmp_path), columns={"label": columns})

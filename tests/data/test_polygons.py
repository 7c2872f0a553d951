"""Polygons: label maps against hand-made and independently painted ones, and what real files have wrong."""

import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from PIL import Image

from lucidag.data.images import Images
from lucidag.data.labelme import Polygon, annotated, files_of, read_annotation, read_names
from lucidag.data.manifest import read_manifest
from lucidag.data.order import class_order
from lucidag.data.polygons import paint
from lucidag.data.sources.polygons import Polygons
from lucidag.data.store import store
from lucidag.ground.errors import InputError

CLASSES = "/a/abbey 0\n/b/bakery/shop 1\n/z/zoo 2\n"
OBJECTS = "bed 0\ncat 1\nlamp 2\n"
HALVES = {"train": 0.5, "val": 0, "test": 0.5}


def load(path, splits=None, **told):
    return Polygons(source="polygons", path=str(path), splits=splits, **told).load()


def xml(label, *objects):
    """Write an annotation; an object is (number, corners)."""
    parts = [f"<filename>x.jpg</filename><folder>/a</folder><class>{label}</class>"]
    for number, corners in objects:
        points = "".join(f"<pt><x>{x}</x>\n<y>{y}</y></pt>" for x, y in corners)
        parts.append(f"<objects><class>{number}</class><polygon>{points}</polygon></objects>")
    return "\n".join(parts)


def box(left, top, right, bottom):
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


@pytest.fixture
def source(tmp_path):
    """Make a source of 12 images of 12 x 10 pixels, 6 of two classes each."""
    (tmp_path / "categories.txt").write_text(CLASSES)
    (tmp_path / "object_categories.txt").write_text(OBJECTS)
    for label, folder in ((0, "a/abbey"), (1, "b/bakery/shop")):
        for index in range(6):
            for top in ("images", "objects"):
                (tmp_path / top / "train" / folder).mkdir(parents=True, exist_ok=True)
            name = f"{index:08d}"
            Image.new("RGB", (12, 10), (20 * index, 30, 40)).save(tmp_path / "images/train" / folder / f"{name}.jpg")
            content = xml(label, (0, box(1, 1, 4, 3)), (1, box(2, 2, 3, 3)))
            (tmp_path / "objects/train" / folder / f"{name}.xml").write_text(content)
    return tmp_path


def change(source, content, which="a/abbey/00000002"):
    (source / "objects/train" / f"{which}.xml").write_text(content)


def test_a_source_becomes_a_manifest_with_label_maps(source):
    found = load(source, HALVES, seed=3)
    assert found.classes == ("abbey", "bakery/shop")
    assert found.table["image"].tolist()[5:7] == ["a-abbey-00000005", "b-bakery-shop-00000000"]
    assert found.table["split"].value_counts().to_dict() == {"train": 6, "test": 6}
    # the lamp is nowhere
    assert found.irregularities == {"object names without a pixel": 1}
    store(source / "out", found, 0.0, seed=0)
    manifest = read_manifest(source / "out")
    assert manifest.concepts == {"object": ("bed", "cat", "lamp")}
    reader = Images(manifest)
    expected = np.zeros((10, 12), dtype=np.uint8)
    expected[0:3, 0:4] = 1
    expected[1:3, 1:3] = 2
    assert (reader.read_concepts(4)["object"] == expected).all()
    assert reader.read(4).shape == (10, 12, 3)


def test_the_largest_is_painted_first_whatever_the_order():
    big, small = Polygon(0, tuple(box(1, 1, 8, 8))), Polygon(1, tuple(box(3, 3, 5, 5)))
    assert (paint([big, small], 10, 10) == paint([small, big], 10, 10)).all()
    assert (paint([small, big], 10, 10) == 2).sum() == 9
    # of equal ones the later is seen
    assert set(np.unique(paint([Polygon(0, big.points), Polygon(2, big.points)], 10, 10))) == {0, 3}


@pytest.mark.parametrize("seed", range(5))
def test_painted_pixels_are_those_inside(seed):
    # By matplotlib's point-in-polygon test; near the outline, where corners are rounded, either answer is right.
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    reach = rng.uniform(5, 15, 9)
    corners = np.stack([20 + reach * np.cos(angles), 16 + reach * np.sin(angles)], axis=1)
    painted = paint([Polygon(4, tuple(map(tuple, corners)))], 32, 40)
    y, x = np.mgrid[1:33, 1:41]
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    start, along = corners, np.roll(corners, -1, axis=0) - corners
    place = ((centres[:, None] - start) * along).sum(axis=2) / (along**2).sum(axis=1)
    nearest = start + np.clip(place, 0, 1)[:, :, None] * along
    far = (np.linalg.norm(centres[:, None] - nearest, axis=2).min(axis=1) > 1.3).reshape(32, 40)
    inside = Outline(corners).contains_points(centres).reshape(32, 40)
    assert (painted[inside & far] == 5).all()
    assert (painted[~inside & far] == 0).all()
    assert (inside & far).sum() > 20


@pytest.mark.parametrize(
    ("points", "area"), [(box(1, 1, 4, 3), 6), ([(0, 0), (4, 0), (0, 3)], 6), ([(0, 0), (2, 2), (4, 4)], 0)]
)
def test_area(points, area):
    assert Polygon(0, tuple(points)).area == area
    assert Polygon(0, tuple(points[::-1])).area == area


def test_what_cannot_be_painted_is_counted(source):
    change(
        source,
        xml(0, (0, box(-5, 1, 40, 3)), (9, box(1, 1, 4, 4)), (2, [(1, 1), (2, 2)]), (2, [(1, 1), (2, 2), (4, 4)]))
        + "<objects><class>1</class></objects>"
        + "<objects><class>bed</class></objects>"
        + "<objects><class>1</class><polygon><pt><x>1</x><y>two</y></pt></polygon></objects>"
        + "<objects><class>1</class><polygon><pt><x>1e30</x><y>2</y></pt></polygon></objects>",
    )
    change(source, xml(0), "a/abbey/00000003")
    (source / "objects/train/a/abbey/00000001.xml").unlink()
    (source / "images/train/b/bakery/shop/00000001.jpg").unlink()
    found = load(source, HALVES)
    assert found.irregularities == {
        "annotations without image": 1,
        "object names without a pixel": 1,
        "objects of unknown number": 2,
        "objects without polygon": 1,
        "images without annotation": 1,
        "images without polygon": 1,
        "polygons that leave the image": 1,
        "polygons with unreadable points": 2,
        "polygons without area": 2,
    }
    assert found.table["image"].tolist().count("a-abbey-00000001") == 0
    row = found.table["image"].tolist().index("a-abbey-00000002")
    expected = np.zeros((10, 12), dtype=np.uint8)
    expected[0:3] = 1
    assert (found.concepts["object"][row] == expected).all()
    assert not found.concepts["object"][row + 1].any()


@pytest.mark.parametrize("head", ['<?xml version="1.0"?>\n', "", "\n"])
@pytest.mark.parametrize("root", [True, False])
def test_a_root_element_and_a_declaration_are_allowed(tmp_path, head, root):
    content = xml(1, (2, box(1, 1, 4, 3)))
    (tmp_path / "x.xml").write_text(head + (f"<annotation>{content}</annotation>" if root else content))
    found = read_annotation(tmp_path / "x.xml", ["a", "b"], ["bed", "cat", "lamp"])
    assert found.label == 1
    assert found.polygons == (Polygon(2, tuple((float(x), float(y)) for x, y in box(1, 1, 4, 3))),)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<class>0</class><objects>", "00000002.xml is no XML: mismatched tag"),
        ("", "the image's class is 'None'; allowed: 0 to 2"),
        ("<class>3</class>", "the image's class is '3'; allowed: 0 to 2"),
        ("<class>-1</class>", "the image's class is '-1'"),
        ("<class>0</class><class>2</class>", "several classes at once (0, 2)"),
        ("\x00", "is no XML"),
    ],
)
def test_broken_annotations_are_named(source, content, sentence):
    change(source, content)
    with pytest.raises(InputError, match=re.escape(sentence)) as caught:
        load(source, HALVES)
    assert "a/abbey/00000002.xml" in str(caught.value)


def test_many_faults_are_one_sentence(source):
    for index in range(5):
        change(source, "<a>", f"a/abbey/0000000{index}")
    (source / "images/train/b/bakery/shop/00000001.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"00000000.xml .*; .*00000001.xml .*; .*00000002.xml .*; and 3 more$"):
        load(source, HALVES)


def test_unreadable_images_and_other_sizes_are_named(source):
    image = source / "images/train/b/bakery/shop/00000001.jpg"
    Image.new("RGB", (12, 11)).save(image)
    with pytest.raises(
        InputError, match=r"must have one size, but .*abbey/00000000.jpg is 12 x 10 .*shop/00000001.jpg 12 x 11"
    ):
        load(source, HALVES)
    image.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"shop/00000001.jpg cannot be read as an image"):
        load(source, HALVES)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("bed 0\ncat\n", "line 2: 'cat' is no name with its number"),
        ("bed 0\n\ncat 1\n", "line 2: '' is no name with its number"),
        ("bed 0\ncat 0\n", "line 2: name 'cat' or number 0 is listed twice"),
        ("bed 0\nbed 1\n", "line 2: name 'bed' or number 1 is listed twice"),
        ("bed 0\ncat 2\n", "number 1 is missing"),
        ("", "number 0 is missing"),
    ],
)
def test_bad_lists_of_names_are_named(source, content, sentence):
    (source / "object_categories.txt").write_text(content)
    with pytest.raises(InputError, match=re.escape(f"object_categories.txt{',' * (sentence[0] == 'l')}")) as caught:
        load(source, HALVES)
    assert sentence in str(caught.value)


def test_names_in_any_order_and_below_their_letter(tmp_path):
    (tmp_path / "n.txt").write_text("/t/track/outdoor 1\n/a/b c 2\n/abbey 0\n/b/art 3\n")
    # only a folder of the name's own first letter is no part of it
    assert read_names(tmp_path / "n.txt") == ("/abbey", "track/outdoor", "/a/b c", "/b/art")


def test_classes_can_be_chosen_and_small_ones_left_out(source):
    found = load(source, HALVES, classes=["bakery/shop"])
    assert found.classes == ("bakery/shop",)
    assert len(found.concepts["object"]) == len(found.table) == 6
    assert found.irregularities["images of other classes"] == 6
    change(source, xml(2, (2, box(1, 1, 3, 3))))
    assert load(source, {"train": 0, "val": 0, "test": 1.0}).classes == ("abbey", "bakery/shop", "zoo")
    few = load(source, HALVES, min_images=5)
    assert few.classes == ("abbey", "bakery/shop")
    assert few.irregularities["classes with too few images"] == 1
    assert few.irregularities["object names without a pixel"] == 1
    with pytest.raises(InputError, match="no class has 7 images or more; the largest has 6"):
        load(source, HALVES, min_images=7)
    with pytest.raises(InputError, match=r"class 'abbay' does not exist \(did you mean 'abbey'\?\)"):
        load(source, HALVES, classes=["abbay"])
    with pytest.raises(InputError, match="listed twice"):
        load(source, HALVES, classes=["abbey", "abbey"])


def test_folders_may_name_the_splits(source):
    with pytest.raises(InputError, match=r"no folder images/test; there are: train; give 'splits'"):
        load(source)
    for top in ("images", "objects"):
        (source / top / "train/b").rename(source / top / "b")
        (source / top / "test").mkdir()
        (source / top / "b").rename(source / top / "test/b")
    found = load(source)
    assert found.table["split"].tolist() == ["test"] * 6 + ["train"] * 6
    assert found.table["image"].tolist()[0] == "test-b-bakery-shop-00000000"
    # where another folder stands beside them, they are no splits
    (source / "images/more").mkdir()
    with pytest.raises(InputError, match=r"no folder images/test; give 'splits'"):
        load(source)


def test_missing_parts_are_named(source):
    files = files_of(source)
    assert len(files) == 2 + 2 * 12
    assert all((source / file).is_file() for file in files)
    Image.new("RGB", (12, 10)).save(source / "images/train/a/abbey/00000001.png")
    with pytest.raises(InputError, match=r"00000001.jpg and .*00000001.png are two images for one annotation"):
        annotated(source)
    (source / "object_categories.txt").unlink()
    for read in (files_of, load):
        with pytest.raises(InputError, match=r"object_categories.txt (does not exist|cannot be read)"):
            read(source)
    with pytest.raises(InputError, match=r"images does not exist; polygons need the folders"):
        annotated(source / "images")
    (source / "images/images").mkdir()
    (source / "images/objects").mkdir()
    with pytest.raises(InputError, match="no image in images/ has an XML file"):
        annotated(source / "images")


def test_more_names_than_a_label_map_holds(source):
    (source / "object_categories.txt").write_text("".join(f"o{i} {i}\n" for i in range(256)))
    with pytest.raises(InputError, match="has 256 names; a label map holds 255"):
        load(source, HALVES)


def test_the_listing_needs_the_standard_library_only(root):
    seen = "import sys, lucidag.data.labelme; print(any(m in sys.modules for m in ('numpy', 'pandas', 'PIL', 'torch')))"
    assert subprocess.check_output([sys.executable, "-c", seen], cwd=root, text=True).strip() == "False"


@pytest.mark.shared_data
@pytest.mark.long
def test_real_images(shared_data, tmp_path):
    source = shared_data / "miniplaces"
    found = load(source, {"train": 0.6, "val": 0.2, "test": 0.2}, seed=0, min_images=20)
    assert len(found.classes) == 32
    assert len(found.table) == 2858
    assert found.irregularities["images of other classes"] == 3502 - 2858
    assert found.irregularities["classes with too few images"] == 97 - 32
    assert len(found.concept_names["object"]) == 175
    maps = found.concepts["object"]
    assert maps.shape == (2858, 128, 128)
    # 203 of the 300 bedrooms have the outline of a bed (the lists are not complete), and hardly a kitchen has.
    bed = 1 + found.concept_names["object"].index("bed")
    shown = (maps == bed).any(axis=(1, 2))
    labels = found.table["label"].to_numpy()
    assert shown[labels == "bedroom"].sum() in (202, 203)
    assert shown[labels == "kitchen"].mean() < 0.02
    store(tmp_path, found, 0.0, seed=0)
    reader = Images(read_manifest(tmp_path))
    assert (reader.read_concepts(1234)["object"] == maps[1234]).all()
    assert reader.read(1234).shape == (128, 128, 3)


def test_what_is_left_out_of_the_folders_is_said(source):
    for place in ("images/train/a/abbey/.hidden.jpg", "images/train/a/abbey/lonely.jpg"):
        (source / place).parent.mkdir(parents=True, exist_ok=True)
        (source / place).write_bytes(b"x")
    section = Polygons(source="polygons", path=str(source))
    (said,) = section.notes()
    assert said == "left out: 1 images that are hidden or in a hidden or helper folder; 1 images without annotation"


@pytest.mark.parametrize("number", ["9" * 5000, "1" * 10])
def test_numbers_of_very_many_digits_are_no_numbers(tmp_path, number):
    (tmp_path / "a.xml").write_text(f"<a><class>{number}</class></a>")
    with pytest.raises(InputError, match="the image's class is '"):
        read_annotation(tmp_path / "a.xml", ["x"], ["y"])
    (tmp_path / "list.txt").write_text(f"bed {number}\n")
    with pytest.raises(InputError, match="is no name with its number"):
        read_names(tmp_path / "list.txt")


def test_whole_numbers_of_very_many_digits_sort_as_text():
    assert class_order(["9" * 400, "1" * 5000, "2"], of_table=True)[0] == ("1" * 5000, "2", "9" * 400)

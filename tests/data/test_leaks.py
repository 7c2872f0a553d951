"""Columns by which a data set may leak, and images on two sides: reported where planted, and nowhere else."""

import io
import json
import random

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lucidag.artefacts.columns import sort_out
from lucidag.data.images import decode
from lucidag.data.leaks import is_text, looks_like_ids, owner_notes, telling_notes
from lucidag.data.listing import list_images
from lucidag.data.looks import double_notes, look
from lucidag.data.registry import source_class
from lucidag.data.source import Source
from lucidag.data.sources.folder import Folder
from lucidag.data.store import store


@pytest.mark.parametrize(
    "name", ["lesion_id", "LesionId", "lesion", "patient", "Patient ID", "subject-number", "pid_no"]
)
def test_lesions_on_two_sides_are_counted(name):
    # 20 lesions of two images; six of them have one image in train and one in test
    cells = [f"L{number // 2}" for number in range(40)]
    splits = ["train" if number < 28 and not (number < 12 and number % 2) else "test" for number in range(40)]
    (note,) = owner_notes({name: cells}, splits)
    assert note.startswith(f"possible leakage: 6 of 20 values of column '{name}' stand on two sides")
    assert f"columns: {{id: {name}}}" in note
    assert owner_notes({name: cells}, ["train" if number < 20 else "test" for number in range(40)]) == []
    (note,) = owner_notes({name: cells}, None)
    assert f"column '{name}' has 20 values for 40 images" in note


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("image_id", [f"ISIC_{number}" for number in range(40)]),  # another for each image
        ("age", [str(30 + number % 25) for number in range(40)]),
        ("site", ["back", "arm", "leg", "head"] * 10),
        ("lesion_type", ["nevus", "melanoma"] * 20),
        ("patient_age", [str(20 + number // 2) for number in range(40)]),
        ("scanner", ["A1", "B2"] * 20),
        ("class_id", ["0", "1"] * 20),
        ("case", ["yes", "no"] * 500),
        ("size", ["small", "large"] * 20),
        ("weight", [f"{number // 2}.5" for number in range(40)]),
        ("lesion_id", [""] * 40),
    ],
)
def test_what_is_no_id_is_no_leakage(name, cells):
    splits = random.Random(0).choices(["train", "test"], k=len(cells))
    assert owner_notes({name: cells}, splits) == []


def test_codes_are_ids_whatever_their_column_is_called():
    cells = [f"HAM_{number // 3:07d}" for number in range(60)]
    assert looks_like_ids("who", cells)
    assert len(owner_notes({"who": cells}, ["train", "test"] * 30)) == 1


LABELS = ["benign", "malignant"] * 30


@pytest.mark.parametrize(
    ("name", "cells", "told"),
    [
        ("diagnosis", ["nevus", "melanoma"] * 30, True),
        ("ruler", ["0", "1"] * 30, True),
        ("file_size", [str(1000 + number + 500 * (number % 2)) for number in range(60)], True),
        ("source", ["a", "b", "c", "d"] * 15, True),
        ("ruler", ["0", "1"] * 29 + ["1", "1"], False),
        ("age", [str(number) for number in range(60)], False),
        ("patient", [f"p{number % 20}" for number in range(60)], False),
        ("note", [f"seen on day {number} at noon" for number in range(60)], False),
        ("same", ["x"] * 60, False),
    ],
)
def test_a_column_that_tells_the_class_is_named(name, cells, told):
    found = telling_notes({name: cells}, LABELS)
    assert [f"column '{name}' tells the class of every image: a network could learn it instead"] * told == found
    assert telling_notes({name: cells[:4]}, LABELS[:4]) == []  # four images could be so by chance


@pytest.mark.parametrize("seed", range(20))
def test_chance_tells_no_class(seed):
    draw = random.Random(seed)
    labels = draw.choices("ab", k=24)
    columns = {f"c{n}": [str(draw.randrange(n)) for _ in labels] for n in (2, 3, 6, 12, 100)}
    assert telling_notes(columns, labels) == []


def test_the_audit_names_what_it_leaves_out_and_cuts_numbers():
    table = pd.DataFrame(
        {
            "age": [str(20 + number % 45) for number in range(90)],
            "lesion_id": [str(number // 3) for number in range(90)],
            "serial": [f"HAM_{number:05d}" for number in range(90)],
            "note": [f"patient {number} came in the morning" for number in range(90)],
            "few": ["x", "y", "z"] * 30,
        }
    )
    values, left_out = sort_out(table, list(table.columns), None, 20)
    assert list(values) == ["age", "few"]
    assert values["age"].nunique() == 4
    assert values["age"].value_counts().between(20, 25).all()
    assert set(left_out) == {"lesion_id", "serial", "note"}
    assert left_out["note"] == "is free text"
    assert "id" in left_out["lesion_id"]
    assert is_text(table["note"].tolist())
    assert not is_text(table["few"].tolist())


# Images


def photograph(seed, size=64):
    """Draw blurred noise, as different from another as photographs are."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC))


def compressed(image, quality=50):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as back:
        return np.asarray(back)


COPIES = {
    "equal": lambda image: image.copy(),
    "jpeg": compressed,
    "smaller": lambda image: np.asarray(Image.fromarray(image).resize((40, 40))),
    "darker": lambda image: (image * 0.8 + 10).astype(np.uint8),
    "grey": lambda image: np.asarray(Image.fromarray(image).convert("L"))[:, :, None],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_on_the_other_side_is_found(kind, seed):
    images = [photograph([seed, number]) for number in range(30)]
    images[20] = COPIES[kind](images[3])
    ids, labels = [f"p{number}" for number in range(30)], ["a"] * 30
    splits = ["train"] * 15 + ["test"] * 15
    looks = [look(image) for image in images]
    (note,) = double_notes(looks, ids, labels, splits)
    assert "'p3' in train, 'p20' in test" in note
    assert ("equal pixels" in note) == (kind == "equal")
    assert double_notes(looks, ids, labels, ["train"] * 30) == []
    images[20] = photograph([seed, 99])
    assert double_notes([look(image) for image in images], ids, labels, splits) == []


def test_equal_images_of_two_classes_are_said():
    images = [photograph(number) for number in range(4)]
    looks = [look(image) for image in [*images, images[1]]]
    (note,) = double_notes(looks, list("vwxyz"), ["a", "a", "b", "b", "b"], ["test"] * 5)
    assert note == "1 image with equal pixels in two classes ('w' in a, 'z' in b)"


@pytest.mark.parametrize("size", [8, 28, 31])
def test_small_and_flat_images_are_no_copies_of_each_other(size):
    images = [np.full((size, size, 1), value, np.uint8) for value in range(8)]
    images += [np.full((64, 64, 3), value, np.uint8) for value in range(100, 108)]
    splits = ["train", "test"] * 8
    assert double_notes([look(image) for image in images], list("abcdefghijklmnop"), ["a"] * 16, splits) == []


@pytest.mark.parametrize(
    "told",
    [
        {"source": "digits"},
        {"source": "lesions", "number": 300, "size": 64},
        {"source": "lesions", "number": 100, "size": 32, "patch": {"benign": 0.5, "malignant": 0.05}},
        {"source": "scenes", "number": 200, "label": "object"},
        {"source": "scenes", "number": 200, "label": "place", "size": 32},
    ],
    ids=lambda told: f"{told['source']} {told.get('label', '')}",
)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_lucidag_draws_or_carries_does_not_leak(tmp_path, told, seed):
    section = source_class(told["source"]).model_validate({**told, "seed": seed})
    assert store(tmp_path, section.load(), 0, seed) == []
    assert "notes" not in json.loads((tmp_path / "dataset.json").read_text())


def test_doubts_stand_in_the_summary(tmp_path):
    images = np.stack([photograph(number) for number in range(24)])
    images[20] = images[2]
    table = pd.DataFrame(
        {
            "image": [f"p{number}" for number in range(24)],
            "label": ["a", "b"] * 12,
            "split": ["train"] * 16 + ["test"] * 8,
            "mark": ["x", "y"] * 12,
            "patient": [f"q{number // 3}" for number in range(24)],
        }
    )
    said = store(tmp_path, Source(table, ("a", "b"), images, notes=["a guess"]), 0, 0)
    assert said == json.loads((tmp_path / "dataset.json").read_text())["notes"]
    assert [note.partition(":")[0] for note in said] == [
        "a guess",
        "possible leakage",
        "column 'mark' tells the class of every image",
        "possible leakage",
    ]


def test_ids_of_a_source_of_ones_own_on_two_sides_are_said(tmp_path):
    images = np.stack([photograph(number) for number in range(24)])
    names = {"image": [f"p{number}" for number in range(24)], "label": ["a", "b"] * 12}
    sides = {"split": ["train"] * 13 + ["test"] * 11, "id": [f"q{number // 12}" for number in range(24)]}
    (said,) = store(tmp_path, Source(pd.DataFrame({**names, **sides}), ("a", "b"), images), 0, 0)
    assert said.startswith("possible leakage: 1 of 2 values of column 'id' stand on two sides of the splits (q1)")


def test_columns_are_doubted_before_anything_runs(tmp_path):
    rows = [f"{number}.png,{'ab'[number % 2]},L{number // 2},{'uv'[number % 2]}" for number in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["image,label,lesion_id,mark", *rows]))
    told = Folder(source="folder", path=str(tmp_path / "t.csv")).notes()
    assert len(told) == 2
    assert "'lesion_id' has 20 values for 40 images" in told[0]
    assert "column 'mark' tells the class" in told[1]
    named = Folder(source="folder", path=str(tmp_path / "t.csv"), columns={"id": "lesion_id"})
    assert len(named.notes()) == 1


def test_columns_without_a_name_or_of_one_that_is_taken_stay(tmp_path):
    (tmp_path / "t.csv").write_text(",image,label,path,digest\n0,0.png,a,x,y\n1,1.png,b,z,w\n")
    listing = list_images(tmp_path / "t.csv")
    assert listing.entries[1].other == {"column_1": "1", "table_path": "z", "table_digest": "w"}
    assert len(listing.notes) == 3


# Pairs of ISIC 2018 that show one lesion twice, by the ends of their names: looked at by a person.
TWICE = (
    *(("0012290", "0013594"), ("0013109", "0013163"), ("0012756", "0013184"), ("0012672", "0012673")),
    *(("0015986", "0015987"), ("0000171", "0015124"), ("0000183", "0015311"), ("0000201", "0015023")),
)


@pytest.mark.shared_data
def test_the_real_data_sets(shared_data):
    mnist = source_class("mnist").model_validate(
        {"source": "mnist", "root": str(shared_data / "mnist"), "train": 4000, "val": 0, "test": 2000}
    )
    made = mnist.load()
    table = made.table
    looks = [look(image) for image in made.images]
    columns = (table["image"].tolist(), table["label"].tolist(), table["split"].tolist())
    assert double_notes(looks, *columns) == []
    assert telling_notes({"ink": table["ink"].astype(str).tolist()}, columns[1]) == []
    entries = list_images(shared_data / "isic2018" / "labels.csv").entries
    labels = [entry.label for entry in entries]
    other = {name: [entry.other[name] for entry in entries] for name in entries[0].other}
    assert telling_notes(other, labels) == []
    assert owner_notes(other, None) == []
    place = {entry.relative.removesuffix(".jpg")[-7:]: row for row, entry in enumerate(entries)}
    splits = ["train"] * len(entries)
    for _, other in TWICE:
        splits[place[other]] = "test"
    looks = [look(decode(entry.path)) for entry in entries]
    (note,) = double_notes(looks, [entry.relative for entry in entries], labels, splits)
    assert note.startswith("possible leakage: 8 pairs of nearly equal images")
    for number, (one, _) in enumerate(TWICE):  # and nothing else resembles those
        looks[place[one]] = look(np.full((64, 64, 3), number, np.uint8))
    assert double_notes(looks, [entry.relative for entry in entries], labels, splits) == []

"""Which images and columns labels by annotations come from, and how many images describe a unit."""

import numpy as np
import pandas as pd
import pytest

from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.errors import InputError
from lucidag.units.labels.annotations import annotate
from lucidag.units.labels.class_columns import chosen_columns, class_columns
from lucidag.units.labels.layer import clip_labels
from lucidag.units.passes.probe_set import probe_rows, top_count, top_note
from lucidag.units.passes.unit_statistics import LayerStatistics
from lucidag.units.settings import Describing

CLASSES = ["cat", "dog"]


def written(folder, splits, **columns):
    """Write images without content: two classes in turn, the given splits and columns."""
    number = len(splits)
    table = pd.DataFrame(
        {
            "image": [f"i{place:03d}" for place in range(number)],
            "label": [CLASSES[place % 2] for place in range(number)],
            "split": splits,
            **columns,
        }
    )
    write_manifest(folder, table, CLASSES, np.zeros((number, 2, 2, 1), np.uint8))
    return read_manifest(folder)


@pytest.fixture
def described(tmp_path):
    """Write 40 images with columns of every kind."""
    return written(
        tmp_path,
        ["test"] * 40,
        kind=["tabby", "hound", "lion", "wolf"] * 10,  # each with one class only
        only=["", "wet"] * 20,  # as far as it is filled
        site=["north", "north", "south", ""] * 10,
        one=["same"] * 40,
        note=[f"n{place}" if place % 5 else "n0" for place in range(40)],
        empty=[""] * 40,
    )


def test_training_images_are_left_out_unless_splits_are_named(tmp_path):
    manifest = written(tmp_path, ["train"] * 5 + ["val"] * 2 + ["test"] * 3)
    rows, note = probe_rows(manifest, None)
    assert set(manifest.table["split"].iloc[rows]) == {"val", "test"}
    assert len(rows) == 5
    assert "5 training images are left out" in note
    assert "5 images that did not train" in note
    for named, count in ((["train"], 5), (["train", "val", "test"], 10)):
        rows, note = probe_rows(manifest, named)
        assert (len(rows), note) == (count, "")


@pytest.mark.parametrize(("splits", "words"), [(["train"] * 4, "training images only"), (["test"] * 4, "")])
def test_all_images_are_shown_where_nothing_would_be_left_or_nothing_is_left_out(tmp_path, splits, words):
    rows, note = probe_rows(written(tmp_path, splits), None)
    assert rows.tolist() == [0, 1, 2, 3]
    assert words in note
    assert bool(note) == bool(words)


@pytest.mark.parametrize(
    ("images", "count"),
    [
        (1, 1),
        (3, 1),
        (12, 3),
        (39, 10),
        (40, 10),
        (150, 10),
        (200, 10),
        (201, 11),
        (800, 40),
        (1999, 100),
        (60_000, 100),
    ],
)
def test_the_number_of_top_images_grows_with_the_probe_set(images, count):
    assert top_count(None, images) == count
    assert top_count(100, images) == min(100, images)
    assert bool(top_note(count, images)) == (3 < images < 200)


def test_a_number_of_top_images_that_is_a_great_share_is_said():
    assert "top 100 images of a unit are 67% of the 150" in top_note(100, 150)
    assert top_note(500, 10_000) == ""


def test_columns_that_tell_the_class_are_left_out_by_default(described):
    rows = np.arange(40)
    assert set(class_columns(described, CLASSES)) == {"label", "kind", "only"}
    chosen = chosen_columns(described, rows, [], CLASSES)
    assert (chosen.columns, chosen.circular) == (("site",), ())
    (note,) = chosen.notes
    assert "values of the columns site; left out: label, kind, only (they tell the class); one, note, empty" in note
    # NA is no concept.
    assert set(annotate(described, rows, chosen.columns).concepts) == {"north", "south"}


@pytest.mark.parametrize(
    ("named", "circular"),
    [(["site"], ()), (["label", "site"], ("label",)), (["site", "only", "kind"], ("only", "kind"))],
)
def test_named_columns_are_taken_and_circular_ones_are_said(described, named, circular):
    chosen = chosen_columns(described, np.arange(40), named, CLASSES)
    assert (chosen.columns, chosen.circular) == (tuple(named), circular)
    assert [f"labels by {', '.join(circular)} are circular" in note for note in chosen.notes] == [True] * bool(circular)


def test_the_labels_of_a_data_set_with_other_classes_are_not_circular(described):
    assert class_columns(described, ["rose", "tulip"]) == ()
    chosen = chosen_columns(described, np.arange(40), [], ["rose", "tulip"])
    assert chosen.columns == ("label", "kind", "only", "site")
    # It has the classes, however they are written.
    assert "label" in class_columns(described, ["Cat", "rose"])


def test_a_corrupted_label_does_not_hide_what_tells_the_true_one(tmp_path):
    true = [CLASSES[place % 2 if place else 1] for place in range(12)]
    coat = [{"cat": "long", "dog": "short"}[name] for name in true]
    manifest = written(tmp_path, ["test"] * 12, true_label=true, coat=coat)
    assert set(class_columns(manifest, CLASSES)) == {"label", "true_label", "coat"}


def test_a_data_set_without_any_column_left_says_what_to_name(tmp_path):
    manifest = written(tmp_path, ["test"] * 6, kind=["a", "b"] * 3)
    with pytest.raises(InputError, match=r"no column is left .* label, kind \(they tell the class\); name .*columns"):
        chosen_columns(manifest, np.arange(6), [], CLASSES)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("images", [60, 150])
def test_a_planted_unit_is_called_after_the_majority_of_its_top_images(tmp_path, images, seed):
    random = np.random.default_rng(seed)
    columns = {
        "site": random.choice(["north", "south", "west", "east"], images, p=(0.4, 0.25, 0.2, 0.15)),
        "tool": random.choice(["brush", "knife", ""], images, p=(0.2, 0.3, 0.5)),
    }
    manifest = written(tmp_path, ["test"] * images, **columns)
    concepts = [("site", name) for name in ("north", "south", "west", "east")] + [("tool", "brush"), ("tool", "knife")]
    units = [
        (columns[column] == name).astype(np.float32) + 0.2 * random.random(images, np.float32)
        for column, name in concepts
    ]
    activations = np.stack(units, axis=1).astype(np.float32)
    count = top_count(None, images)
    top = np.argsort(-activations, axis=0, kind="stable")[:count].T
    zeros = np.zeros(len(units), np.float32)
    known = LayerStatistics(top, np.take_along_axis(activations, top.T, 0).T, zeros, zeros, zeros, zeros)
    evidence = annotate(manifest, np.arange(images), ["site", "tool"])
    table, _ = clip_labels(known, activations, evidence, Describing(evidence="annotations"), None, 0.95)
    assert list(zip(table["category"], table["concept"], strict=True)) == concepts
    for own, (column, concept) in zip(top, zip(table["category"], table["concept"], strict=True), strict=True):
        values = [value for value in columns[column][own] if value]
        assert values.count(concept) > len(own) / 2

"""Concept sources: files with faults, common words, names of classes, labels of the probe set."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.ground.errors import InputError
from lucidag.units.labels.annotations import annotate, image_annotations, pixel_annotations
from lucidag.units.labels.concepts import categories_of, class_names, common_words, read_concepts
from lucidag.units.labels.similarity import best_concepts, describe_layer


def file(tmp_path, content):
    path = tmp_path / "concepts.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n \n"])
def test_lines_are_concepts(tmp_path, end):
    path = file(tmp_path, f"  striped\nfire engine \r\ncafé{end}")
    assert read_concepts(path) == ("striped", "fire engine", "café")


def test_a_byte_order_mark_is_no_letter(tmp_path):
    assert read_concepts(file(tmp_path, b"\xef\xbb\xbfred\nblue\n")) == ("red", "blue")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("red\n\nblue\n", r"concepts.txt, line 2: is blank"),
        ("\nred\n", r"concepts.txt, line 1: is blank"),
        ("red\n \t\nblue", r"concepts.txt, line 2: is blank"),
        ("", r"concepts.txt, line 1: is blank"),
        ("red\nblue\n red\n", r"concepts.txt, line 3: 'red' is listed in line 1 already"),
        ("fire  engine\nblue\nFire Engine", r"concepts.txt, line 3: 'Fire Engine' is listed in line 1 already"),
        (b"red\nblue\ncaf\xe9\n", r"concepts.txt, line 3: is not UTF-8"),
    ],
)
def test_a_fault_names_its_line(tmp_path, content, sentence):
    with pytest.raises(InputError, match=sentence):
        read_concepts(file(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt: cannot be read: No such file"):
        read_concepts(tmp_path / "none.txt")


def test_common_words_come_by_frequency():
    import wordfreq

    words = common_words(20_000)
    assert len(set(words)) == len(words) == 20_000
    assert words[:3] == ("the", "to", "and")
    assert {"dotted", "window", "fur", "striped"} <= set(words)
    assert all(any(letter.isalpha() for letter in word) for word in words)
    assert len(set(wordfreq.top_n_list("en", 20_000)) - set(words)) == 37
    frequency = [wordfreq.word_frequency(word, "en") for word in words[::500]]
    assert frequency == sorted(frequency, reverse=True)
    assert common_words(100) == words[:100]


def test_common_words_that_do_not_exist():
    with pytest.raises(InputError, match=r"there is no list of 'eng' \(did you mean 'en'"):
        common_words(10, "eng")
    with pytest.raises(InputError, match="words, not 9999999"):
        common_words(9_999_999)
    with pytest.raises(InputError, match="the number is 0"):
        common_words(0)


def test_class_names_are_words():
    assert class_names(["tabby_cat", "fire engine", "sea"]) == ("tabby cat", "fire engine", "sea")
    with pytest.raises(InputError, match="classes 'tabby_cat' and 'Tabby cat' read alike"):
        class_names(["tabby_cat", "Tabby cat"])


def test_categories_of_known_words():
    known = {"object": ("ball", "orange"), "colour": ("red", "orange")}
    assert categories_of(("Red", "orange", "ball", "sky"), known) == ("colour", "object", "object", "")


def probe_set(folder, seed=0, n=60):
    """Two categories of label maps; the share of concept i of the first category is known."""
    rng = np.random.default_rng(seed)
    names = {"object": ("cup", "key", "hat"), "colour": ("red", "blue")}
    maps = {"object": np.zeros((n, 10, 10), np.uint8), "colour": rng.integers(0, 3, (n, 10, 10)).astype(np.uint8)}
    maps["object"][:, :2] = rng.integers(0, 3, (n, 1, 1))  # cup, key or nothing, in 20 of 100 pixels; hats nowhere
    table = pd.DataFrame({"image": [f"p{i}" for i in range(n)], "label": ["a", "b"] * (n // 2), "split": "test"})
    table["place"] = ["sea", "", "city"] * (n // 3)
    images = rng.integers(0, 255, (n, 10, 10, 3)).astype(np.uint8)
    write_manifest(folder, table, ["a", "b"], images, concepts=maps, concept_names=names)
    return read_manifest(folder), maps


def test_shares_of_pixels(tmp_path):
    manifest, maps = probe_set(tmp_path)
    rows = np.arange(0, 60, 2)
    names, shares = pixel_annotations(manifest, rows)
    # No image shows a hat.
    assert names == [("cup", "object"), ("key", "object"), ("red", "colour"), ("blue", "colour")]
    for place, row in enumerate(rows):
        wanted = [(maps["object"][row] == 1).mean(), (maps["object"][row] == 2).mean()]
        wanted += [(maps["colour"][row] == 1).mean(), (maps["colour"][row] == 2).mean()]
        np.testing.assert_allclose(shares[place], wanted, atol=1e-7)
    found = annotate(manifest, rows, [])
    assert (found.concepts, found.categories) == tuple(zip(*names, strict=True))
    assert found.ids == tuple(manifest.table["image"].iloc[rows])
    similar = found.images @ found.texts.T
    assert (similar.max(axis=0) == 1).all()
    np.testing.assert_allclose(similar[:, 0], shares[:, 0] / 0.2, atol=1e-6)
    assert pixel_annotations(manifest, rows, ["colour"])[0] == [("red", "colour"), ("blue", "colour")]


def test_labels_of_images(tmp_path):
    manifest, _ = probe_set(tmp_path)
    names, shares = image_annotations(manifest, np.arange(60), ["label", "place"])
    assert names == [("a", "label"), ("b", "label"), ("city", "place"), ("sea", "place")]
    assert shares[:4].tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]]


@pytest.mark.parametrize("name", ["soft_wpmi", "wpmi", "cosine", "cosine_cubed"])
def test_a_unit_that_counts_pixels_of_a_concept_gets_it(tmp_path, name):
    manifest, _ = probe_set(tmp_path, n=300)
    found = annotate(manifest, np.arange(300), [])
    noise = np.random.default_rng(1).uniform(0, 0.01, (300, 4))
    activations = (pixel_annotations(manifest, np.arange(300))[1] + noise).astype(np.float32)
    top = np.argsort(-activations, axis=0)[:50].T.copy()
    _, scores = describe_layer(name, found.images, found.texts, top, activations, np.zeros(4, bool))
    concepts, _ = best_concepts(scores)
    assert [found.concepts[c] for c in concepts[:, 0]] == ["cup", "key", "red", "blue"]


def test_annotations_that_are_missing(tmp_path):
    manifest, _ = probe_set(tmp_path / "with")
    with pytest.raises(InputError, match="category of concepts 'colours' does not exist"):
        pixel_annotations(manifest, np.arange(4), ["colours"])
    with pytest.raises(InputError, match="column 'places' does not exist"):
        image_annotations(manifest, np.arange(4), ["places"])
    with pytest.raises(InputError, match="nothing is labelled"):
        image_annotations(manifest, np.array([1, 4]), ["place"])
    table = pd.DataFrame({"image": ["p"], "label": ["a"], "split": ["test"]})
    write_manifest(tmp_path / "without", table, ["a"], np.zeros((1, 4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="has no label maps"):
        pixel_annotations(read_manifest(tmp_path / "without"), np.arange(1))


def test_labels_and_similarities_come_without_torch():
    modules = "labels.similarity, lucidag.units.labels.annotations, lucidag.units.labels.concepts"
    code = f"import sys, lucidag.units.clip.captions, lucidag.units.{modules}; raise SystemExit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Splits against counts made by hand, and the two promises: one side for an id, every class on every side."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from lucidag.config.load import load_config
from lucidag.data.manifest import read_manifest
from lucidag.data.source import Source
from lucidag.data.splits import assign, corrupt
from lucidag.data.store import store
from lucidag.ground.errors import InputError

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


@pytest.mark.parametrize("seed", range(4))
def test_counts_that_divide_evenly_are_exact(seed):
    labels = ["a"] * 100 + ["b"] * 50 + ["c"] * 10
    found = Counter(zip(labels, assign(labels, SHARES, seed), strict=True))
    assert {key: found[key] for key in sorted(found)} == {
        ("a", "test"): 20, ("a", "train"): 70, ("a", "val"): 10,
        ("b", "test"): 10, ("b", "train"): 35, ("b", "val"): 5,
        ("c", "test"): 2, ("c", "train"): 7, ("c", "val"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_each_class_has_its_share_to_within_one_image(seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(list("abcd"), 400, p=[0.5, 0.3, 0.15, 0.05]).tolist()
    shares = dict(zip(("train", "val", "test"), rng.dirichlet([5, 3, 3]).tolist(), strict=True))
    found = Counter(zip(labels, assign(labels, shares, seed), strict=True))
    for label, number in Counter(labels).items():
        for split, share in shares.items():
            assert abs(found[label, split] - share * number) < 1.0 + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_an_id_with_many_images_goes_first_so_that_the_others_can_make_up_for_it(seed):
    ids = ["many"] * 40 + [f"p{index}" for index in range(60)]
    assert Counter(assign(["a"] * 100, {"train": 0.6, "test": 0.4}, seed, ids)) == {"train": 60, "test": 40}


def test_the_seed_alone_decides():
    labels = ["a", "b"] * 50
    assert assign(labels, SHARES, 1) == assign(labels, SHARES, 1)
    assert assign(labels, SHARES, 1) != assign(labels, SHARES, 2)
    # and within a class every image has the same chance to be tested
    tested = np.mean([[s == "test" for s in assign(labels, SHARES, seed)] for seed in range(300)], axis=0)
    assert np.abs(tested - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 300)


@pytest.mark.parametrize("seed", range(8))
def test_no_id_is_on_two_sides_and_classes_stay_balanced(seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 150, 600)
    # a patient's images have mostly, not always, one label
    malignant = (rng.random(150) < 0.25)[ids] ^ (rng.random(600) < 0.1)
    labels = np.where(malignant, "malignant", "benign")
    splits = np.array(assign(labels.tolist(), SHARES, seed, [f"p{i}" for i in ids]))
    for patient in range(150):
        assert len(set(splits[ids == patient])) <= 1
    for label in ("malignant", "benign"):
        for split, share in SHARES.items():
            assert np.mean(splits[labels == label] == split) == pytest.approx(share, abs=0.03)


def test_ids_of_one_image_each_change_no_count():
    labels = ["a"] * 30 + ["b"] * 20
    alone = assign(labels, SHARES, 3, [str(i) for i in range(50)])
    assert Counter(zip(labels, alone, strict=True)) == Counter(zip(labels, assign(labels, SHARES, 3), strict=True))


def test_a_class_that_cannot_be_on_both_sides_is_named():
    with pytest.raises(InputError, match=r"class 'rare' has 1 image, and none falls into 'test'"):
        assign(["a"] * 20 + ["rare"], SHARES, 0)
    with pytest.raises(InputError, match=r"class 'rare' has 6 images of 1 id, and none falls into 'test'"):
        assign(["a"] * 20 + ["rare"] * 6, SHARES, 0, [str(i) for i in range(20)] + ["one"] * 6)


def check(**told):
    """Check a section as a dry run does."""
    network = {"dataset": "d", "architecture": "resnet18", "train": {}}
    load_config({"datasets": {"d": {"source": "digits", **told}}, "models": {"m": network}}, "c.yaml")


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"train": 0.7, "test": 0.2}, r"splits: train \+ val \+ test must be 1, not 1.1"),
        ({"train": 0.7, "valid": 0.1, "test": 0.2}, r"splits.valid: key 'valid' does not exist \(did you mean 'val'"),
        ({"train": 1.2, "test": -0.2}, "splits.train: found 1.2; input should be less than or equal to 1"),
        ({"train": 0.9, "val": 0.1, "test": 0}, "splits: test must be above 0"),
    ],
)
def test_bad_shares_are_named(shares, message):
    with pytest.raises(InputError, match=message):
        check(splits=shares)


def test_rounding_of_the_sum_is_forgiven_and_a_set_may_be_all_test():
    third = 0.3333333
    assert len(assign(["a"] * 30, {"train": third, "val": third, "test": third}, 0)) == 30
    assert assign(["a", "b"], {"test": 1.0}, 0) == ["test", "test"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.37, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_corrupted_share_is_exact_and_uniform_over_all_classes(share, seed):
    classes = list("abcde")
    labels = ["a"] * 2000 + ["b"] * 500
    split = ["train"] * 2000 + ["test"] * 500
    changed = corrupt(labels, split, share, classes, seed)
    assert changed[2000:] == labels[2000:]
    drawn = round(share * 2000)
    # of the drawn labels a fifth is the true one by chance: binomial(drawn, 4/5) differ
    different = sum(new != "a" for new in changed[:2000])
    assert abs(different - 0.8 * drawn) <= 5 * np.sqrt(drawn * 0.16)
    counts = Counter(new for new in changed[:2000] if new != "a")
    for name in "bcde":
        assert abs(counts[name] - drawn / 5) <= 5 * np.sqrt(drawn * 0.16) + 1e-9
    assert labels == ["a"] * 2000 + ["b"] * 500
    assert changed == corrupt(labels, split, share, classes, seed)


def test_the_chosen_number_is_exact():
    # a class that no label has shows each choice: with two new classes only, every drawn label differs
    changed = corrupt(["a"] * 999 + ["a"], ["train"] * 999 + ["val"], 0.25, ["x", "y"], 5)
    assert sum(new != "a" for new in changed) == 250  # round(249.75)
    assert changed[-1] == "a"


def test_impossible_shares_of_corruption_are_named():
    with pytest.raises(InputError, match=r"corrupt_labels: found 1.5; input should be less than or equal to 1"):
        check(corrupt_labels=1.5)


def test_what_is_stored_has_the_labels_that_its_seed_draws(tmp_path):
    labels, sides = ["a", "b"] * 20, ["train"] * 30 + ["test"] * 10
    table = pd.DataFrame({"image": [f"p{index}" for index in range(40)], "label": labels, "split": sides})
    for seed in (0, 3):
        store(tmp_path / str(seed), Source(table, ("a", "b"), np.zeros((40, 4, 4, 1), np.uint8)), 0.5, seed)
        found = read_manifest(tmp_path / str(seed)).table
        assert found["label"].tolist() == corrupt(labels, sides, 0.5, ("a", "b"), seed)
        assert found["true_label"].tolist() == labels

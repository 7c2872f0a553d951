import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from lucidag.artefacts.metadata_baseline import best_rule, metadata_baseline
from lucidag.artefacts.scores import classification
from lucidag.artefacts.settings import Draws

CLASSES = ("benign", "malignant")


def data(strength, n=600, seed=0):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.4).astype(int)
    source = np.where(rng.random(n) < strength, labels, rng.integers(0, 2, n))
    columns = pd.DataFrame({"source": source.astype(str), "noise": rng.choice(["a", "b", "c"], n)}, dtype=str)
    found = pd.DataFrame({"ring_found": rng.choice(["0", "1"], n)}, dtype=str)
    splits = np.where(np.arange(n) % 2 == 0, "train", "test").tolist()
    return columns, found, labels, splits


def test_a_planted_shortcut_is_measured_and_its_rule_named():
    columns, found, labels, splits = data(0.9)
    got = metadata_baseline(columns, found, labels, CLASSES, splits, Draws(resamples=300))
    rule = got["rule"]["accuracy"]
    assert (rule["column"], rule["predicts"]) == ("source", {"0": "benign", "1": "malignant"})
    test = np.array(splits) == "test"
    right = (columns["source"].astype(int).to_numpy() == labels)[test].mean()
    assert rule["accuracy"]["value"] == pytest.approx(right)
    assert rule["accuracy"]["low"] < right < rule["accuracy"]["high"]
    assert got["majority"]["value"] == pytest.approx((labels[test] == 0).mean())
    assert got["logistic"]["metadata"]["auc"]["low"] > 0.85
    assert got["logistic"]["finders"]["auc"]["low"] < 0.5 < got["logistic"]["finders"]["auc"]["high"]
    assert (got["learnt"], got["measured"], got["how"]) == (300, 300, "test split")
    assert got["sentence"].startswith("Without the subject, metadata and finders")  # no image is left to choose by


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kept", ["metadata", "finders"])
def test_the_sentence_is_about_what_validation_images_chose(kept, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 900)
    split = np.array(["train", "val", "test"])[np.arange(900) % 3]
    told = np.where(rng.random(900) < 0.9, labels, 1 - labels)
    # One source tells the class of training and validation images, the other that of training and test images.
    by = {"metadata": np.where(split == "test", 1 - told, told), "finders": np.where(split == "val", 1 - told, told)}
    if kept == "finders":
        by = {"metadata": by["finders"], "finders": by["metadata"]}
    tables = [pd.DataFrame({name: by[name].astype(str)}) for name in ("metadata", "finders")]
    got = metadata_baseline(*tables, labels, CLASSES, split.tolist(), Draws(resamples=20))
    areas = {name: found["auc"]["value"] for name, found in got["logistic"].items()}
    assert max(areas, key=areas.get) != kept
    assert got["told_by"] == kept
    assert f"{kept} alone tell the label with AUC {areas[kept]:.3f}" in got["sentence"]


def test_without_validation_images_the_sentence_is_about_all_columns():
    columns, found, labels, _ = data(0.9)
    for splits in (["test"] * 600, ["val"] * 600, ["train", "test"] * 300):
        got = metadata_baseline(columns, found, labels, CLASSES, splits, Draws(resamples=20))
        assert got["told_by"] == "metadata and finders"
    one_class = ["val" if label else "train" for label in labels[:300]] + ["train", "test"] * 150
    got = metadata_baseline(columns, found, labels, CLASSES, one_class, Draws(resamples=20))
    assert got["told_by"] == "metadata and finders"
    none = pd.DataFrame(index=range(600))
    assert metadata_baseline(columns, none, labels, CLASSES, ["test"] * 600, Draws())["told_by"] == "metadata"


def test_a_rule_has_a_balanced_accuracy_and_no_auc_beside_it():
    columns, found, labels, splits = data(0.9)
    got = metadata_baseline(columns, found, labels, CLASSES, splits, Draws(resamples=20))
    rule, test = got["rule"]["balanced_accuracy"], np.array(splits) == "test"
    assert "auc" not in rule
    predicted = columns["source"].astype(int).to_numpy()
    # With two classes the ROC curve of one rule has one corner, under which lies the mean of the recalls.
    assert rule["balanced_accuracy"]["value"] == pytest.approx(roc_auc_score(labels[test], predicted[test]))


def test_nothing_planted_gives_chance_and_no_test_image_is_learnt():
    columns, found, labels, splits = data(0.0)
    got = metadata_baseline(columns, found, labels, CLASSES, splits, Draws(resamples=300))
    assert got["logistic"]["metadata and finders"]["auc"]["low"] < 0.55
    flipped = labels.copy()
    flipped[np.array(splits) == "test"] ^= 1
    other = metadata_baseline(columns, found, flipped, CLASSES, splits, Draws(resamples=10))
    area = got["logistic"]["metadata"]["auc"]["value"]
    assert other["logistic"]["metadata"]["auc"]["value"] == pytest.approx(1 - area)


def test_rule_and_majority_are_learnt_from_training_images_alone():
    rng, train = np.random.default_rng(0), np.arange(400) < 100
    labels = np.where(train, rng.random(400) < 0.7, rng.random(400) < 0.3).astype(int)
    drawn = rng.integers(0, 2, (2, 400))
    # What tells the class of the training images tells nothing of the others, of which there are more.
    columns = pd.DataFrame({"here": np.where(train, labels, drawn[0]), "there": np.where(train, drawn[1], labels)})
    splits = np.where(train, "train", "test").tolist()
    got = metadata_baseline(
        columns.astype(str), pd.DataFrame(index=range(400)), labels, CLASSES, splits, Draws(resamples=20)
    )
    for criterion in ("accuracy", "balanced_accuracy"):
        rule = got["rule"][criterion]
        assert rule["column"] == "here"
        assert rule["accuracy"]["value"] == pytest.approx((drawn[0] == labels)[~train].mean())
    assert got["majority"]["class"] == "malignant"
    assert got["majority"]["value"] == pytest.approx(labels[~train].mean())


def test_validation_images_are_neither_learnt_nor_measured_and_the_first_of_equal_columns_is_the_rule():
    columns, found, labels, splits = data(0.9)
    columns = columns.assign(again=columns["source"])
    splits = ["val" if row % 4 == 0 else split for row, split in enumerate(splits)]
    got = metadata_baseline(columns, found, labels, CLASSES, splits, Draws(resamples=20))
    assert (got["learnt"], got["measured"]) == (splits.count("train"), splits.count("test")) == (150, 300)
    assert got["rule"]["accuracy"]["column"] == "source"


def test_the_interval_of_a_shortcut_is_over_patients():
    columns, found, labels, splits = data(0.5, 400)
    ids = [f"{splits[row]} {row // 40}" for row in range(400)]  # ten patients of 20 images on each side
    right = np.array([row // 40 % 2 == 0 for row in range(400)])
    columns = columns.assign(source=np.where(np.array(splits) == "train", labels, np.where(right, labels, 1 - labels)))
    alone, together = (
        metadata_baseline(columns.astype(str), found, labels, CLASSES, splits, Draws(resamples=200), ids=own)["rule"][
            "accuracy"
        ]["accuracy"]
        for own in (None, ids)
    )
    assert alone["value"] == together["value"] == 0.5
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


def test_without_a_train_split_five_folds_are_used():
    columns, found, labels, _ = data(0.9)
    got = metadata_baseline(columns, found, labels, CLASSES, ["test"] * 600, Draws(resamples=50))
    assert (got["how"], got["measured"]) == ("5 folds", 600)
    assert got["rule"]["balanced_accuracy"]["column"] == "source"
    assert got["logistic"]["metadata"]["auc"]["value"] > 0.9


def test_ids_are_never_on_both_sides():
    rng = np.random.default_rng(0)
    ids = [f"p{row // 10}" for row in range(400)]
    labels = np.repeat(rng.integers(0, 2, 40), 10)
    # The column names the patient: with patients on both sides it would tell everything.
    columns = pd.DataFrame({"patient": [name[1:] for name in ids]}, dtype=str)
    none = pd.DataFrame(index=range(400))
    apart = metadata_baseline(columns, none, labels, CLASSES, ["test"] * 400, Draws(resamples=100), ids=ids)
    mixed = metadata_baseline(columns, none, labels, CLASSES, ["test"] * 400, Draws(resamples=100))
    assert mixed["logistic"]["metadata"]["auc"]["value"] > 0.95
    assert apart["logistic"]["metadata"]["auc"]["value"] < 0.7
    splits = ["train" if row % 10 < 2 and row >= 100 else "test" if row >= 200 else "train" for row in range(400)]
    got = metadata_baseline(columns, none, labels, CLASSES, splits, Draws(resamples=50), ids=ids)
    assert got["shared_ids"] == 40
    assert got["learnt"] == splits.count("train") - 40


def test_the_most_frequent_class_is_what_unseen_values_have():
    columns = pd.DataFrame({"a": ["x", "x", "y", "y", "y"]}, dtype=str)
    assert best_rule(columns, np.array([0, 0, 1, 1, 1]), 2, "accuracy") == ("a", {"x": 0, "y": 1}, 1)
    none, labels = pd.DataFrame(index=range(12)), np.array([0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1])
    values = pd.DataFrame({"a": ["x", "y", "y", "x", "y", "y", "z", "z", "z", "x", "x", "y"]}, dtype=str)
    got = metadata_baseline(values, none, labels, CLASSES, ["train"] * 6 + ["test"] * 6, Draws(resamples=20))
    # z is not among the training images, of which most are of the second class: 1, 1, 1, 0, 0, 1 is said.
    assert got["rule"]["accuracy"]["accuracy"]["value"] == np.mean([0, 0, 1, 0, 1, 1])


def test_balance_changes_the_rule():
    columns = pd.DataFrame({"flag": ["1"] * 10 + ["0"] * 90}, dtype=str)
    labels = np.array([1] * 4 + [0] * 6 + [1] * 6 + [0] * 84)
    assert best_rule(columns, labels, 2, "accuracy")[1] == {"0": 0, "1": 0}
    assert best_rule(columns, labels, 2, "balanced_accuracy")[1] == {"0": 0, "1": 1}


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_are_those_of_sklearn(classes):
    rng = np.random.default_rng(classes)
    truth = rng.integers(0, classes, 150)
    chances = np.round(rng.dirichlet(np.ones(classes), 150) + np.eye(classes)[truth] * 0.3, 1)
    chances /= chances.sum(axis=1, keepdims=True)
    predicted = chances.argmax(axis=1)
    got = classification(chances, predicted, truth, Draws(resamples=400))
    assert got["accuracy"]["value"] == pytest.approx((predicted == truth).mean())
    assert got["balanced_accuracy"]["value"] == pytest.approx(balanced_accuracy_score(truth, predicted))
    areas = [roc_auc_score(truth == c, chances[:, c]) for c in range(classes)]
    assert got["auc"]["value"] == pytest.approx(np.mean(areas))
    error = np.sqrt(got["accuracy"]["value"] * (1 - got["accuracy"]["value"]) / 150)
    assert got["accuracy"]["high"] - got["accuracy"]["low"] == pytest.approx(2 * 1.96 * error, rel=0.2)
    half = classification(chances, predicted, truth, Draws(confidence=0.5, resamples=400))["accuracy"]
    assert half["high"] - half["low"] == pytest.approx(2 * 0.6745 * error, rel=0.25)


def test_a_bootstrap_holds_one_block_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    truth, chances = rng.integers(0, 2, 500), rng.dirichlet(np.ones(2), 500)
    whole = classification(chances, chances.argmax(axis=1), truth, Draws(resamples=1000))
    monkeypatch.setattr("lucidag.artefacts.scores.BLOCK", 10_000)
    tracemalloc.start()
    blocks = classification(chances, chances.argmax(axis=1), truth, Draws(resamples=1000))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert blocks == whole
    assert most < 1000 * 500 * 8 / 2  # bytes: all samples at once are twice that


def test_few_patients_widen_the_interval():
    rng = np.random.default_rng(0)
    truth, ids = rng.integers(0, 2, 200), np.repeat(np.arange(10), 20).astype(str).tolist()
    predicted = np.where(np.repeat(rng.random(10) < 0.6, 20), truth, 1 - truth)
    chances = np.eye(2)[predicted]
    alone, together = (classification(chances, predicted, truth, Draws(), ids=own)["accuracy"] for own in (None, ids))
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


def test_what_cannot_be_learnt_is_a_sentence():
    columns, found, labels, splits = data(0.5, 40)
    one = np.zeros(40, int)
    assert "one class" in metadata_baseline(columns, found, one, CLASSES, splits, Draws())["sentence"]
    empty = pd.DataFrame(index=range(40))
    assert "neither" in metadata_baseline(empty, empty, labels, CLASSES, splits, Draws())["sentence"]
    rare = np.r_[1, np.zeros(39, int)]
    assert "too few" in metadata_baseline(columns, found, rare, CLASSES, ["test"] * 40, Draws())["sentence"]
    only_test = np.where(np.array(splits) == "train", 0, labels)
    assert (
        "training images are of one class"
        in metadata_baseline(columns, found, only_test, CLASSES, splits, Draws())["sentence"]
    )
    shared = metadata_baseline(columns, found, labels, CLASSES, splits, Draws(), ids=["one patient"] * 40)["sentence"]
    assert "that share no id with test images (20 do) are of one class at most" in shared


@pytest.mark.parametrize("right", [True, False])
def test_scores_that_do_not_vary_have_no_interval_but_a_reason(right):
    truth = np.array([0] * 10 + [1] * 10)
    predicted = truth if right else 1 - truth
    ids = [str(row // 2) for row in range(20)]
    got = classification(np.eye(2)[predicted], predicted, truth, Draws(resamples=50), ids)
    assert got["auc"]["value"] == got["balanced_accuracy"]["value"] == float(right)
    assert got["auc"]["low"] is got["auc"]["high"] is None
    assert "in every sample" in got["auc"]["reason"]
    # Wilson's of as many trials as there are ids: 1 / (1 + 1.96**2 / 10) from the end.
    far = got["accuracy"]["low"] if right else 1 - got["accuracy"]["high"]
    assert far == pytest.approx(1 / (1 + 1.959964**2 / 10))


def test_a_class_of_two_patients_has_no_interval():
    rng = np.random.default_rng(0)
    truth = np.array([1] * 20 + [0] * 80)
    ids = [str(row // 10) for row in range(100)]
    chances = np.clip(truth * 0.3 + rng.random(100) * 0.6, 0, 1)
    chances = np.stack([1 - chances, chances], axis=1)
    got = classification(chances, chances.argmax(axis=1), truth, Draws(resamples=50), ids)
    assert got["auc"]["reason"] == "a class has 2 ids or images, too few for an interval"
    assert got["auc"]["low"] is None
    assert got["accuracy"]["reason"] is None

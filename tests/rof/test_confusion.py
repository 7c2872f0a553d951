"""Confusions at a grid of k: those of the sweep, by hand, and of the evaluation in the end."""

import numpy as np
import pytest

from lucidag.data.features import Features
from lucidag.rof.confusion import CLASSES, confusion_table, confusions, numbers
from lucidag.rof.rank import ranking_table
from lucidag.rof.sweep import sweep


def drawn(images=60, units=50, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(images, units)).astype(np.float32)
    weight = rng.normal(size=(classes, units)).astype(np.float32)
    bias = rng.normal(size=classes).astype(np.float32)
    return features, weight, bias, rng.integers(0, classes, images), rng.permutation(units)


def content(features, weight, bias, labels, classes):
    logits = features @ weight.T + bias
    groups = np.zeros(len(labels), np.int64)
    names = tuple(f"image-{row}" for row in range(len(labels)))
    return Features(names, labels, groups, logits, features, weight, bias, classes, ("all",), "fc")


def test_one_unit_by_hand():
    features = np.array([[1.0], [1.0], [0.0]], np.float32)
    weight, bias = np.array([[0.0], [2.0]], np.float32), np.array([1.0, 0.0], np.float32)
    found = confusions(features, weight, bias, np.array([0, 1, 1]), np.array([0]), np.array([0, 1]))
    np.testing.assert_array_equal(found, [[[1, 0], [2, 0]], [[0, 1], [1, 1]]])


def test_the_diagonal_is_the_accuracy_of_the_sweep_at_every_k():
    features, weight, bias, labels, order = drawn()
    found = confusions(features, weight, bias, labels, order, np.arange(51))
    accuracy = np.trace(found, axis1=1, axis2=2) / len(labels)
    np.testing.assert_array_equal(accuracy, sweep(features, labels, weight, bias, order).accuracy)
    np.testing.assert_array_equal(found.sum(axis=(1, 2)), len(labels))


def test_the_last_is_the_confusion_of_the_whole_network():
    features, weight, bias, labels, _ = drawn()
    classes = ("a", "<script>", "nan", "007")
    test = content(features, weight, bias, labels, classes)
    table = confusion_table({"test": test}, ranking_table({"test": test}, ["l1"], []), "l1")
    decided = (features.astype(np.float64) @ weight.T.astype(np.float64) + bias).argmax(axis=1)
    whole = np.zeros((4, 4), int)
    np.add.at(whole, (labels, decided), 1)
    last = table[table["k"] == 50]
    pivot = last.pivot(index="true", columns="predicted", values="images").loc[list(classes), list(classes)]
    np.testing.assert_array_equal(pivot, whole)


@pytest.mark.parametrize("units", [1, 2, 7, 64, 2048])
def test_the_grid_has_both_ends(units):
    found = numbers(units)
    assert found[0] == 0
    assert found[-1] == units
    assert len(found) <= 34
    assert (np.diff(found) > 0).all()


def test_many_classes_have_no_rows():
    features, weight, bias, labels, _ = drawn(classes=CLASSES + 1)
    test = content(features, weight, bias, labels, tuple(map(str, range(CLASSES + 1))))
    assert confusion_table({"test": test}, ranking_table({"test": test}, ["l1"], []), "l1").empty
    assert confusion_table({}, ranking_table({"test": test}, ["l1"], []), "l1").empty

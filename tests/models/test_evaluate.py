import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics

from lucidag.data.features import Features
from lucidag.models.evaluate import evaluate, exact_logits


def content(logits, labels, groups=None, group_names=("all",), classes=None, head=None):
    """A split whose logits are given, with or without a linear head (features, weight, bias)."""
    logits = np.asarray(logits, dtype=np.float32)
    features, weight, bias = head or (None, None, None)
    return Features(
        images=tuple(f"i{n}" for n in range(len(labels))),
        labels=np.asarray(labels, dtype=np.int64),
        groups=np.zeros(len(labels), dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64),
        logits=logits,
        features=features,
        weight=weight,
        bias=bias,
        classes=classes or tuple(f"c{c}" for c in range(logits.shape[1])),
        group_names=tuple(group_names),
        layer=None if head is None else "fc",
    )


def random_head(seed, n=200, k=12, classes=4):
    random = np.random.default_rng(seed)
    features = np.abs(random.normal(size=(n, k))).astype(np.float32)
    weight = random.normal(size=(classes, k)).astype(np.float32)
    bias = random.normal(size=classes).astype(np.float32)
    labels = (features @ weight.T + bias + random.gumbel(size=(n, classes)) * 3).argmax(1)
    return content(features @ weight.T + bias, labels, head=(features, weight, bias))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("classes", [2, 5])
def test_every_number_is_scikit_learns(seed, classes):
    split = random_head(seed, classes=classes)
    found = evaluate(split)
    logits = split.features.astype(float) @ split.weight.astype(float).T + split.bias.astype(float)
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    y, p = split.labels, logits.argmax(1)
    assert set(y) == set(range(classes))
    macro = {"average": "macro", "zero_division": 0}
    auc = (
        metrics.roc_auc_score(y, probabilities[:, 1])
        if classes == 2
        else metrics.roc_auc_score(y, probabilities, multi_class="ovr", average="macro")
    )
    expected = {
        "accuracy": metrics.accuracy_score(y, p),
        "loss": metrics.log_loss(y, probabilities),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, p),
        "precision": metrics.precision_score(y, p, **macro),
        "recall": metrics.recall_score(y, p, **macro),
        "f1": metrics.f1_score(y, p, **macro),
        "auc": auc,
    }
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)
    assert found["confusion"] == metrics.confusion_matrix(y, p).tolist()
    json.dumps(found, allow_nan=False)


def test_a_hand_made_case():
    # Decisions 0, 0, 1, 1, 1 for labels 0, 0, 0, 1, 1.
    split = content([[2, 0], [1, 0], [0, 1], [0, 3], [0, 2]], [0, 0, 0, 1, 1], [0, 1, 1, 1, 2], ("a", "b", "c", "d"))
    found = evaluate(split)
    assert found["n"] == 5
    assert found["accuracy"] == 0.8
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["auc"] == 1.0
    assert found["per_class"]["c0"] == pytest.approx({"n": 3, "accuracy": 2 / 3, "precision": 1.0, "f1": 0.8})
    assert found["per_class"]["c1"] == pytest.approx({"n": 2, "accuracy": 1.0, "precision": 2 / 3, "f1": 0.8})
    assert {name: (each["n"], each["accuracy"]) for name, each in found["per_group"].items()} == {
        "a": (1, 1.0),
        "b": (3, pytest.approx(2 / 3)),
        "c": (1, 1.0),
    }
    assert found["worst_group"] == {"name": "b", "n": 3, "accuracy": pytest.approx(2 / 3)}
    assert found["confusion"] == [[2, 1], [0, 2]]
    assert found["loss"] == pytest.approx(np.mean(np.log1p(np.exp([-2.0, -1.0, 1.0, -3.0, -2.0]))))
    assert found["head_agreement"] is None


def test_intervals_are_wilsons_and_wider_over_patients():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.7, 5)  # a patient's images are all right or all wrong
    logits = np.where(right, 1.0, -1.0)[:, None] * [[-1, 1]]
    alone = content(logits, np.ones(200, int), np.arange(200) % 2, ("a", "b"))
    found = evaluate(alone)
    wilson = binomtest(int(right.sum()), 200).proportion_ci(0.95, method="wilson")
    assert (found["accuracy_low"], found["accuracy_high"]) == pytest.approx((wilson.low, wilson.high))
    assert found["ids"] is None
    by_patient = evaluate(replace(alone, owners=np.repeat(np.arange(40) + 7, 5)))
    of_patients = binomtest(int(right[::5].sum()), 40).proportion_ci(0.95, method="wilson")
    assert by_patient["ids"] == 40
    assert by_patient["accuracy"] == found["accuracy"]
    wide = by_patient["accuracy_high"] - by_patient["accuracy_low"]
    assert wide == pytest.approx(of_patients.high - of_patients.low, rel=0.05)
    for group in ("a", "b"):
        assert by_patient["per_group"][group]["low"] < found["per_group"][group]["low"]
    one_each = evaluate(replace(alone, owners=np.arange(200)))
    assert one_each == found


def test_a_class_without_a_image_is_absent_and_does_not_count():
    # Class 2 has no image, yet one image is taken for it; class 1 is never predicted.
    split = content([[3, 0, 0], [0, 0, 3], [3, 1, 0]], [0, 0, 1])
    found = evaluate(split)
    assert set(found["per_class"]) == {"c0", "c1"}
    assert found["balanced_accuracy"] == pytest.approx(0.25)
    assert found["precision"] == pytest.approx((0.5 + 0) / 2)
    assert found["f1"] == pytest.approx((0.5 + 0) / 2)
    assert found["confusion"] == [[1, 0, 1], [1, 0, 0], [0, 0, 0]]
    # Class 0: one of its images lies above the other class's, one below; class 1: its image is on top.
    assert found["auc"] == pytest.approx((0.5 + 1.0) / 2)


@pytest.mark.parametrize("classes", [2, 3])
def test_auc_is_null_when_all_images_are_of_one_class(classes):
    found = evaluate(content(np.eye(classes)[[0, 1, 0]], [1, 1, 1]))
    assert found["auc"] is None
    assert found["accuracy"] == pytest.approx(1 / 3)


def test_auc_of_two_classes_keeps_the_order_where_probabilities_saturate():
    found = evaluate(content([[0, 60], [0, 70], [0, 50], [0, 40]], [1, 1, 0, 0]))
    assert found["auc"] == 1.0


def test_decisions_are_those_of_the_float64_head():
    features = np.array([[1.0, 1.0]], dtype=np.float32)
    weight = np.array([[1.0, 0.0], [1.0, 1e-9]], dtype=np.float32)
    bias = np.zeros(2, dtype=np.float32)
    logits = features @ weight.T + bias
    assert logits.argmax(1).tolist() == [0]  # a tie in float32
    split = content(logits, [1], head=(features, weight, bias))
    assert exact_logits(split).dtype == np.float64
    found = evaluate(split)
    assert found["accuracy"] == 1.0
    assert found["head_agreement"]["same_decision_share"] == 0.0
    assert found["head_agreement"]["max_abs_difference"] == pytest.approx(1e-9, rel=1e-3)


def test_the_module_does_not_import_torch(root):
    code = "import sys, lucidag.models.evaluate; sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0

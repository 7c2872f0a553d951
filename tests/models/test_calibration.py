"""The calibration error is torchmetrics', and its chance that of decisions drawn with their own probabilities."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torchmetrics.functional.classification import multiclass_calibration_error

from lucidag.models.calibration import BINS, calibration


def drawn(seed: int, n: int, classes: int, sharp: float):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * sharp
    return rng, logits, rng.integers(classes, size=n)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "classes", "sharp"), [(500, 3, 1.0), (60, 10, 3.0), (2000, 2, 20.0)])
def test_the_error_is_that_of_torchmetrics(seed, n, classes, sharp):
    _, logits, labels = drawn(seed, n, classes, sharp)
    probabilities = torch.from_numpy(softmax(logits, axis=1))
    theirs = multiclass_calibration_error(probabilities, torch.from_numpy(labels), classes, n_bins=BINS, norm="l1")
    assert calibration(logits, labels)[0] == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_chance_is_what_a_calibrated_classifier_has(seed):
    rng, logits, _ = drawn(seed, 400, 4, 1.0)
    probabilities = softmax(logits, axis=1)
    errors = []
    for _ in range(300):
        labels = (probabilities.cumsum(1) > rng.random((400, 1))).argmax(1)
        error, chance = calibration(logits, labels)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(chance, rel=0.1)


def test_by_hand():
    # Two decisions at probability 3/4, one right: a bin that is off by a quarter.
    logits = np.log([[3.0, 1.0], [1.0, 3.0]])
    assert calibration(logits, np.array([0, 0])) == pytest.approx((0.25, np.sqrt(2 / np.pi * 2 * 3 / 16) / 2))

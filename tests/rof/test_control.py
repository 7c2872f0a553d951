"""The logit-bias control against its definition, and on planted cases that it must tell apart."""

import numpy as np
import pytest
from scipy.special import logsumexp

from lucidag.rof.bands import weights
from lucidag.rof.control import logit_moments, shifted_logits
from lucidag.rof.sweep import sweep
from lucidag.rof.turning import turning_point


def problem(images, units, classes, seed):
    draw = np.random.default_rng(seed)
    features = np.maximum(draw.normal(size=(images, units)), 0).astype(np.float32)
    weight = draw.normal(size=(classes, units)).astype(np.float32)
    bias = draw.normal(size=classes).astype(np.float32)
    return features, draw.integers(0, classes, images), weight, bias, draw.permutation(units)


def logits_at(features, weight, bias, order, k):
    on = order[:k]
    return features[:, on].astype(np.float64) @ weight[:, on].astype(np.float64).T + bias


@pytest.mark.parametrize("shape", [(120, 14, 3), (50, 8, 2), (9000, 5, 4)])
@pytest.mark.parametrize("seed", [0, 1])
def test_moments_are_those_of_the_masked_logits(shape, seed):
    features, _, weight, bias, order = problem(*shape, seed)
    means, spreads = logit_moments(features, weight, bias, order)
    for k in range(shape[1] + 1):
        z = logits_at(features, weight, bias, order, k)
        centred = z - z.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(means[k], z.mean(axis=0), atol=1e-12)
        assert spreads[k] == pytest.approx(np.sqrt(centred.var(axis=0).sum()), abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_equals_its_definition(seed):
    features, labels, weight, bias, order = problem(90, 10, 4, seed)
    groups, counts = labels % 2, weights(90, 6, seed)
    found = sweep(features, labels, weight, bias, order, groups, 2, counts, logits=shifted_logits)
    means, spreads = logit_moments(features, weight, bias, order)
    whole = logits_at(features, weight, bias, order, 10)
    for k in range(11):
        c = spreads[k] / spreads[-1] * (whole - means[-1]) + means[k]
        hit = c.argmax(axis=1) == labels
        loss = logsumexp(c, axis=1) - c[np.arange(90), labels]
        assert found.accuracy[k] == hit.mean()
        assert found.loss[k] == pytest.approx(loss.mean(), abs=1e-11)
        assert found.group_accuracy[:, k].tolist() == [hit[groups == g].mean() for g in (0, 1)]
        np.testing.assert_allclose(found.draws.accuracy[:, k], counts @ hit / 90, rtol=1e-14)
        np.testing.assert_allclose(found.draws.loss[:, k], counts @ loss / 90, rtol=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_ends_are_those_of_the_sweep(seed):
    features, labels, weight, bias, order = problem(150, 12, 5, seed)
    masked = sweep(features, labels, weight, bias, order)
    control = sweep(features, labels, weight, bias, order, logits=shifted_logits)
    for name in ("accuracy", "loss", "worst_accuracy"):
        assert getattr(control, name)[0] == getattr(masked, name)[0]
        assert getattr(control, name)[-1] == getattr(masked, name)[-1]


def test_dead_features_leave_the_bias():
    features, labels, weight, bias, order = problem(30, 6, 3, 0)
    features[:] = 0
    control = sweep(features, labels, weight, bias, order, logits=shifted_logits)
    assert (control.accuracy == np.mean(labels == bias.argmax())).all()
    assert np.isfinite(control.loss).all()


def planted(seed):
    """Two classes and 600 images; unit 0 carries the class, unit 1 is each test's."""
    draw = np.random.default_rng(seed)
    labels = np.arange(600) % 2
    signal = np.where(labels == 1, 3.0, 1.0) + 0.3 * draw.normal(size=600)
    return labels, signal, draw


@pytest.mark.parametrize("seed", range(3))
def test_a_pure_threshold_shift_is_reproduced(seed):
    # Unit 1 is 1 on every image and pushes to class 0: it moves the threshold and knows nothing.
    labels, signal, _ = planted(seed)
    features = np.stack([signal, np.ones(600)], axis=1).astype(np.float32)
    weight = np.array([[0.0, 2.0], [1.0, 0.0]], dtype=np.float32)
    bias = np.array([2.0, 0.0], dtype=np.float32)
    order = np.array([0, 1])
    masked = sweep(features, labels, weight, bias, order, labels, 2)
    control = sweep(features, labels, weight, bias, order, labels, 2, logits=shifted_logits)
    assert masked.worst_accuracy[1] > 0.95
    assert masked.worst_accuracy[2] < 0.05
    np.testing.assert_array_equal(control.group_accuracy[:, 1], masked.group_accuracy[:, 1])


@pytest.mark.parametrize("seed", range(3))
def test_a_spurious_unit_is_not(seed):
    # Unit 1 fires on half of the images of each class and turns them to the other class: masking it helps,
    # and no constant a class can do the same.
    labels, signal, _ = planted(seed)
    artefact = (np.arange(600) // 2) % 2
    features = np.stack([signal, artefact], axis=1).astype(np.float32)
    weight = np.array([[0.0, 6.0], [1.0, 0.0]], dtype=np.float32)
    bias = np.array([2.0, 0.0], dtype=np.float32)
    order, groups = np.array([0, 1]), 2 * labels + artefact
    masked = sweep(features, labels, weight, bias, order, groups, 4)
    control = sweep(features, labels, weight, bias, order, groups, 4, logits=shifted_logits)
    assert turning_point(masked.worst_accuracy, "worst_accuracy") == 1
    assert masked.worst_accuracy[1] > 0.95
    assert control.worst_accuracy[1] < 0.2
    assert control.accuracy[1] < 0.85

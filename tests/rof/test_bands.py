"""Bootstrap draws against explicit resampling."""

import numpy as np
import pytest

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.draws import interval
from lucidag.rof.bands import bands, weights
from lucidag.rof.sweep import sweep


def test_draws_equal_a_sweep_of_the_repeated_images():
    draw = np.random.default_rng(0)
    features, weight = (draw.normal(size=shape).astype(np.float32) for shape in ((60, 8), (4, 8)))
    bias, labels, order = np.zeros(4, dtype=np.float32), draw.integers(0, 4, 60), draw.permutation(8)
    groups = (draw.random(60) < 0.03).astype(np.int64) + 2 * (labels > 1)
    counts = weights(60, 25, 3)
    drawn = sweep(features, labels, weight, bias, order, groups, 5, counts).draws
    empty = 0
    for row, count in enumerate(counts):
        again = np.repeat(np.arange(60), count)
        plain = sweep(features[again], labels[again], weight, bias, order, groups[again], 5)
        np.testing.assert_allclose(drawn.accuracy[row], plain.accuracy, rtol=1e-14)
        np.testing.assert_allclose(drawn.loss[row], plain.loss, rtol=1e-12)
        np.testing.assert_allclose(drawn.worst_accuracy[row], plain.worst_accuracy, rtol=1e-14)
        np.testing.assert_allclose(drawn.group_accuracy[row], plain.group_accuracy, rtol=1e-14)
        empty += int(np.isnan(plain.group_accuracy[1, 0]))
    assert empty > 0  # some draw lost the small group


def test_weights_are_samples_with_replacement():
    counts = weights(400, 300, 1)
    assert (counts.sum(axis=1, dtype=int) == 400).all()
    assert counts.tobytes() == weights(400, 300, 1).tobytes() != weights(400, 300, 2).tobytes()
    # Each image is drawn Binomial(400, 1/400) times: mean 1, variance 1 - 1/400.
    assert counts.var() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_patients_are_drawn_with_all_their_images(seed):
    owner = np.random.default_rng(seed).permutation(np.arange(60).repeat(5))
    counts = weights(300, 50, seed, owner)
    of_owner = np.stack([counts[:, owner == each][:, 0] for each in range(60)], axis=1)
    assert (counts == of_owner[:, owner]).all()
    assert (of_owner.sum(axis=1, dtype=int) == 60).all()
    assert of_owner.var() == pytest.approx(1, abs=0.1)


def test_bands_are_percentiles():
    draw = np.random.default_rng(0)
    features, weight = (draw.normal(size=shape).astype(np.float32) for shape in ((90, 8), (4, 8)))
    labels = draw.integers(0, 4, 90)
    result = sweep(
        features, labels, weight, np.zeros(4, dtype=np.float32), np.arange(8), labels // 2, 3, weights(90, 101, 0)
    )
    found = bands(result.draws, 0.9, ("a", "b", "none"))
    assert list(found)[3:] == ["accuracy_group:a", "accuracy_group:b", "accuracy_group:none"]
    low, high = found["accuracy"]
    np.testing.assert_allclose(low, np.sort(result.draws.accuracy, axis=0)[5], rtol=1e-14)
    np.testing.assert_allclose(high, np.sort(result.draws.accuracy, axis=0)[95], rtol=1e-14)
    assert np.isnan(found["accuracy_group:none"]).all()
    assert interval([1.0, 2.0, 3.0], 0.5) == (1.5, 2.5)
    with pytest.raises(InputError, match="confidence"):
        bands(result.draws, 1.0)
    with pytest.raises(InputError, match="at least 1 draw"):
        weights(5, 0, 0)


def test_draws_of_a_group_of_more_than_255_images():
    draw = np.random.default_rng(1)
    features, weight = (draw.normal(size=shape).astype(np.float32) for shape in ((700, 3), (2, 3)))
    labels, counts = draw.integers(0, 2, 700), weights(700, 4, 0)
    drawn = sweep(features, labels, weight, np.zeros(2, np.float32), np.arange(3), labels, 2, counts).draws
    hit = (features.astype(np.float64) @ weight.T.astype(np.float64)).argmax(axis=1) == labels
    expected = [[np.average(hit[labels == group], weights=row[labels == group]) for group in (0, 1)] for row in counts]
    np.testing.assert_allclose(drawn.group_accuracy[:, :, -1], expected, rtol=1e-14)
    np.testing.assert_allclose(drawn.accuracy[:, -1], counts.astype(np.int64) @ hit / 700, rtol=1e-14)

"""The exact sweep against plain masking, hand-made numbers and pandas."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp

from lucidag.ground.errors import InputError
from lucidag.rof import evaluate
from lucidag.rof.bands import weights
from lucidag.rof.sweep import sweep

SHAPES = [(200, 30, 5), (37, 12, 2), (60, 9, 1000), (1, 4, 3), (500, 1, 10)]


def problem(images, units, classes, seed, signed=True):
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(images, units)).astype(np.float32)
    if not signed:
        features = np.maximum(features, 0)
    weight = draw.normal(size=(classes, units)).astype(np.float32)
    bias = draw.normal(size=classes).astype(np.float32)
    return features, draw.integers(0, classes, images), weight, bias, draw.permutation(units)


def masked_logits(features, weight, bias, order, k):
    """The plain way: all units but the first k set to zero, summed in float64 one after another."""
    z = np.tile(bias.astype(np.float64), (len(features), 1))
    for unit in order[:k]:
        z = z + features[:, unit, None].astype(np.float64) * weight[:, unit].astype(np.float64)
    return z


def cross_entropy(logits, labels):
    return float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]))


def test_two_units_by_hand():
    features = np.array([[1.0, 2.0], [3.0, 0.0]], dtype=np.float32)
    weight = np.array([[1.0, 0.0], [0.0, 2.0]], dtype=np.float32)
    bias = np.array([0.0, 1.0], dtype=np.float32)
    result = sweep(features, np.array([1, 0]), weight, bias, np.array([0, 1]))
    # k=0: (0,1) (0,1); k=1: (1,1), a tie that the lower class wins, and (3,1); k=2: (1,5) (3,1).
    assert result.accuracy.tolist() == [0.5, 0.5, 1.0]
    expected = [
        (np.log(1 + np.e) - 1 + np.log(1 + np.e)) / 2,
        (np.log(2) + np.log(1 + np.exp(-2))) / 2,
        (np.log(1 + np.exp(-4)) + np.log(1 + np.exp(-2))) / 2,
    ]
    np.testing.assert_allclose(result.loss, expected, rtol=1e-14)
    np.testing.assert_array_equal(result.class_accuracy, [[0, 1, 1], [1, 0, 1]])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_plain_masking(shape, seed):
    features, labels, weight, bias, order = problem(*shape, seed, signed=seed == 0)
    result = sweep(features, labels, weight, bias, order)
    assert result.units == shape[1]
    for k in range(shape[1] + 1):
        z = masked_logits(features, weight, bias, order, k)
        assert result.accuracy[k] == np.mean(z.argmax(axis=1) == labels)
        assert result.loss[k] == pytest.approx(cross_entropy(z, labels), abs=1e-11)


@pytest.mark.parametrize("classes", [2, 5, 300])
@pytest.mark.parametrize("images", [1, 3, 64, 65])
def test_ties_go_to_the_lowest_class(images, classes):
    features, labels, weight, bias, order = problem(images, 13, classes, 4)
    features[:, order[:4]] = 0  # dead units at the start, and a bias of zeros: every class ties
    bias[:] = 0
    weight[classes // 2 :] = weight[0]  # and many classes that always tie with class 0
    labels[: images // 2] = 0
    result = sweep(features, labels, weight, bias, order)
    expected = [np.mean(masked_logits(features, weight, bias, order, k).argmax(axis=1) == labels) for k in range(14)]
    assert result.accuracy.tolist() == expected
    assert result.accuracy[0] == np.mean(labels == 0)


@pytest.mark.parametrize("seed", range(3))
def test_ends_are_the_bias_and_the_whole_layer(seed):
    features, labels, weight, bias, order = problem(400, 25, 7, seed)
    result = sweep(features, labels, weight, bias, order)
    whole = features.astype(np.float64) @ weight.astype(np.float64).T + bias
    assert result.accuracy[-1] == np.mean(whole.argmax(axis=1) == labels)
    assert result.loss[-1] == pytest.approx(cross_entropy(whole, labels), abs=1e-12)
    assert result.accuracy[0] == np.mean(labels == bias.argmax())
    assert result.loss[0] == pytest.approx(np.mean(logsumexp(bias.astype(np.float64)) - bias[labels]), abs=1e-12)


def test_a_unit_without_weight_changes_nothing():
    features, labels, weight, bias, order = problem(80, 10, 4, 5)
    weight[:, order[6]] = 0
    result = sweep(features, labels, weight, bias, order)
    assert result.accuracy[7] == result.accuracy[6]
    assert result.loss[7] == result.loss[6]


def test_two_half_units_are_one():
    features, labels, weight, bias, _ = problem(80, 6, 4, 6)
    whole = sweep(features, labels, weight, bias, np.arange(6))
    # Powers of two split without rounding: unit 0 becomes two units with half the weight each.
    doubled = np.concatenate([features[:, :1], features], axis=1)
    halved = np.concatenate([weight[:, :1] / 2, weight[:, :1] / 2, weight[:, 1:]], axis=1)
    split = sweep(doubled, labels, halved, bias, np.arange(7))
    np.testing.assert_array_equal(split.accuracy[2:], whole.accuracy[1:])
    np.testing.assert_allclose(split.loss[2:], whole.loss[1:], rtol=1e-12)


@pytest.mark.parametrize("tile", [1, 7, 64, 1000])
def test_tiles_blocks_and_threads_make_no_difference(tile, monkeypatch):
    features, labels, weight, bias, order = problem(150, 20, 6, 7)
    counts = weights(150, 5, 0)
    groups = labels % 3
    expected = sweep(features, labels, weight, bias, order, groups, 3, counts, threads=1)
    monkeypatch.setattr(evaluate, "BLOCK_ELEMENTS", 21 * 50)
    found = sweep(features, labels, weight, bias, order, groups, 3, counts, tile=tile, threads=3)
    for name in ("accuracy", "worst_accuracy", "group_accuracy", "class_accuracy"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-13)
    np.testing.assert_array_equal(found.draws.group_accuracy, expected.draws.group_accuracy)
    np.testing.assert_allclose(found.draws.loss, expected.draws.loss, rtol=1e-13)


def test_the_number_of_threads_changes_no_byte(monkeypatch):
    features, labels, weight, bias, order = problem(300, 20, 6, 8)
    monkeypatch.setattr(evaluate, "BLOCK_ELEMENTS", 21 * 40)
    one, four = (sweep(features, labels, weight, bias, order, threads=n, tile=16) for n in (1, 4))
    assert one.loss.tobytes() == four.loss.tobytes()


def test_the_order_of_images_makes_no_difference():
    features, labels, weight, bias, order = problem(150, 20, 6, 9)
    shuffle = np.random.default_rng(0).permutation(150)
    first = sweep(features, labels, weight, bias, order)
    second = sweep(features[shuffle], labels[shuffle], weight, bias, order)
    np.testing.assert_array_equal(first.accuracy, second.accuracy)
    np.testing.assert_array_equal(first.class_accuracy, second.class_accuracy)
    np.testing.assert_allclose(first.loss, second.loss, rtol=1e-13)


def test_groups_and_classes_against_pandas():
    features, labels, weight, bias, order = problem(240, 15, 6, 10)
    labels[labels == 4] = 3  # class 4 has no image
    groups = np.random.default_rng(1).choice([0, 1, 3], size=240)  # neither has group 2
    result = sweep(features, labels, weight, bias, order, groups, 4)
    for k in range(16):
        hit = masked_logits(features, weight, bias, order, k).argmax(axis=1) == labels
        frame = pd.DataFrame({"hit": hit, "group": groups, "label": labels})
        by_group = frame.groupby("group")["hit"].mean().reindex(range(4))
        by_class = frame.groupby("label")["hit"].mean().reindex(range(6))
        np.testing.assert_array_equal(result.group_accuracy[:, k], by_group)
        np.testing.assert_array_equal(result.class_accuracy[:, k], by_class)
        assert result.worst_accuracy[k] == by_group.min()
    assert np.isnan(result.group_accuracy[2]).all()


def test_extreme_logits_stay_finite():
    features = np.array([[1.0], [1.0]], dtype=np.float32)
    weight = np.array([[3000.0], [-3000.0]], dtype=np.float32)
    result = sweep(features, np.array([0, 1]), weight, np.zeros(2, dtype=np.float32), np.array([0]))
    assert result.loss[1] == 3000.0  # nothing, and the whole distance of 6000


def test_wrong_input_is_named():
    features, labels, weight, bias, order = problem(20, 6, 3, 11)
    with pytest.raises(InputError, match="no permutation"):
        sweep(features, labels, weight, bias, order[:5])
    with pytest.raises(InputError, match="no permutation"):
        sweep(features, labels, weight, bias, np.zeros(6, dtype=np.int64))
    with pytest.raises(InputError, match="3 x 5"):
        sweep(features, labels, weight[:, :5], bias, order)
    with pytest.raises(InputError, match="label index 3"):
        sweep(features, np.full(20, 3), weight, bias, order)
    with pytest.raises(InputError, match="group index -1"):
        sweep(features, labels, weight, bias, order, np.full(20, -1), 2)
    with pytest.raises(InputError, match="at least 2 classes"):
        sweep(features, np.zeros(20, dtype=np.int64), weight[:1], bias[:1], order)
    with pytest.raises(InputError, match="19 labels were given for 20 images"):
        sweep(features, labels[:19], weight, bias, order)
    for value in (np.nan, np.inf):
        broken = features.copy()
        broken[3, 2] = value
        with pytest.raises(InputError, match=r"features.*NaN or infinite"):
            sweep(broken, labels, weight, bias, order)

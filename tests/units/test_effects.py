"""Effects of units: against a loop that zeroes each, against permutations, and with labels that are dealt out."""

import numpy as np
import pytest
from scipy.special import logsumexp

from lucidag.ground.statistics.dealt import dealt_out
from lucidag.ground.statistics.many import mean_intervals
from lucidag.ground.statistics.studentised import studentised
from lucidag.units.effects.exact import without_units
from lucidag.units.effects.table import COLUMNS, effects


def network(seed, images=60, units=7, classes=3):
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.normal(size=(images, units)), 0).astype(np.float32)
    weight, bias = rng.normal(size=(classes, units)).astype(np.float32), rng.normal(size=classes).astype(np.float32)
    return features, weight, bias, rng.integers(0, classes, images)


def judged(z, labels):
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, labels] = -np.inf
    return logsumexp(z, axis=1) - z[rows, labels], z[rows, labels] - others.max(1), z.argmax(1) == labels


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("block", [1, 500, 10**7])
def test_effects_are_those_of_a_loop_that_zeroes_each_unit(seed, block):
    features, weight, bias, labels = network(seed)
    before = judged(features.astype(float) @ weight.T.astype(float) + bias, labels)
    seen = []
    for found in without_units(features, weight, bias, labels, block):
        for place, unit in enumerate(found.units):
            zeroed = features.copy()
            zeroed[:, unit] = 0
            after = judged(zeroed.astype(float) @ weight.T.astype(float) + bias, labels)
            own = found.loss[np.arange(len(labels)), labels, place]
            np.testing.assert_allclose(own, after[0] - before[0], atol=1e-12)
            np.testing.assert_allclose(found.margin[:, place], after[1] - before[1], atol=1e-12)
            assert np.array_equal(found.correct[:, place], after[2].astype(int) - before[2].astype(int))
            seen.append(int(unit))
    assert seen == list(range(features.shape[1]))


def test_the_table_has_a_row_per_unit_and_class_and_group():
    features, weight, bias, labels = network(0)
    ink = np.where(np.arange(60) < 20, "much", "little")
    table = effects(features, weight, bias, labels, ["a", "b", "c"], {"ink": ink}, 0.95, 200, 0)
    assert tuple(table.columns) == COLUMNS
    assert table.groupby(["of", "value"]).size().to_dict() == {
        ("class", "a"): 7,
        ("class", "b"): 7,
        ("class", "c"): 7,
        ("ink", "little"): 7,
        ("ink", "much"): 7,
    }
    classes = table[table["of"] == "class"]
    whole = (classes["loss"] * classes["images"]).groupby(classes["unit"]).sum() / 60
    groups = table[table["of"] == "ink"]
    again = (groups["loss"] * groups["images"]).groupby(groups["unit"]).sum() / 60
    np.testing.assert_allclose(whole, again, atol=1e-12)
    assert (table["loss_low"] <= table["loss"]).all()
    assert (table["loss"] <= table["loss_high"]).all()


@pytest.mark.parametrize("seed", range(2))
def test_a_planted_unit_is_found_and_dealt_out_labels_are_not(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 300)
    features = np.maximum(rng.normal(size=(300, 20)), 0)
    features[:, 0] = 2.0 * (labels == 1) + rng.random(300)  # speaks for class 1 on its images
    weight = rng.normal(size=(3, 20)) * 0.1
    weight[:, 0] = (0, 2, 0)
    table = effects(features, weight, np.zeros(3), labels, ["a", "b", "c"], {}, 0.95, 100, 0)
    found = table[(table["p_fdr"] < 0.05) & (table["beyond"] > 0)]
    assert (0, "b") in set(zip(found["unit"], found["value"], strict=True))
    shares = []
    for draw in range(20):
        dealt = np.random.default_rng(draw).permutation(labels)
        other = effects(features, weight, np.zeros(3), dealt, ["a", "b", "c"], {}, 0.95, 10, 0)
        shares.append((other["p_fdr"] < 0.05).any())
    assert np.mean(shares) <= 0.15  # at most 5 %, of twenty draws


def test_moments_of_dealt_out_parts_are_those_of_permutations():
    rng = np.random.default_rng(0)
    values = rng.exponential(size=(40, 4))
    part = np.arange(40) < 9
    drawn = np.array([values[rng.permutation(40)[:9]].mean(axis=0) for _ in range(20000)])
    seen = values[part].mean(axis=0)
    tail = 2 * np.minimum((drawn >= seen).mean(axis=0), (drawn <= seen).mean(axis=0))
    beyond, p = dealt_out(values, part)
    np.testing.assert_allclose(p, tail, atol=0.06)
    np.testing.assert_allclose(beyond, values[part].mean(axis=0) - values[~part].mean(axis=0))
    assert dealt_out(np.ones((40, 1)), part)[1] == 1
    assert np.isnan(dealt_out(values, np.arange(40) < 1)[1]).all()


def test_dealt_out_parts_are_called_as_often_as_the_level_says_at_most():
    rng, hits = np.random.default_rng(1), 0
    for _ in range(60):
        values = np.maximum(rng.normal(size=(120, 40)) - 1, 0) ** 2
        hits += int((dealt_out(values, rng.permutation(120) < 15)[1] < 0.05).sum())
    assert hits / (60 * 40) <= 0.06


@pytest.mark.parametrize("seed", range(3))
def test_many_intervals_are_those_of_one_at_a_time(seed):
    values = np.random.default_rng(seed).exponential(size=(25, 4))
    low, high = mean_intervals(values, 0.95, 20000, seed)
    for column in range(4):
        one = studentised((values[:, column],), 0.95, 20000, seed)
        assert (low[column], high[column]) == pytest.approx(one, abs=0.06 * (one[1] - one[0]))


def test_no_interval_of_what_hardly_varies():
    values = np.zeros((10, 2))
    values[0, 0] = 1
    values[:2, 1] = 1
    low, high = mean_intervals(values, 0.95, 200, 0)
    assert np.isnan(low[0])
    assert low[1] < 0.2 < high[1]
    assert np.isnan(mean_intervals(values[:2], 0.95, 200, 0)[0]).all()

"""Shares, associations and odds ratios over ids, by hand and against those of single images."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, sem, t

from lucidag.ground.statistics.clusters import clustered_mean, clustered_share, constant, odds_interval, permuted_ids
from lucidag.ground.statistics.intervals import share
from lucidag.ground.statistics.owners import owners


def test_owners_are_numbered_only_where_images_share_one():
    assert owners(None, 3) is owners(["a", "b", "c"], 3) is owners([], 0) is None
    assert owners(["b", "a", "b"], 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize(("values", "same"), [([5, 5, 2, 2], True), ([5, 6, 2, 2], False), ([1, 1, 1, 1], True)])
def test_constant(values, same):
    assert constant(np.array(values), np.array([0, 0, 1, 1])) is same


@pytest.mark.parametrize("hits", [0, 3, 10])
def test_without_ids_it_is_wilsons(hits):
    flags = np.arange(10) < hits
    assert clustered_share(flags, None, 0.9) == share(hits, 10, 0.9)
    assert clustered_share(flags[:0], np.array([], dtype=np.int64), 0.9) == share(0, 0, 0.9)


@pytest.mark.parametrize("images", [2, 10])
def test_images_that_repeat_their_patient_tell_no_more_than_patients(images):
    flags = np.arange(60) < 20
    single, whole = share(20, 60, 0.95), clustered_share(flags.repeat(images), np.arange(60).repeat(images), 0.95)
    assert whole["n"] == 60 * images
    assert whole["value"] == pytest.approx(single["value"])
    # Student's of 59 in place of the normal's: a little wider.
    ratio = (whole["high"] - whole["low"]) / (single["high"] - single["low"])
    assert 1 < ratio < 1.06


def test_where_all_hit_each_patient_is_a_trial():
    found = clustered_share(np.ones(50, dtype=bool), np.arange(10).repeat(5), 0.95)
    assert (found["low"], found["high"]) == pytest.approx((share(10, 10, 0.95)["low"], 1))


def test_permutations_of_ids_are_all_orders_of_their_shares():
    owner = np.array([0, 0, 1, 1, 1, 2, 3, 3, 4])
    first, second = np.array([0, 1, 1, 1, 1, 0, 0, 0, 1]), np.array([0, 0, 1, 1, 0, 0, 0, 1, 1])
    a, b = (np.array([values[owner == each].mean() for each in range(5)]) for values in (first, second))

    def chi(order):
        table = np.array([[(x * y).sum() for y in (1 - b[order], b[order])] for x in (1 - a, a)])
        return chi2_contingency(table, correction=False).statistic

    every = np.array([chi(list(order)) for order in permutations(range(5))])
    p = permuted_ids(first, second, owner, 20_000, np.random.default_rng(0))
    assert p == pytest.approx((every >= chi(list(range(5))) - 1e-9).mean(), abs=0.015)


def test_an_association_of_patients_is_found_and_one_of_few_patients_is_not():
    rng = np.random.default_rng(0)
    own = rng.integers(0, 2, 60)
    owner = np.arange(60).repeat(4)
    seen = np.where(rng.random(240) < 0.8, own[owner], rng.integers(0, 2, 240))
    assert permuted_ids(seen, own[owner], owner, 999, rng) == 0.001
    few = np.arange(4).repeat(60)
    assert permuted_ids(few % 2, few % 2, few, 999, rng) > 0.2


@pytest.mark.parametrize("seed", range(3))
def test_of_single_images_the_interval_is_that_of_the_four_counts(seed):
    rng = np.random.default_rng(seed)
    has, of = rng.random((2, 3000)) < 0.4
    low, high, reason = odds_interval(has, of, np.arange(3000), 0.95)
    counts = [int(((has == a) & (of == b)).sum()) for a in (True, False) for b in (True, False)]
    middle = np.log(counts[0] * counts[3] / (counts[1] * counts[2]))
    error = np.sqrt(sum(1 / count for count in counts))  # Woolf 1955
    assert reason == ""
    assert np.log([low, high]) == pytest.approx([middle - 1.96 * error, middle + 1.96 * error], rel=0.01)


def test_repeated_images_do_not_narrow_an_odds_ratio_and_few_patients_have_none():
    rng = np.random.default_rng(1)
    has, of = rng.random((2, 200)) < 0.4
    single = odds_interval(has, of, np.arange(200), 0.95)
    many = odds_interval(has.repeat(6), of.repeat(6), np.arange(200).repeat(6), 0.95)
    assert many[:2] == pytest.approx(single[:2])
    low, _, reason = odds_interval(has[:12], of[:12], np.arange(12), 0.95)
    assert np.isnan(low)
    assert "too few for an interval" in reason


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_of_single_images_has_students_interval_and_repeats_do_not_narrow_it(seed):
    values = np.random.default_rng(seed).exponential(size=40)
    students = t.interval(0.9, 39, values.mean(), sem(values))
    assert clustered_mean(values, None, 0.9) == pytest.approx(students)
    assert clustered_mean(np.repeat(values, 5), np.repeat(np.arange(40) + 7, 5), 0.9) == pytest.approx(students)
    assert clustered_mean(values, np.zeros(40, int), 0.9) == clustered_mean(values[:1], None, 0.9) == (None, None)

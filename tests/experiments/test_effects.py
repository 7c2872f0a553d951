"""Effects of factors against textbook formulas and planted truths."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import f, nct, t, ttest_rel

from lucidag.experiments.design import Network, balanced, one_factor_each
from lucidag.experiments.effects import POWER, effect, scatter, spread, visible


@pytest.mark.parametrize("seed", range(5))
def test_of_one_combination_it_is_the_paired_t_test(seed):
    values = np.random.default_rng(seed).normal(size=(2, 1, 5))
    found, theirs = effect(values[1], values[0], 0.9), ttest_rel(values[1, 0], values[0, 0])
    interval = theirs.confidence_interval(0.9)
    assert (found.p, found.low, found.high) == pytest.approx((theirs.pvalue, interval.low, interval.high))
    assert found.effect == pytest.approx(found.mean - found.mean_against)
    assert found.reason == ""


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_analysis_of_variance_with_random_seeds(seed):
    values = np.random.default_rng(seed).normal(size=(2, 3, 4))
    cells = values.mean(axis=1)  # value by seed
    unlike = cells - cells.mean(axis=0) - cells.mean(axis=1, keepdims=True) + cells.mean()
    between = 4 * ((cells.mean(axis=1) - cells.mean()) ** 2).sum()
    ratio = between / ((unlike**2).sum() / 3)
    assert effect(values[1], values[0], 0.95).p == pytest.approx(f.sf(ratio, 1, 3))


def test_one_seed_and_a_difference_without_scatter_have_no_interval():
    alone = effect(np.ones((3, 1)), np.zeros((3, 1)), 0.95)
    assert alone.effect == 1
    assert np.isnan([alone.low, alone.high, alone.p, alone.visible]).all()
    assert alone.reason.startswith("one seed")
    same = effect(np.full((2, 3), 0.3), np.full((2, 3), 0.1), 0.95)
    assert np.isnan(same.p)
    assert same.reason == "the difference is the same for all 3 seeds"


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_an_effect_that_could_just_be_seen_is_seen_in_eight_of_ten(seeds):
    rng = np.random.default_rng(seeds)
    planted = visible(seeds, 0.95) / seeds**0.5  # the scatter of a difference is 1
    calls = [effect(planted + rng.normal(size=(1, seeds)), np.zeros((1, seeds)), 0.95).p < 0.05 for _ in range(1500)]
    assert np.mean(calls) == pytest.approx(POWER, abs=0.035)


@pytest.mark.parametrize("seeds", [2, 3, 8])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_what_could_be_seen_is_that_of_the_noncentral_t(seeds, confidence):
    bound = t.ppf((1 + confidence) / 2, seeds - 1)
    assert nct.sf(bound, seeds - 1, visible(seeds, confidence)) == pytest.approx(POWER, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(2, 2, 3), (3, 1, 2), (4, 3, 5)])
def test_shares_of_the_spread_are_those_of_an_analysis_of_variance(seed, shape):
    values = np.random.default_rng(seed).normal(size=shape)
    found = spread(values)
    cells = values.mean(axis=2, keepdims=True)
    whole = ((values - values.mean()) ** 2).sum()
    rest = (np.broadcast_to(cells - values.mean(axis=(1, 2), keepdims=True), shape) ** 2).sum()
    assert found.rest == pytest.approx(rest / whole)
    assert found.factor + found.seeds + found.rest == pytest.approx(1)


@pytest.mark.parametrize("shape", [(2, 2, 3), (3, 1, 4)])
def test_a_factor_without_effect_explains_as_much_as_chance(shape):
    rng = np.random.default_rng(1)
    drawn = [rng.normal(size=shape) + rng.normal(size=(shape[0], 1, shape[2])) for _ in range(1500)]
    whole = [((values - values.mean()) ** 2).sum() for values in drawn]
    found = [spread(values) for values in drawn]
    factor, chance = (
        np.mean([getattr(each, name) * size for each, size in zip(found, whole, strict=True)])
        for name in ("factor", "chance")
    )
    assert factor == pytest.approx(chance, rel=0.08)
    assert np.isnan(spread(np.arange(4.0).reshape(2, 2, 1)).chance)


def test_what_does_not_vary_has_no_shares():
    assert np.isnan(list(vars(spread(np.full((2, 2, 2), 0.1 + 0.2))).values())).all()


def test_seeds_scatter_as_planted():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        values = rng.normal(size=(2, 3)) * 0.5 + rng.normal(size=(2, 1))
        sd, low, high = scatter(values, 0.95)
        assert low < sd < high
        held.append(low <= 0.5 <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
    assert np.isnan(scatter(np.ones((4, 1)), 0.95)).all()
    assert scatter(np.full((2, 3), 0.1), 0.95) == (0, 0, 0)


def grid(*sizes: int) -> list[Network]:
    return [Network({"a": a, "b": b}, seed) for a, b, seed in product(*map(range, sizes))]


def test_a_whole_grid_is_compared_wholly():
    networks = grid(2, 3, 2)
    values = np.array([10 * each.settings["a"] + 100 * each.settings["b"] + each.seed for each in networks], float)
    found = balanced(networks, values, "a")
    assert found.values.shape == (2, 3, 2)
    assert (found.values[1] - found.values[0] == 10).all()
    assert found.left_out == 0


def test_a_network_without_a_number_takes_its_combination_or_its_seed_with_it():
    networks = grid(2, 3, 3)
    values = np.arange(len(networks), dtype=float)
    values[4] = np.nan
    found = balanced(networks, values, "a")
    assert found.values.shape == (2, 2, 3)
    assert found.left_out == 5
    single = [each for each in networks if each.settings["b"] == 0]
    lost = np.where([each.settings["a"] == 0 and each.seed == 1 for each in single], np.nan, 1.0)
    assert balanced(single, lost, "a").values.shape == (2, 1, 2)


def test_values_that_no_other_setting_shares_are_not_compared():
    networks = [each for each in grid(2, 2, 2) if each.settings["a"] == each.settings["b"]]
    assert balanced(networks, np.ones(len(networks)), "a") is None
    assert balanced(grid(1, 2, 2), np.ones(4), "a") is None


def test_settings_that_change_together_are_one_factor():
    values = [{"x": x, "y": -x, "z": z, "w": 1} for x in (0, 1) for z in (0, 1)]
    assert one_factor_each(values) == [("x", "y"), ("z",)]

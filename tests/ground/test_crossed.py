"""Means of networks and images, against Student's and Welch's intervals and against a truth that is known."""

import numpy as np
import pytest
from scipy.stats import t, ttest_ind

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.crossed import crossed, crossed_difference
from lucidag.ground.statistics.intervals import estimate


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_where_images_are_alike_it_is_students_interval_of_the_networks(seed, level):
    rng = np.random.default_rng(seed)
    networks = rng.normal(size=4)
    cells = np.repeat(networks[:, None], 50, axis=1)
    found = crossed(cells, level)
    half = t.ppf((1 + level) / 2, 3) * networks.std(ddof=1) / 2
    assert (found.low, found.high) == pytest.approx((networks.mean() - half, networks.mean() + half))
    assert found.each == pytest.approx(networks)
    other = rng.normal(size=3)
    beside = crossed_difference(cells, np.repeat(other[:, None], 50, axis=1), level)
    welch = ttest_ind(networks, other, equal_var=False).confidence_interval(level)
    assert (beside.low, beside.high) == pytest.approx((welch.low, welch.high))


def test_where_networks_are_alike_it_is_students_interval_of_the_images():
    images = np.random.default_rng(0).normal(size=12)
    found = crossed(np.repeat(images[None], 3, axis=0))
    half = t.ppf(0.975, 11) * images.std(ddof=1) / 12**0.5
    assert (found.low, found.high) == pytest.approx((images.mean() - half, images.mean() + half))
    assert found.images == 12


def test_one_network_has_the_interval_over_images():
    values = np.random.default_rng(1).normal(size=(1, 30))
    found, plain = crossed(values, 0.9, 200, 3), estimate(values[0], 0.9, 200, 3)
    assert (found.mean, found.low, found.high, found.images) == (plain.mean, plain.low, plain.high, plain.n)
    other = np.random.default_rng(2).normal(size=(3, 30))
    beside, paired = crossed_difference(values, other, 0.9, 200, 3), estimate(values[0] - other.mean(0), 0.9, 200, 3)
    assert (beside.low, beside.high) == pytest.approx((paired.low, paired.high))


def test_cells_without_a_value_are_left_out():
    cells = np.array([[1.0, 2.0, np.nan], [3.0, 4.0, np.nan], [np.nan, np.nan, np.nan]])
    found = crossed(cells)
    assert found.mean == pytest.approx(2.5)
    assert found.images == 2
    assert found.json()["each"] == [1.5, 3.5, None]
    nothing = crossed(np.full((2, 3), np.nan))
    assert nothing.json() == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "reason": nothing.reason,
        "each": [None, None],
    }
    assert np.isnan(crossed(np.ones((3, 4))).low)  # nothing varies: nothing is known of how much it would
    beside = crossed_difference(cells[:2], [[5.0, np.nan, 5.0], [6.0, np.nan, 6.0]])
    assert (beside.images, beside.mean) == (1, pytest.approx(2 - 5.5))
    with pytest.raises(InputError, match="networks and images"):
        crossed([1.0, 2.0])
    with pytest.raises(InputError, match="2 and 3 images"):
        crossed_difference(np.ones((2, 2)), np.ones((2, 3)))


@pytest.mark.parametrize("networks", [0.2, 1.0])
def test_it_covers_the_truth(networks):
    rng, hits, draws = np.random.default_rng(0), 0, 400
    for _ in range(draws):
        images = rng.normal(size=20)
        arms = [images + networks * rng.normal(size=(3, 1)) + rng.normal(size=(3, 20)) for _ in range(2)]
        found = crossed_difference(*arms)
        hits += found.low <= 0 <= found.high
    assert hits / draws >= 0.93

"""Turning points before a plateau: hand-computed ends of intervals, and what noise may not do to them."""

from statistics import NormalDist

import numpy as np
import pytest

from lucidag.rof.plateau import bounds, gains, retrieved


def test_the_first_k_within_the_margin():
    curves = np.array([[0.1, 0.5, 0.89, 0.95, 0.9], [0.9, 0.1, 0.2, 0.3, 0.9], [0.0, 0.1, 0.2, 0.3, 0.9]])
    assert retrieved(curves, "accuracy", 0.01).tolist() == [2, 0, 4]
    assert retrieved(curves, "accuracy", 0.0).tolist() == [3, 0, 4]
    assert retrieved(1 - curves, "loss", 0.01).tolist() == [2, 0, 4]
    assert gains(curves, "loss")[0].tolist() == pytest.approx([0.8, 0.4, 0.01, -0.05, 0])


def test_ends_by_hand():
    """One k before the last is uncertain, by .02; the level is crossed where 1.96 errors reach it."""
    curve = np.array([0.0, 0.87, 0.9, 0.9])
    drawn = curve + np.outer([-1, 1] * 500, [0, 0.02, 0.0, 0])
    reach = NormalDist().inv_cdf(0.975) * drawn[:, 1].std(ddof=1)
    assert reach > 0.02
    assert bounds(-curve, -drawn, "loss", 0.01, 0.95, 10**9) == (1, 2)
    assert bounds(-curve, -drawn, "loss", 0.03 - reach - 0.001, 0.95, 10**9) == (2, 2) or reach > 0.03
    assert bounds(-curve, -curve + 0 * drawn, "loss", 0.01, 0.95, 10) == (2, 2)


def test_what_no_image_of_a_sample_tells_apart_is_still_uncertain():
    curve = np.array([0.0, 0.9, 0.9, 0.9])
    drawn = np.tile(curve, (50, 1))
    assert bounds(curve, drawn, "accuracy", 0.01, 0.95, 10_000) == (1, 1)
    assert bounds(curve, drawn, "accuracy", 0.01, 0.95, 50) == (1, 3)


def test_other_orders_widen_the_interval():
    curve = np.array([0.0, 0.6, 0.899, 0.9])
    rng = np.random.default_rng(0)
    drawn = np.clip(curve + 0.001 * rng.normal(size=(200, 4)), 0, 1)
    orders = curve + np.array([[0.0, 0.3, 0, 0], [0.0, -0.3, 0, 0]])
    assert bounds(curve, drawn, "accuracy", 0.01, 0.95, 10**6) == (2, 2)
    assert bounds(curve, drawn, "accuracy", 0.01, 0.95, 10**6, orders) == (1, 2)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("metric", ["accuracy", "loss", "worst_accuracy"])
def test_the_turning_point_lies_between_the_ends(metric, seed):
    rng = np.random.default_rng(seed)
    curve = np.sort(rng.random(30))
    curve = -curve if metric == "loss" else curve
    drawn = curve + 0.02 * rng.normal(size=(60, 30)) * (np.arange(30) < 29)
    low, high = bounds(curve, drawn, metric, 0.05, 0.9, 300)
    assert low <= retrieved(curve[None], metric, 0.05)[0] <= high
    narrow = bounds(curve, drawn, metric, 0.05, 0.5, 300)
    assert low <= narrow[0] <= narrow[1] <= high

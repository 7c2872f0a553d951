"""Rank correlations against those of scipy."""

import warnings

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from lucidag.ground.statistics.correlation import centred_ranks, spearman, spearman_within
from lucidag.ground.statistics.ranks import mean_ranks


@pytest.mark.parametrize("seed", range(4))
def test_spearman_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    a = rng.random((12, 12)).astype(np.float32)
    b = np.round(a + rng.normal(0, 0.3, a.shape), 1).astype(np.float32)  # with ties
    assert spearman(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-12)
    assert spearman(a, -(a**3)) == pytest.approx(-1)
    assert centred_ranks(b).sum() == 0
    assert (mean_ranks(b) == rankdata(b, axis=None)).all()


def test_spearman_of_a_constant_map_is_undefined_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(spearman(np.ones((3, 3)), np.arange(9.0).reshape(3, 3)))


@pytest.mark.parametrize("seed", range(4))
def test_spearman_within_one_family_is_that_of_scipy(seed):
    draw = np.random.default_rng(seed)
    x, y = draw.normal(size=15), draw.integers(0, 4, 15).astype(float)  # with ties
    assert spearman_within(x, y, np.zeros(15, dtype=np.int64)) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)

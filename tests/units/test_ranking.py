"""Units ranked by activation: closed forms, planted units, and regions counted by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lucidag.ground.errors import InputError
from lucidag.units.labels.detectors import label_units
from lucidag.units.labels.ranking import inside, measure_correlations, rank_units, sparseness
from lucidag.units.passes.overlaps import Overlaps


def test_sparseness_of_known_units():
    n = 50
    some = np.zeros(n)
    some[:10] = 3.0
    pooled = np.stack([np.full(n, 0.7), np.eye(n)[7] * 4, some, np.zeros(n), np.full(n, -2.0)], axis=1)
    found = sparseness(pooled.astype(np.float32))
    # active equally on k of n images: (1 - k/n) / (1 - 1/n)
    np.testing.assert_allclose(found[:3], [0, 1, 0.8 / 0.98], atol=1e-6)
    assert np.isnan(found[3:]).all()
    assert np.isnan(sparseness(np.ones((1, 2), dtype=np.float32))).all()


@pytest.mark.parametrize("seed", range(3))
def test_sparseness_is_the_formula_whatever_the_block_and_the_scale(tmp_path, seed):
    rng = np.random.default_rng(seed)
    pooled = rng.gamma(0.5, size=(203, 6)).astype(np.float32)
    file = np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype=np.float32, shape=pooled.shape)
    file[:] = pooled
    r = pooled.astype(np.float64)
    expected = (1 - r.mean(axis=0) ** 2 / (r**2).mean(axis=0)) / (1 - 1 / 203)
    for block in (1, 1000, 2**25):
        np.testing.assert_allclose(sparseness(np.load(tmp_path / "a.npy", mmap_mode="r"), block), expected, rtol=1e-12)
    np.testing.assert_allclose(sparseness(pooled * 1000), expected, rtol=1e-5)
    # Exponential activations have the ratio (E r)^2 / E r^2 = 1/2.
    many = rng.exponential(size=(40_000, 2)).astype(np.float32)
    np.testing.assert_allclose(sparseness(many), 0.5, atol=0.02)


def test_what_is_not_finite_is_named():
    pooled = np.ones((5, 3), dtype=np.float32)
    pooled[4, 1] = np.nan
    with pytest.raises(InputError, match="unit 1 on image 4 is not finite"):
        sparseness(pooled, block_bytes=1)


def painted(seed):
    """Draw label maps and regions of units, and count their pixels the slow way."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (6, 8, 8))
    labels[2] = 0  # an image without any label counts for nothing
    regions = rng.random((5, 6, 8, 8)) < 0.2
    regions[0] = labels == 2
    regions[1] = False
    counted = np.delete(np.arange(6), 2)
    masks = [labels == c for c in (1, 2, 3)]
    intersection = np.array([[(region & mask).sum() for mask in masks] for region in regions])
    union = np.array([[(region | mask)[counted].sum() for mask in masks] for region in regions])
    area = np.array([mask.sum() for mask in masks])
    counts = {"layer4/intersection/object": intersection, "layer4/union/object": union, "area/object": area}
    overlaps = Overlaps(
        counts,
        {"object": ("cat", "dog", "eel")},
        ("layer4",),
        {"object": 5 * 64},
        6,
        0.005,
        8,
    )
    return overlaps, masks, regions, counted


@pytest.mark.parametrize("seed", range(4))
def test_the_share_inside_is_that_of_the_region(seed):
    overlaps, masks, regions, counted = painted(seed)
    labels = label_units(overlaps, "layer4", 0.04)
    share, chance = inside(overlaps, "layer4", labels.sample(frac=1, random_state=seed))
    assert labels["concept"].tolist()[:2] == ["dog", "none"]
    assert share[0] == 1
    assert np.isnan(share[1])
    assert np.isnan(chance[1])
    for unit in (2, 3, 4):
        mask = masks[("cat", "dog", "eel").index(labels["concept"][unit])]
        assert share[unit] == (regions[unit] & mask).sum() / regions[unit][counted].sum()
        assert chance[unit] == mask.sum() / (5 * 64)
    with pytest.raises(InputError, match=r"unit 0: 'cow' is no concept of category 'object'"):
        inside(overlaps, "layer4", labels.assign(concept="cow"))


def test_ranks_by_hand():
    table = rank_units([1.0, 3.0, 3.0, 0.0], [5, 6, 7, 0], [0.2, 0.9, 0.1, np.nan], [0.5, np.nan, 0.7, np.nan])
    assert table["mean_rank"].tolist() == [3, 1, 1, 4]
    assert table["peak_rank"].tolist() == [3, 2, 1, 4]
    assert table["sparseness_rank"].fillna(-1).tolist() == [2, 1, 3, -1]
    assert table["inside_rank"].fillna(-1).tolist() == [2, -1, 1, -1]
    assert table["inside_chance"].isna().all()
    assert rank_units([1.0], [1.0], [1.0])["inside_rank"].isna().all()
    with pytest.raises(InputError, match="'peak' has 3 values for 2 units"):
        rank_units([1, 2], [1, 2, 3], [0, 0])


def test_correlations_of_measures():
    rng = np.random.default_rng(0)
    mean = rng.gamma(1, size=40)
    peak = mean**2
    sparse = rng.random(40)
    part = np.where(np.arange(40) < 30, -mean, np.nan)
    found = pd.DataFrame(measure_correlations(rank_units(mean, peak, sparse, part))).set_index(["a", "b"])
    assert found.loc[("mean", "peak"), "rho"] == pytest.approx(1)
    assert found.loc[("mean", "inside"), "rho"] == pytest.approx(-1)
    assert found.loc[("mean", "inside"), "units"] == 30
    assert found.loc[("mean", "sparseness"), "rho"] == pytest.approx(spearmanr(mean, sparse).statistic)
    constant = measure_correlations(rank_units(np.ones(5), np.arange(5), np.arange(5) / 10))
    assert {(each["a"], each["b"]): each["rho"] for each in constant}[("mean", "peak")] is None
    assert {(each["a"], each["b"]): each["rho"] for each in constant}[("peak", "inside")] is None

import numpy as np
import pytest

from lucidag.units.passes.quantile import ROOM, UpperTail, kept, plan


def stream(tail, values, batch, seed=0, drop=False):
    """Give `values` (U x n) to a tail in pieces, as pairs sorted by unit; `drop`: without what is below the floor."""
    order = np.random.default_rng(seed).permutation(values.shape[1])
    for start in range(0, len(order), batch):
        piece = values[:, order[start : start + batch]]
        keep = piece > tail.floor[:, None] if drop else np.ones(piece.shape, bool)
        unit, where = keep.nonzero()
        tail.add(unit, piece[unit, where])
    return tail.values().min(axis=1)


@pytest.mark.parametrize("quantile", [0.005, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("total", [1, 7, 200, 1000, 4321])
def test_the_threshold_is_the_least_value_with_no_more_than_the_quantile_above(quantile, total):
    values = np.random.default_rng(total).integers(0, 50, (4, total)).astype(np.float32)
    rank = kept(total, quantile)
    found = stream(UpperTail(4, rank), values, 64)
    for unit, threshold in enumerate(found):
        assert threshold in values[unit]
        assert (values[unit] > threshold).sum() <= quantile * total * (1 + 1e-12)
        below = values[unit][values[unit] < threshold]
        if below.size:
            assert (values[unit] > below.max()).sum() > quantile * total


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_numpys_inverted_cdf(seed):
    values = np.random.default_rng(seed).standard_normal((5, 12_345)).astype(np.float32)
    found = stream(UpperTail(5, kept(12_345, 0.005)), values, 1000, seed)
    expected = np.quantile(values, 0.995, axis=1, method="inverted_cdf")
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("size", "batch"), [(1, 13), (1, 6000), (30, 97), (30, 6000), (ROOM + 5, 97), (ROOM + 5, 6000)]
)
def test_pieces_order_and_left_out_values_change_nothing(size, batch):
    random = np.random.default_rng(size)
    values = random.exponential(1, (3, 6000)).astype(np.float32) * np.array([[1], [100], [-1]], np.float32)
    values[1, :4000] = 0
    expected = np.sort(values, axis=1)[:, -size]
    for drop in (False, True):
        assert np.array_equal(stream(UpperTail(3, size), values, batch, size, drop), expected)


def test_values_that_come_unevenly_are_kept_too():
    tail = UpperTail(3, 4)
    tail.add(np.repeat([0, 2], [3 * ROOM, 2]), np.r_[np.arange(3 * ROOM), 5, 6].astype(np.float32))
    tail.add(np.array([2, 2, 2]), np.array([1, 9, 7], np.float32))
    assert tail.values().min(axis=1).tolist() == [3 * ROOM - 4, -np.inf, 5]


def test_a_constant_unit_has_its_constant():
    assert stream(UpperTail(2, kept(5000, 0.005)), np.full((2, 5000), 3, np.float32), 512).tolist() == [3, 3]


def test_the_plan_is_exact_as_long_as_the_memory_lasts():
    full = plan(units=128, images=60_000, positions=784, quantile=0.005, memory=256 * 2**20, seed=0)
    assert full.exact
    assert full.rank == 235_201
    part = plan(units=512, images=60_000, positions=784, quantile=0.005, memory=256 * 2**20, seed=0)
    assert not part.exact
    assert part.rank <= 256 * 2**20 / 8 / 512
    counts = part.counts()
    assert counts.sum() == part.sampled
    assert counts.max() - counts.min() == 1
    assert plan(512, 10**9, 784, 0.005, 256 * 2**20, 0).rank == part.rank


def test_a_sample_is_drawn_from_seed_and_image():
    first, other = plan(1, 100, 3600, 0.005, 1, seed=1), plan(1, 100, 3600, 0.005, 1, seed=2)
    assert not first.exact
    drawn = first.draw(7, 40)
    assert len(set(drawn.tolist())) == 40
    assert np.array_equal(drawn, first.draw(7, 40))
    assert not np.array_equal(drawn, first.draw(8, 40))
    assert not np.array_equal(drawn, other.draw(7, 40))


@pytest.mark.parametrize("shape", ["exponential", "blobs", "offset"])
def test_the_error_of_a_sample_is_as_stated(shape):
    # Half of 400,000 positions are looked at.
    random, images, positions, units = np.random.default_rng(3), 800, 500, 40
    chosen = plan(units, images, positions, 0.005, memory=1, seed=0)
    assert chosen.rank == ROOM
    values = random.exponential(1, (units, images, positions)).astype(np.float32)
    if shape == "blobs":  # all that is large is in a few images
        values *= (random.random((units, images, 1)) < 0.02) * 10 + 1
    if shape == "offset":
        values = values * np.float32(1e-3) + 1000
    tail = UpperTail(units, chosen.rank)
    for image, count in enumerate(chosen.counts()):
        part = values[:, image, chosen.draw(image, count)]
        tail.add(*_pairs(part, tail.floor))
    thresholds = tail.values().min(axis=1)
    above = (values > thresholds[:, None, None]).mean(axis=(1, 2))
    if shape == "offset":  # float32 has few values there: equal ones are at the threshold
        at_least = (values >= thresholds[:, None, None]).mean(axis=(1, 2))
        above = np.clip(0.005, above, at_least)
    error = above / 0.005 - 1
    stated = 1 / chosen.rank**0.5
    assert np.sqrt((error**2).mean()) < 1.1 * stated
    assert np.abs(error).max() < 4 * stated
    assert shape == "offset" or np.abs(error).max() > 0.1 * stated


def _pairs(values, floor):
    unit, where = (values > floor[:, None]).nonzero()
    return unit, values[unit, where]

import numpy as np
import pytest

from lucidag.explain.agreement.masks import evidence, iou, own_mask, share_in_pixels, top_area
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.ranks import ranks, tie_seed
from tests.agreement.truth import dice

A = np.array([[1, 1], [0, 0]], dtype=bool)
B = np.array([[1, 0], [1, 0]], dtype=bool)
NONE, ALL = np.zeros((2, 2), dtype=bool), np.ones((2, 2), dtype=bool)


@pytest.mark.parametrize(
    ("a", "b", "both", "twice"), [(A, B, 1 / 3, 1 / 2), (A, ~A, 0, 0), (A, ALL, 1 / 2, 2 / 3), (A, NONE, 0, 0)]
)
def test_by_hand(a, b, both, twice):
    assert iou(a, b) == pytest.approx(both)
    assert dice(a, b) == pytest.approx(twice)


def test_two_empty_masks_agree_about_nothing():
    assert np.isnan(iou(NONE, NONE))
    assert np.isnan(dice(NONE, NONE))


@pytest.mark.parametrize("seed", range(5))
def test_identities(seed):
    a, b = np.random.default_rng(seed).random((2, 9, 9)) < 0.3
    assert iou(a, a) == dice(a, a) == 1
    assert iou(a, b) == iou(b, a)
    assert dice(a, b) == pytest.approx(2 * iou(a, b) / (1 + iou(a, b)))
    assert iou(a, b) == pytest.approx((a & b).sum() / (a | b).sum())


def test_threshold_is_not_part_of_the_mask():
    values = np.array([[0.2, 0.5], [0.5, 0.9]])
    np.testing.assert_array_equal(own_mask(values, "graded", 0.5), [[False, False], [False, True]])


def test_selection_keeps_its_mask_whatever_the_threshold():
    weights = np.array([[0.01, 0.0], [-0.5, 3.0]])
    for threshold in (0.1, 0.9):
        np.testing.assert_array_equal(own_mask(weights, "selection", threshold), [[True, False], [False, True]])
    np.testing.assert_array_equal(own_mask(weights, "graded", 0.1), [[False, False], [False, True]])


def test_evidence_of_each_kind_by_hand():
    values = np.array([[-8.0, 4.0], [1.0, 0.0]])
    np.testing.assert_array_equal(evidence(values, "signed"), [[0, 1], [0.25, 0]])
    np.testing.assert_array_equal(evidence(values * 1e-9, "signed"), [[0, 1], [0.25, 0]])
    for kind in ("graded", "selection"):
        assert evidence(values, kind) is values
    nothing = evidence(-np.abs(values), "signed")
    np.testing.assert_array_equal(nothing, np.zeros((2, 2)))
    assert not own_mask(nothing, "signed", 0.1).any()


def test_negative_relevance_never_counts_as_a_hit():
    """The greatest |value| lies at the upper left, and speaks against the class."""
    said = evidence(np.array([[-8.0, 4.0], [1.0, -2.0]]), "signed")
    for threshold, expected in ((0.1, [[0, 1], [1, 0]]), (0.25, [[0, 1], [0, 0]]), (0.9, [[0, 1], [0, 0]])):
        np.testing.assert_array_equal(own_mask(said, "signed", threshold), np.array(expected, dtype=bool))
    # Ranked first the greatest positive value, then the other one; the negative ones are equal.
    order = ranks(said, 0)
    assert (order[0, 1], order[1, 0]) == (0, 1)
    assert {order[0, 0], order[1, 1]} == {2, 3}
    assert len({ranks(said, seed)[0, 0] for seed in range(20)}) == 2


def test_top_area_by_hand():
    values = np.array([[9, 1, 8], [2, 7, 3], [6, 4, 5]], dtype=float)
    np.testing.assert_array_equal(top_area(values, 3, 0), values >= 7)
    np.testing.assert_array_equal(ranks(values, 0), 9 - values)


@pytest.mark.parametrize("pixels", [0, 1, 7, 40, 100])
@pytest.mark.parametrize("seed", range(3))
def test_area_is_exact_on_plateaus_and_higher_values_come_first(pixels, seed):
    values = np.random.default_rng(seed).integers(0, 3, (10, 10)).astype(np.float32)
    chosen = top_area(values, pixels, seed)
    assert chosen.sum() == pixels
    if 0 < pixels < 100:
        assert values[chosen].min() >= values[~chosen].max()


def test_ties_are_drawn_fairly_and_by_the_seed():
    values = np.zeros((4, 4))
    counts = sum(top_area(values, 4, seed).astype(int) for seed in range(2000))
    # 2000 draws with p = 1/4: a standard deviation of 19.4.
    assert np.abs(counts - 500).max() < 5 * 19.4
    np.testing.assert_array_equal(top_area(values, 4, 7), top_area(values, 4, 7))
    one, other = (top_area(np.zeros((64, 64)), 1024, tie_seed(0, "a", method)) for method in ("gradcam", "lime"))
    # Independent choices of a quarter share a quarter of a quarter.
    assert iou(one, other) == pytest.approx((1 / 16) / (2 / 4 - 1 / 16), abs=0.04)


@pytest.mark.parametrize("pixels", [-1, 5])
def test_more_pixels_than_there_are(pixels):
    with pytest.raises(InputError, match="4 pixels"):
        top_area(np.zeros((2, 2)), pixels, 0)


def test_share_in_pixels():
    assert share_in_pixels(0.2, 100) == 20
    assert share_in_pixels(0.001, 100) == 1
    for area in (0, 1, 20):
        with pytest.raises(InputError, match="area"):
            share_in_pixels(area, 100)

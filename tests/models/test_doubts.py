"""Doubts about imported networks: found where something is wrong, and rarely anywhere else."""

import numpy as np
import pytest
from scipy.special import log_softmax

from lucidag.models.doubts import (
    clearly_better,
    order_of_classes,
    order_sentence,
    reordered,
    worse_than_guessing,
)


def decided(
    random: np.random.Generator, count: int, classes: int, accuracy: float, skew: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels, the first classes more often, and what a network of this accuracy decides; it errs with a bias."""
    shares = np.exp(-skew * np.arange(classes))
    labels = random.choice(classes, count, p=shares / shares.sum())
    # Some answers it gives to any image too often, and some classes it takes for certain others.
    favoured, confused = random.dirichlet(np.full(classes, 0.5)), random.dirichlet(np.full(classes, 0.5), classes)
    whole = 0.7 * favoured + 0.3 * confused
    errors = np.array([random.choice(classes, p=whole[label]) for label in labels])
    return labels, np.where(random.random(count) < accuracy, labels, errors)


@pytest.mark.parametrize("classes", [2, 3, 10, 100])
@pytest.mark.parametrize("accuracy", [0.7, 0.9])
def test_permuted_classes_are_found_with_the_permutation(classes: int, accuracy: float) -> None:
    for seed in range(3):
        random = np.random.default_rng([classes, seed])
        labels, decisions = decided(random, max(200, 20 * classes), classes, accuracy)
        order = np.roll(np.arange(classes), 1 + seed % max(1, classes - 1))
        found = order_of_classes(labels, order[decisions])
        # Poor networks may leave some class unsettled, never one that is settled wrongly.
        assert all(order[c] == output for c, output in found.items())
        assert len(found) >= 0.9 * classes


def test_two_of_many_that_change_places_are_found_alone() -> None:
    random = np.random.default_rng(0)
    labels, decisions = decided(random, 2000, 40, 0.8)
    swapped = np.arange(40)
    swapped[[3, 17]] = 17, 3
    assert order_of_classes(labels, swapped[decisions]) == {3: 17, 17: 3}


def test_few_of_the_networks_classes_have_images() -> None:
    """Ten classes of a thousand, read in alphabetical order in place of the network's."""
    random = np.random.default_rng(1)
    order = random.permutation(1000)
    labels = np.repeat(random.choice(1000, 10, replace=False), 8)
    found = order_of_classes(labels, order[labels])
    assert found == {int(c): int(order[c]) for c in np.unique(labels)}


def alarms(count: int, seed: int) -> tuple[int, int]:
    """Give the false alarms over drawn right set-ups, and how many there were."""
    random = np.random.default_rng(seed)
    raised = 0
    for _ in range(count):
        classes = int(random.choice([2, 2, 3, 5, 10, 50]))
        images = int(random.choice([10, 20, 40, 100, 400, 1500]))
        # From a network that knows nothing at all, over poor ones, to good ones.
        accuracy = float(random.choice([0.0, 0.1, 0.3, 0.6, 0.9]))
        labels, decisions = decided(random, images, classes, accuracy, skew=float(random.choice([0.0, 0.5, 1.0])))
        if (decisions == labels).mean() > 1 / classes:  # one below chance is in doubt by right
            raised += bool(order_of_classes(labels, decisions))
    return raised, count


def test_right_orders_are_reported_at_most_once_in_a_hundred() -> None:
    raised, count = alarms(600, 0)
    assert raised <= 0.01 * count


@pytest.mark.long
def test_right_orders_are_reported_at_most_once_in_a_hundred_of_many() -> None:
    raised, count = alarms(10_000, 1)
    assert raised <= 0.01 * count


def test_a_claim_needs_a_gain_and_a_test() -> None:
    now = np.array([False] * 20 + [True] * 80)
    assert clearly_better(now, np.ones(100, bool))
    assert not clearly_better(now, now)
    assert not clearly_better(np.zeros(5, bool), np.ones(5, bool))  # 2 ** -5
    assert not clearly_better(now, now | (np.arange(100) < 5))  # a gain of 5 %
    assert clearly_better(np.zeros(10, bool), np.ones(10, bool))  # 2 ** -10
    assert not clearly_better(np.zeros(10, bool), np.ones(10, bool), tests=2)
    assert not clearly_better(np.zeros(0, bool), np.zeros(0, bool))


def test_worse_than_guessing_is_the_cross_entropy_against_that_of_equal_shares() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200)
    logits = random.normal(size=(200, 4)) * 5
    loss, guess = worse_than_guessing(logits, labels, None)
    assert guess == pytest.approx(np.log(4))
    assert loss == pytest.approx(-log_softmax(logits, axis=1)[np.arange(200), labels].mean())
    assert worse_than_guessing(logits, labels, learnt=0.2) is None  # overfitting, and fed rightly
    assert worse_than_guessing(np.zeros((200, 4)), labels, None) is None
    assert worse_than_guessing(logits[:6], labels[:6], None) is None  # six images tell too little
    assert worse_than_guessing(np.eye(4)[labels] * 3, labels, None) is None


def test_the_sentence_names_the_order_of_few_classes_and_some_of_many() -> None:
    few = order_sentence({0: 1, 1: 2, 2: 0}, ["a", "b", "c"], 0.1, 0.9)
    assert "output 1 is 'a', output 2 is 'b', output 0 is 'c'" in few
    assert "10.0% would be 90.0%" in few
    assert few.endswith("c, a, b")
    many = order_sentence({c: (c + 1) % 50 for c in range(50)}, [f"k{c}" for c in range(50)], 0.1, 0.9)
    assert "and 42 more" in many
    assert "\n" not in many
    assert reordered(np.array([0, 1, 2]), {0: 2, 2: 0}).tolist() == [2, 1, 0]

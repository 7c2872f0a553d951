"""Images drawn at random: each as likely as any, of each class its share, of each patient one."""

from collections import Counter

import numpy as np
import pytest

from lucidag.ground.statistics.stratified import drawn

LABELS = ["rare"] * 6 + ["common"] * 18 + ["usual"] * 12


@pytest.mark.parametrize("seed", range(5))
def test_the_first_images_have_of_each_class_its_share(seed: int) -> None:
    order = drawn(LABELS, seed)
    assert sorted(order) == list(range(len(LABELS)))
    for number in (6, 12, 24):
        counts = Counter(LABELS[row] for row in order[:number])
        for label, total in Counter(LABELS).items():
            assert abs(counts[label] - number * total / len(LABELS)) <= 1.5


def test_every_image_is_as_likely_as_any_other() -> None:
    draws, number = 3000, 10
    counts = np.zeros(len(LABELS))
    for seed in range(draws):
        counts[drawn(LABELS, seed)[:number]] += 1
    expected = draws * number / len(LABELS)
    assert np.abs(counts - expected).max() < 5 * (expected * (1 - number / len(LABELS))) ** 0.5


def test_seeds_differ_and_repeat() -> None:
    assert list(drawn(LABELS, 1)) == list(drawn(LABELS, 1))
    assert list(drawn(LABELS, 1)) != list(drawn(LABELS, 2))


@pytest.mark.parametrize("seed", range(5))
def test_of_each_patient_there_is_one_image(seed: int) -> None:
    owners = [f"p{row // 3}" for row in range(len(LABELS))]
    order = drawn(LABELS, seed, owners)
    assert len({owners[row] for row in order}) == len(order) == len(set(owners))


def test_any_image_of_a_patient_may_be_the_one() -> None:
    firsts = Counter(
        int(row) % 3 for seed in range(200) for row in drawn(LABELS, seed, [str(r // 3) for r in range(36)])
    )
    assert min(firsts.values()) > 0.9 * max(firsts.values())


def test_nothing_is_drawn_of_nothing() -> None:
    assert len(drawn([], 0)) == 0

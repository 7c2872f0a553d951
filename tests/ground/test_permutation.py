"""Permutation tests, by hand."""

from itertools import product

import numpy as np
import pytest

from lucidag.ground.statistics.permutation import sign_flip, two_sided


def test_two_sided_counts_the_observed_value():
    assert two_sided(3.0, [0, 1, 2]) == 2 * 1 / 4
    assert two_sided(-3.0, [0, 1, 2]) == 2 * 1 / 4
    assert two_sided(1.0, [0, 1, 2]) == 1
    assert two_sided(0.1 + 0.2, [0.3, 0.3, 0.3]) == 1


@pytest.mark.parametrize("n", [2, 5, 8])
def test_the_test_is_every_choice_of_signs(n):
    gain = np.random.default_rng(n).normal(0.5, 1, n)
    means = [np.mean(gain * signs) for signs in product((-1, 1), repeat=n)]
    upper, lower = (np.mean([sign * mean >= sign * gain.mean() - 1e-12 for mean in means]) for sign in (1, -1))
    assert sign_flip(gain) == pytest.approx(min(1, 2 * min(upper, lower)))

"""Forward selection: against a loop that tries every unit, and what is refused."""

import numpy as np
import pytest
from scipy.special import logsumexp

from lucidag.ground.errors import InputError
from lucidag.rof.forward import forward


def loss(z, labels):
    return (logsumexp(z, axis=1) - z[np.arange(len(z)), labels]).mean()


def plain(features, weight, bias, labels):
    """Try every unit that is left at every step."""
    left, order, on = list(range(features.shape[1])), [], np.zeros(features.shape[1])
    while left:
        losses = []
        for unit in left:
            tried = on.copy()
            tried[unit] = 1
            losses.append(loss((features * tried) @ weight.T + bias, labels))
        best = left[int(np.argmin(losses))]
        order.append(best)
        left.remove(best)
        on[best] = 1
    return order


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("block", "scale"), [(1, 1), (200, 1), (10**7, 1), (10**7, 400)])
def test_the_order_is_that_of_a_loop_over_all_units_left(seed, block, scale):
    rng = np.random.default_rng(seed)
    features, weight, bias = rng.normal(size=(30, 9)) * scale, rng.normal(size=(4, 9)), rng.normal(size=4)
    labels = rng.integers(0, 4, 30)
    order, gains = forward(features, weight, bias, labels, block)
    assert order.tolist() == plain(features, weight, bias, labels)
    whole = loss(np.tile(bias, (30, 1)), labels) - loss(features @ weight.T + bias, labels)
    assert gains.sum() == pytest.approx(whole)


def test_equal_units_come_in_their_order():
    features = np.ones((6, 3))
    order, _ = forward(features, np.zeros((2, 3)), np.zeros(2), np.zeros(6, dtype=int))
    assert order.tolist() == [0, 1, 2]


@pytest.mark.parametrize(("units", "classes"), [(513, 2), (2, 101)])
def test_too_many_units_or_classes_are_refused(units, classes):
    with pytest.raises(InputError, match="at most 512 units and 100 classes"):
        forward(np.zeros((1, units)), np.zeros((classes, units)), np.zeros(classes), np.zeros(1, dtype=int))

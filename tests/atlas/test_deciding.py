"""What a decision rests on: terms that add up to the lead, and the fewest units of all sets that end it."""

from itertools import combinations

import numpy as np
import pytest

from lucidag.atlas.deciding import decision


def made(seed, classes=4, units=7):
    draw = np.random.default_rng(seed)
    return np.maximum(draw.normal(size=units), 0), draw.normal(size=(classes, units)), draw.normal(size=classes)


@pytest.mark.parametrize("seed", range(12))
def test_what_units_add_is_the_lead_but_for_the_biases(seed):
    units, weight, bias = made(seed)
    found = decision(units, weight, bias)
    logits = weight @ units + bias
    assert (found.decided, found.rival) == tuple(np.argsort(-logits)[:2])
    assert found.lead == pytest.approx(logits[found.decided] - logits[found.rival])
    assert found.adds.sum() + bias[found.decided] - bias[found.rival] == pytest.approx(found.lead)


@pytest.mark.parametrize("seed", range(12))
def test_no_smaller_set_of_units_changes_the_decision(seed):
    units, weight, bias = made(seed)
    found = decision(units, weight, bias)

    def without(chosen):
        kept = units.copy()
        kept[list(chosen)] = 0
        return int((weight @ kept + bias).argmax())

    sizes = [
        n for n in range(len(units) + 1) for own in combinations(range(len(units)), n) if without(own) != found.decided
    ]
    if found.without is None:
        assert not sizes
    else:
        assert len(found.without) == sizes[0]
        assert without(found.without) == found.then != found.decided


def test_a_decision_of_biases_alone_stands_without_any_unit():
    found = decision(np.array([1.0, 2.0]), np.array([[1.0, 0.0], [0.0, 0.1]]), np.array([5.0, 0.0]))
    assert found.without is None
    assert found.then is None

"""The one rule: each status by the numbers that decide it."""

import pytest
from pydantic import ValidationError

from lucidag.claims.found import Measured, One, pooled
from lucidag.claims.rule import NOT_AS_STATED, NOT_HERE, REFUTED, REPRODUCED, decide
from lucidag.claims.settings import Claimed


def measured(value, low=None, high=None, **values):
    return Measured(value, low, high, 10, values or {"a": value})


@pytest.mark.parametrize(
    ("claimed", "found", "status"),
    [
        ({"value": 0.8, "tolerance": 0.02}, measured(0.82), REPRODUCED),
        ({"value": 0.8, "tolerance": 0.02}, measured(0.83), REFUTED),
        ({"value": 0.8}, measured(0.9, 0.79, 0.95), REPRODUCED),  # the interval holds it
        ({"value": 0.8}, measured(0.9, 0.85, 0.95), REFUTED),
        ({"value": 0.8, "tolerance": 0.05}, measured(0.9, 0.85, 0.95), REPRODUCED),  # both end there
        ({"value": 0.8, "widest": 0.2}, measured(0.7, 0.4, 0.9), NOT_AS_STATED),
        ({"value": 896}, measured(896), REPRODUCED),
        ({"above": 0}, measured(1, 0.5, 2), REPRODUCED),
        ({"above": 0}, measured(1, -0.5, 2), NOT_AS_STATED),
        ({"above": 0}, measured(-1, -2, -0.5), REFUTED),
        ({"above": 0}, measured(0), REFUTED),
        ({"below": 0.05}, measured(0.04), REPRODUCED),
        ({"below": 0.05}, measured(0.35, 0.16, 0.54), REFUTED),
    ],
)
def test_a_claim_is_decided_by_what_it_and_the_measure_have_in_common(claimed, found, status):
    verdict = decide(Claimed(**claimed), "", found, "")
    assert verdict.status == status
    assert Claimed(**claimed).words in verdict.reason or status == NOT_AS_STATED


def test_what_was_left_out_comes_before_any_number():
    verdict = decide(Claimed(value=1), "no threshold is told", measured(1), "")
    assert (verdict.status, verdict.reason) == (NOT_AS_STATED, "no threshold is told")


def test_what_is_not_measured_says_why():
    verdict = decide(Claimed(value=1), "", None, "the configuration has no model 'a'")
    assert (verdict.status, verdict.reason) == (NOT_HERE, "the configuration has no model 'a'")


@pytest.mark.parametrize("words", [{}, {"value": 1, "above": 0}, {"above": 0, "tolerance": 1}, {"valeu": 1}])
def test_a_claim_is_a_figure_or_one_limit(words):
    with pytest.raises(ValidationError):
        Claimed(**words)


def test_several_networks_are_a_range_of_their_intervals():
    found = pooled({"a": One(0.9, None, None, 100, ()), "b": One(0.7, 0.6, 0.8, 50, ())})
    assert (found.value, found.low, found.high, found.n) == (pytest.approx(0.8), 0.6, 0.9, 50)
    alone = pooled({"a": One(0.9, None, None, None, (), "hand-picked")})
    assert (alone.low, alone.high, alone.n, alone.note) == (None, None, None, "hand-picked")

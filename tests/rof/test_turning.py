"""Turning points on curves drawn by hand."""

import numpy as np
import pytest

from lucidag.errors import InputError
from lucidag.rof.result import Draws, SweepResult
from lucidag.rof.turning import describe, select, turning_point


def curves(accuracy, loss, draws=None):
    accuracy, loss = np.array(accuracy, dtype=float), np.array(loss, dtype=float)
    drawn = None
    if draws is not None:
        drawn = Draws(*(np.array(draws, dtype=float) for _ in range(3)), np.array(draws, dtype=float)[:, None])
    return SweepResult(accuracy, loss, accuracy / 2, accuracy[None], accuracy[None], drawn)


def test_the_first_best_k_and_never_k_0():
    assert turning_point(np.array([0.9, 0.1, 0.5, 0.5, 0.4]), "accuracy") == 2
    assert turning_point(np.array([0.0, 3.0, 1.0, 2.0, 1.0]), "loss") == 2
    assert turning_point(np.array([0.9, 0.9]), "worst_accuracy") == 1
    with pytest.raises(InputError, match="allowed: accuracy"):
        turning_point(np.zeros(3), "gap")
    with pytest.raises(InputError, match="at least one unit"):
        turning_point(np.zeros(1), "loss")


def test_description():
    sweep = curves(
        [0.1, 0.3, 0.9, 0.8, 0.7],
        [2.0, 1.0, 0.5, 0.25, 0.75],
        draws=[[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 1, 0, 0]],
    )
    point = describe(sweep, "accuracy", 0.5)
    assert (point.n0, point.units, point.value, point.baseline) == (2, 4, 0.9, 0.7)
    assert point.gain == pytest.approx(0.2)
    assert (point.low, point.high) == (2.0, 2.0)  # the draws turn at 1, 2, 2, 4, 2
    assert (describe(sweep, "accuracy", 0.999).low, describe(sweep, "accuracy", 0.999).high) == pytest.approx(
        (1.002, 3.996), abs=1e-9
    )
    loss = describe(sweep, "loss")
    assert (loss.n0, loss.gain) == (3, 0.5)
    assert describe(sweep, "worst_accuracy").n0 == 2


def test_degenerate_near_the_last_unit():
    rising = np.linspace(0, 1, 201)
    sweep = curves(rising, 1 - rising)
    assert describe(sweep, "accuracy").degenerate
    assert describe(sweep, "accuracy").low is None
    early = rising.copy()
    early[150] = 2
    sweep = curves(early, 1 - rising)
    assert not describe(sweep, "accuracy").degenerate
    assert describe(sweep, "accuracy", degenerate_from=0.75).degenerate


def test_selection_reports_on_the_other_split():
    chosen = curves([0, 0.2, 0.9, 0.3], [3, 2, 1, 2])
    reported = curves([0, 0.8, 0.5, 0.4], [3, 0.5, 1, 2], draws=[[0, 0, 0.6, 0.4], [0, 0, 0.7, 0.4]])
    found = select(chosen, reported, "accuracy", 0.5)
    assert found["k"] == 2
    assert (found["chosen_value"], found["value"], found["baseline"]) == (0.9, 0.5, 0.4)
    assert found["gain"] == pytest.approx(0.1)  # the best k on the test split itself would gain 0.4
    assert (found["low"], found["high"]) == pytest.approx((0.225, 0.275))
    assert select(chosen, reported, "loss")["gain"] == 1.0
    with pytest.raises(InputError, match="among 3 units"):
        select(chosen, curves([0, 1], [1, 0]), "loss")

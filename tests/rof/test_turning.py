"""Turning points on curves drawn by hand."""

import numpy as np
import pytest

from lucidag.ground.errors import InputError
from lucidag.rof.turning import describe, select, turning_point, turning_points


def test_the_first_best_k_and_never_k_0():
    assert turning_point(np.array([0.9, 0.1, 0.5, 0.5, 0.4]), "accuracy") == 2
    assert turning_point(np.array([0.0, 3.0, 1.0, 2.0, 1.0]), "loss") == 2
    assert turning_point(np.array([0.9, 0.9]), "worst_accuracy") == 1
    with pytest.raises(InputError, match="allowed: accuracy"):
        turning_point(np.zeros(3), "gap")
    with pytest.raises(InputError, match="at least one unit"):
        turning_point(np.zeros(1), "loss")


def test_turning_points_of_draws():
    drawn = np.array([[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 1, 0, 0]], dtype=float)
    assert turning_points(drawn, "accuracy").tolist() == [1, 2, 2, 4, 2]
    assert turning_points(-drawn, "loss").tolist() == [1, 2, 2, 4, 2]


def test_description():
    accuracy = np.array([0.1, 0.3, 0.695, 0.9, 0.7])
    point = describe(accuracy, "accuracy", np.array([1, 3]), 0.01)
    assert (point["n0"], point["units"], point["value"], point["baseline"]) == (2, 4, 0.695, 0.7)
    assert point["gain"] == pytest.approx(-0.005)
    assert (point["low"], point["high"], point["margin"], point["degenerate"]) == (1, 3, 0.01, False)
    assert (point["first_best"], point["first_best_value"]) == (3, 0.9)
    assert point["first_best_gain"] == pytest.approx(0.2)
    assert "no interval" in point["first_best_reason"]
    assert describe(accuracy, "accuracy", None, 0.0)["n0"] == 3
    loss = describe(np.array([2.0, 1.0, 0.5, 0.25, 0.75]), "loss", None, 0.25)
    assert (loss["n0"], loss["gain"], loss["low"], loss["first_best"]) == (1, -0.25, None, 3)
    assert describe(np.array([0.5, 2, 1, 0.5]), "loss", None)["n0"] == 0  # no unit is as good as all


@pytest.mark.parametrize(
    ("curve", "bounds", "degenerate"),
    [(np.linspace(0, 1, 65), None, False), (np.linspace(0, 1, 65), [60, 64], True), ([0, 0, 1], None, True)],
)
def test_degenerate_where_the_interval_reaches_all_units(curve, bounds, degenerate):
    ends = None if bounds is None else np.array(bounds)
    assert describe(np.array(curve, dtype=float), "accuracy", ends, 0.02)["degenerate"] is degenerate


def test_selection_reports_on_the_other_split():
    chosen, reported = np.array([0, 0.2, 0.9, 0.3]), np.array([0, 0.8, 0.5, 0.4])
    found = select(chosen, reported, "accuracy", np.array([0.2, 0.3]), 0.5)
    assert found["k"] == 2
    assert (found["chosen_value"], found["value"], found["baseline"]) == (0.9, 0.5, 0.4)
    assert found["gain"] == pytest.approx(0.1)  # the best k on the test split itself would gain 0.4
    assert (found["low"], found["high"]) == pytest.approx((0.225, 0.275))
    assert select(np.array([3.0, 2, 1, 2]), np.array([3, 0.5, 1, 2]), "loss", None, 0.95)["gain"] == 1.0
    with pytest.raises(InputError, match="among 3 units"):
        select(chosen, np.array([0.0, 1]), "loss", None, 0.95)


def test_no_interval_where_no_draw_has_a_value():
    curve = np.array([0.1, 0.9, 0.3])
    for drawn in (np.empty(0, dtype=np.int64), np.full(3, np.nan)):
        chosen = select(curve, curve, "accuracy", drawn, 0.95)
        assert (chosen["low"], chosen["high"]) == (None, None)

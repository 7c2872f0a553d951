"""Curves of a sweep at a grid of k are points: no line is drawn through what is not known."""

import numpy as np
import pytest

from lucidag.figures.curves import curves
from lucidag.figures.groups import groups
from lucidag.rof.turning import select, turning_report

GRID = [0, 1, 2, 3, 5, 8, 12, 16]


@pytest.fixture(params=[False, True], ids=["all", "grid"])
def tables(request, make_tables):
    made = make_tables()
    if not request.param:
        return made.sweep, made.bands, list(range(17))
    sweep, bands = (table[table["k"].isin(GRID)] for table in (made.sweep, made.bands))
    return sweep, bands, GRID


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_curves(tables, metric):
    sweep, bands, numbers = tables
    points = turning_report(sweep, sweep[:0], {}, 0.95)["turning_points"]
    fig = curves(sweep, bands, points, "l1", metric, 0.95)
    drawn = [each for ax in fig.axes for each in ax.lines if len(each.get_xdata()) == len(numbers)]
    assert len(drawn) == 2 * len(["l1", "random", "logit_bias"])
    for each in drawn:
        assert list(each.get_xdata()) == numbers
        joined = each.get_linestyle() != "None"
        assert joined == (each.get_marker() == "None") == (numbers != GRID)
    (point,) = (p for p in points if (p["split"], p["method"], p["metric"]) == ("test", "l1", metric))
    title = fig.axes[1].get_title(loc="left")
    assert ("(grid: " in title) == (numbers == GRID)
    if numbers == GRID:
        place = GRID.index(point["n0"])
        assert point["between"] == [GRID[max(place - 1, 0)], GRID[min(place + 1, len(GRID) - 1)]]
        bars = [each for each in fig.axes[1].collections if len(each.get_paths()) == len(GRID)]
        assert len(bars) == 2


def test_groups(tables):
    sweep, bands, numbers = tables
    rows = sweep[(sweep["split"] == "val") & (sweep["method"] == "l1")]
    values, grid = rows["accuracy"].to_numpy(), np.array(numbers) if numbers == GRID else None
    chosen = select(values, values, "accuracy", None, 0.95, grid) | {"chosen_on": "val"}
    fig = groups(sweep, bands, "l1", "train", chosen, 0.95)
    drawn = [each for ax in fig.axes for each in ax.lines if len(each.get_xdata()) == len(numbers)]
    assert len(drawn) == 2 * 4
    assert all((each.get_linestyle() != "None") == (numbers != GRID) for each in drawn)
    assert ("chosen on val, on a grid, by" in fig.get_suptitle()) == (numbers == GRID)

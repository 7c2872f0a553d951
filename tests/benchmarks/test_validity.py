"""Every interval covers and every test keeps its level, as far as few simulations tell; and what does not is found."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.validity import measure, run, table
from benchmarks.validity.case import COVERS, FINDS, REJECTS, Case, covers
from benchmarks.validity.measure import Measured, reached, surely_missed


@pytest.mark.parametrize("topic", measure.topics())
def test_no_row_surely_misses_its_goal(topic):
    found = {
        case.name: measure.simulate(topic, number, 0, case.short) for number, case in enumerate(measure.cases(topic))
    }
    assert found
    assert [case.name for case in measure.cases(topic) if surely_missed(case, found[case.name])] == []


def _case(kind="interval", goal=COVERS, reason=""):
    return Case("row", kind, "`a.csv`: `low`", "truth", 0.95, lambda rng: rng.random() < 0.95, goal, reason)


@pytest.mark.parametrize(("yes", "missed"), [(95, False), (90, False), (80, True)])
def test_coverage_far_below_the_goal_is_missed_in_few_simulations(yes, missed):
    assert surely_missed(_case(), Measured(yes, 100 - yes, 0)) is missed


@pytest.mark.parametrize(("yes", "missed"), [(0, False), (5, False), (10, False), (20, True)])
def test_a_test_that_rejects_too_often_is_missed(yes, missed):
    assert surely_missed(_case("test", REJECTS), Measured(yes, 100 - yes, 0)) is missed


@pytest.mark.parametrize(("yes", "missed"), [(100, False), (90, False), (70, True)])
def test_what_is_planted_and_rarely_found_is_missed(yes, missed):
    assert surely_missed(_case("finding", FINDS), Measured(yes, 100 - yes, 0)) is missed
    assert reached(_case("finding", FINDS), Measured(yes, 100 - yes, 0)) is not missed
    words = table.section("a", "A", [(_case("finding", FINDS), Measured(yes, 100 - yes, 0))])
    (row,) = (line for line in words.splitlines() if "row" in line)
    assert row.startswith("| row (finding) | `a.csv`: `low` | truth |  | ")
    assert "| ≥ 0.9 |" in row


def test_a_row_without_any_interval_claims_nothing():
    assert reached(_case(), Measured(0, 0, 100))
    assert not surely_missed(_case(), Measured(0, 0, 100))
    assert not reached(_case(), Measured(929, 71, 500))
    assert reached(_case(), Measured(931, 69, 500))


def test_covers_tells_none_from_a_miss():
    assert covers(0, 1, 1) is True
    assert covers(0, 1, 1.1) is False
    assert covers(None, 1, 0) is covers(np.nan, np.nan, 0) is None


def test_parts_of_simulations_add_up():
    whole = measure.simulate("means", 0, 0, 30)
    parts = [measure.simulate("means", 0, *part) for part in ((0, 10), (10, 30))]
    assert whole.yes == sum(part.yes for part in parts)
    assert whole.no == sum(part.no for part in parts)


@pytest.mark.parametrize("simulations", [3, 7])
def test_every_row_has_as_many_simulations_as_are_asked_for(monkeypatch, simulations):
    class Pool:
        def __init__(self, processes):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def imap(self, function, work):
            return map(function, work)

    monkeypatch.setattr(measure.multiprocessing, "get_context", lambda _: type("", (), {"Pool": Pool}))
    monkeypatch.setattr(measure, "PART", 3)
    dear = replace(_case(), name="dear", draw=lambda _: True, most=5)
    rows = (replace(_case(), draw=lambda _: True), dear, replace(_case(), name="other", draw=lambda _: False))
    monkeypatch.setattr(measure, "cases", lambda _: rows)
    found = [each for _, _, each in measure.measured(["one"], simulations, 1)]
    assert found == [Measured(simulations, 0, 0), Measured(min(simulations, 5), 0, 0), Measured(0, simulations, 0)]


def test_a_topic_is_written_in_its_place_and_others_stay(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Title\n", encoding="utf-8")
    first = table.section("one", "One", [(_case(reason="exact"), Measured(1900, 100, 500))])
    table.write(page, {"one": first, "two": table.section("two", "Two", [(_case(), Measured(18, 2, 0))])})
    again = table.section("one", "One", [(_case(), Measured(0, 0, 7))])
    before = page.read_text(encoding="utf-8")
    assert "| row | `a.csv`: `low` | truth | 0.95 | 0.950 | 0.940 to 0.959 | ≥ 0.93 | 20.0% | 2,500 |" in before
    assert "- row: exact" in before
    assert "**missed**" in before
    table.write(page, {"one": again})
    after = page.read_text(encoding="utf-8")
    assert after.count("### One") == after.count("### Two") == 1
    assert after.index("One") < after.index("Two")
    assert "| row | `a.csv`: `low` | truth | 0.95 |  |  | ≥ 0.93 | 100.0% | 7 |" in after


def test_an_unknown_topic_is_refused():
    with pytest.raises(SystemExit, match="no topic 'mean'; there are"):
        run(True, False, only="mean")

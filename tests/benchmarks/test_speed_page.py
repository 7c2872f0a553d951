"""The page of speeds is what its tables give, and tables are kept as they were measured."""

import sys
from dataclasses import replace

import pytest

from benchmarks import costs, imports, speed_page
from benchmarks.case import NO_GPU, Case, Limit
from benchmarks.peak import ran
from benchmarks.recorded import COSTS, IMPORTS, keep, keep_limits, read_cases, read_limits, read_rows

CASE = Case("one", "a case", "plain", 0.5, 2.0, 3.0, 1e-7, "map", 12.0, "2 cores")


def test_the_page_is_what_the_tables_give():
    cases = read_cases()
    expected = speed_page.page(cases, read_limits(), read_rows(COSTS), read_rows(IMPORTS))
    assert speed_page.PAGE.read_text(encoding="utf-8") == expected
    rows = f"{speed_page.BEGIN}\n{speed_page.telling(cases)}{speed_page.END}"
    assert rows in speed_page.README.read_text(encoding="utf-8")


def test_a_benchmark_that_runs_again_replaces_its_own_cases(tmp_path):
    table = tmp_path / "cases.csv"
    other = replace(CASE, benchmark="other", memory=None)
    assert keep([CASE, replace(CASE, case="second"), other], table) == read_cases(table)
    kept = keep([replace(CASE, ours=0.25)], table)
    assert kept == [replace(CASE, ours=0.25), other]


def test_a_limit_is_kept_shown_and_told_where_it_is_missed(tmp_path):
    limits = [Limit("whole", "all", 500.0, 480.0, "s", "2 cores"), Limit("whole", "part", 0.125, 0.2, "share of all")]
    table = tmp_path / "limits.csv"
    assert keep_limits(limits, table) == limits
    assert keep_limits([Limit("other", "more", 1.5, 2.0, "GiB")], table) == [
        *limits,
        Limit("other", "more", 1.5, 2.0, "GiB"),
    ]
    text = speed_page.page([], limits, [], [])
    assert "| all | 500 s | 480 s | 2 cores |" in text
    assert "| part | 12% of all | 20% of all |  |" in text
    assert "- all: 500 s, at most 480 s" in text
    assert "- part" not in text
    assert speed_page.printed_limits(limits).splitlines()[1].split() == ["all", "500", "s", "480", "s", "2", "cores"]


def test_ratios_goals_and_the_missing_card_are_shown():
    text = speed_page.page([CASE, replace(CASE, case="missed", goal=5.0)], [], [], [])
    assert "| a case | 500 ms | 2 s (plain) | 4 | 3 | 1e-07 (map) | 12 MiB | 2 cores |" in text
    assert "- missed: 4 of 5" in text
    assert text.count(NO_GPU) == 2


def test_the_slope_of_a_power_is_its_exponent():
    slope, low, high = costs.exponent([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0])
    assert slope == pytest.approx(2)
    assert low <= slope <= high


def test_import_times_are_read():
    text = "import time: self [us] | cumulative | x\nimport time:  100 |  100 |   a.b\nimport time:  200 |  300 | a\n"
    assert imports.read(text) == (pytest.approx(3e-4), {"a": pytest.approx(3e-4)})


def test_a_command_is_timed_and_its_own_memory_counted(tmp_path):
    held = bytearray(b"x" * (300 << 20))  # what starts it does not count
    done = ran(
        [sys.executable, "-c", "print('so'); import time; a = bytearray(b'x' * (50 << 20)); time.sleep(.3)"], tmp_path
    )
    del held
    assert done.said.strip() == "so"
    assert 0.3 < done.seconds < 30
    assert 0.05 < done.gib < 0.2
    with pytest.raises(AssertionError, match="broken"):
        ran([sys.executable, "-c", "raise SystemExit('broken')"], tmp_path)

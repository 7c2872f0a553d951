"""Files that bear a time to come get the present one, and no other file does; no output is older than an input."""

import os
import time
from pathlib import Path

import pytest

from lucidag.ground.errors import InputError
from lucidag.ground.times import from_the_future, no_later_than


def test_times_to_come_are_the_present_one(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    now = time.time()
    times = {"old.csv": now - 9e6, "sub/late.csv": now + 9e6, "new.csv": now, "sub/soon.csv": now + 60}
    for name, moment in times.items():
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (moment, moment))
    (tmp_path / "nowhere").symlink_to("missing")
    assert from_the_future(tmp_path) == 2
    found = {name: (tmp_path / name).stat().st_mtime for name in times}
    assert abs(found["old.csv"] - times["old.csv"]) < 1e-3
    assert abs(found["new.csv"] - now) < 1e-3
    assert now <= found["sub/late.csv"] == found["sub/soon.csv"] <= time.time()
    assert from_the_future(tmp_path) == 0
    assert from_the_future(tmp_path / "there is none") == 0


def test_what_a_job_has_read_is_not_later_than_what_it_wrote(tmp_path: Path) -> None:
    now = time.time()
    times = {
        "first.csv": now - 20,
        "second.csv": now - 10,
        "before.csv": now - 99,
        "late.csv": now + 99,
        "own.csv": now,
    }
    for name, moment in times.items():
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (moment, moment))
    outputs, results = (
        [tmp_path / f"{name}.csv" for name in names] for names in (("first", "second"), ("before", "late"))
    )
    no_later_than(outputs, [*results, tmp_path / "gone.csv"], [tmp_path / "own.csv"])
    found = {name: (tmp_path / name).stat().st_mtime for name in times}
    assert found == pytest.approx(times | {"late.csv": times["first.csv"]}, abs=1e-3)
    os.utime(tmp_path / "late.csv", (now + 99, now + 99))
    with pytest.raises(InputError, match=r"late\.csv bears a time to come.*touch it and run again"):
        no_later_than(outputs, [], [tmp_path / "late.csv"])
    no_later_than([], [tmp_path / "late.csv"], [])

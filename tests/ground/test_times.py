"""Files that bear a time to come get the present one, and no other file does."""

import os
import time
from pathlib import Path

from lucidag.ground.times import from_the_future


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

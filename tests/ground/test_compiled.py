"""A compiled module that was cut off does not end every later run."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from lucidag.ground.compiled import ROOM, keep_whole


def loaded(folder: Path) -> str:
    """Import a module of a folder in another process; return the last line that it says."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-c", "import mine"]
    done = subprocess.run(words, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    return (done.stderr.splitlines() or [""])[-1]


def test_what_is_cut_off_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("VALUE = 'something to compile'")
    (tmp_path / "other.py").write_text("VALUE = 2")
    assert loaded(tmp_path) == ""
    (compiled,) = (tmp_path / "__pycache__").iterdir()
    whole = compiled.read_bytes()
    other = compiled.with_name("other.cpython.pyc")
    other.write_bytes(whole)
    compiled.write_bytes(whole[:40])
    assert loaded(tmp_path).startswith("EOFError: ")
    for cut in (0, 10, 16, 40, len(whole) - 1):
        compiled.write_bytes(whole[:cut])
        keep_whole(tmp_path)
        assert not compiled.exists()
        assert loaded(tmp_path) == ""
        assert compiled.read_bytes() == whole
    keep_whole(tmp_path)
    assert (compiled.exists(), other.exists()) == (True, True)


@pytest.mark.parametrize(("free", "writes"), [(ROOM - 1, False), (ROOM, True)])
def test_nothing_is_compiled_to_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, writes: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(free))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    keep_whole(tmp_path)
    assert (not sys.dont_write_bytecode, os.environ["PYTHONDONTWRITEBYTECODE"] == "") == (writes, writes)

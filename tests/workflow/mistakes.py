"""How tests make a mistake in a configuration and read what the user is told."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

NOTICE = "Using workflow specific profile"


def write(folder: Path, name: str, words: dict[str, Any]) -> str:
    """Write a configuration into the project in `folder`; give its path there."""
    path = folder / "config" / f"{name}.yaml"
    path.write_text(yaml.safe_dump(words, sort_keys=False), encoding="utf-8")
    return f"config/{name}.yaml"


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Give what lucidag itself says to a user of the jobs, behind its notes about what comes in."""
    text = done.stdout + done.stderr.rpartition("Building DAG of jobs")[2]
    return [line for line in text.splitlines() if line.startswith("lucidag: ")]


def assert_one_line(done: subprocess.CompletedProcess[str], file: str, parts: Sequence[str]) -> None:
    """Make sure that a dry run ended with one line: of this configuration file, and with these parts."""
    assert done.returncode == 1
    (line,) = (line for line in done.stderr.splitlines() if not line.startswith(NOTICE))
    assert line.startswith(f"lucidag: {file}: ")
    for part in parts:
        assert part in line
    assert "Traceback" not in done.stdout

"""The tables of an experiment after a failure, made in a process of its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lucidag.ground.apart import run_apart

MADE = ("experiments.csv", "experiments.json", "experiments/factors.csv", "experiments/factors.json")


def make_apart(
    results: str,
    files: Mapping[str, Mapping[str, str]],
    models: Mapping[str, Any],
    factors: Mapping[str, Any],
    failed: Sequence[tuple[str, str]],
    untold: Collection[str],
) -> str | None:
    """Make the tables `MADE` of what is there, see `lucidag.experiments.incomplete.make`; return why not, or None."""
    words = [results, files, models, factors, [list(each) for each in failed], sorted(untold)]
    done = run_apart("lucidag.experiments.incomplete", words)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]

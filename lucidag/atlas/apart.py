"""The atlas after a failure, made in a process of its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lucidag.ground.apart import run_apart
from lucidag.report.failures import Failure


def make_apart(
    results: str,
    settings: Mapping[str, Any],
    others: Mapping[str, Any],
    failed: Sequence[Failure],
    untold: Collection[str],
) -> str | None:
    """Make the page of what is there, see `lucidag.atlas.incomplete.make`; return why there is none, or None."""
    words = [results, settings, others, [[each.job, each.sentence, each.log] for each in failed], sorted(untold)]
    done = run_apart("lucidag.atlas.incomplete", words)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]

"""The page of results after a failure, made in a process of its own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lucidag.ground.apart import run_apart
from lucidag.report.failures import Failure


def make_apart(
    results: str, contents: Mapping[str, Mapping[str, Any]], failed: Sequence[Failure], untold: Collection[str]
) -> str | None:
    """Make the page of what is there, see `lucidag.report.incomplete.make`; return why there is none, or None.

    It takes libraries that the start of a run must not wait for, and a run must end well without them: so it is made
    in a process of its own.
    """
    words = [results, contents, [[each.job, each.sentence, each.log] for each in failed], sorted(untold)]
    done = run_apart("lucidag.report.incomplete", words)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]

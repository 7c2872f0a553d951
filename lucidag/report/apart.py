"""The page of results after a failure, made in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lucidag.report.failures import Failure


def make_apart(
    results: str, contents: Mapping[str, Mapping[str, Any]], failed: Sequence[Failure], untold: Collection[str]
) -> str | None:
    """Make the page of what is there, see `lucidag.report.incomplete.make`; return why there is none, or None.

    It takes libraries that the start of a run must not wait for, and a run must end well without them: so it is made
    in a process of its own.
    """
    words = [results, contents, [[each.job, each.sentence, each.log] for each in failed], sorted(untold)]
    project = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [project, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lucidag.report.incomplete"],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]

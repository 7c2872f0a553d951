"""A module of the project run in a process of its own, for what imports more than whoever asks should wait for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_apart(module: str, words: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 (JSON is what json takes)
    """Run ``python -m module`` with `words` as JSON on its standard input; what it writes is in the answer.

    The working directory is not on its path: a random.py there hides nobody's random.
    """
    project = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [project, os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-P", "-m", module],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )

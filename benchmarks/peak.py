"""The peak memory of a process, and seconds and memory of a command."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


def peak_gib() -> float:
    """Return the greatest resident size so far; the kernel's own mark where there is one, as a parent's size can leak
    into ru_maxrss.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**20
    unit = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@dataclass(frozen=True)
class Ran:
    """A command that came to its end.

    Attributes
    ----------
    seconds, gib
        How long it took, and the greatest size of one of its processes.
    said
        What it printed.
    """

    seconds: float
    gib: float
    said: str


def ran(words: Sequence[str], folder: Path) -> Ran:
    """Run a command in a folder.

    It is started by a small process: the size of what starts a process is counted to it.

    Raises
    ------
    AssertionError
        If it fails.
    """
    asked = [sys.executable, str(Path(__file__).resolve()), *words]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    text, _, last = done.stdout.rstrip().rpartition("\n")
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout[-2000:]}"
    return Ran(**json.loads(last), said=text)


def _main(words: Sequence[str]) -> int:
    start = time.perf_counter()
    process = subprocess.Popen(words, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    unit = 2**30 if sys.platform == "darwin" else 2**20
    print("\n" + json.dumps({"seconds": took, "gib": usage.ru_maxrss / unit}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

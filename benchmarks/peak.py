"""The peak memory of a process."""

import resource
import sys
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

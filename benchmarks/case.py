"""Rows of the tables of speeds: ours and its peer, run in turn in one process; and what has a limit and no peer."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.measure import seconds

NO_GPU = "no GPU was at hand"


@dataclass(frozen=True)
class Case:
    """What was measured of one case.

    Attributes
    ----------
    benchmark
        Its name on the command line.
    case, peer
        What was done, and what it is compared with.
    ours, theirs
        Seconds of both.
    goal
        The least ratio, theirs / ours.
    difference, differs
        The largest difference of what both found, and what that is a difference of.
    memory
        MiB by which the process grew while ours ran; None: not measured.
    machine
        Cores, threads and load.
    gpu_ours, gpu_theirs
        Seconds of both on a GPU; None where there was none.
    gpu
        The card, or why there are no such seconds.
    """

    benchmark: str
    case: str
    peer: str
    ours: float
    theirs: float
    goal: float
    difference: float
    differs: str
    memory: float | None = None
    machine: str = ""
    gpu_ours: float | None = None
    gpu_theirs: float | None = None
    gpu: str = NO_GPU

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer ours is."""
        return self.theirs / self.ours


@dataclass(frozen=True)
class Limit:
    """What was measured of something that has no peer.

    Attributes
    ----------
    benchmark
        Its name on the command line.
    case
        What was measured.
    value, most, unit
        How much it is, and should be at most.
    machine
        Cores, threads and load.
    """

    benchmark: str
    case: str
    value: float
    most: float
    unit: str
    machine: str = ""


def machine() -> str:
    """Name what this runs on: the processor's cores, torch's threads, and how much else was to be done."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores {platform.machine()}, {torch.get_num_threads()} threads, load {load:.1f}"


def spent(work: Callable[[], object]) -> tuple[float, float | None]:
    """Time one call, and give the MiB by which the process grew meanwhile (None where the kernel does not say)."""
    status, mark = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        mark.write_text("5")  # sets the kernel's mark of the greatest size to the size of now
        before = _size(status, "VmRSS")
        took = seconds(work)
        return took, max(0.0, _size(status, "VmHWM") - before)
    except OSError:
        return seconds(work), None


def _size(status: Path, key: str) -> float:
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith(key))
    return int(line.split()[1]) / 1024

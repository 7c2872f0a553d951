"""The processes of a run: which they are, and the end of one or all of them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.campaigns.runs import Place


def members(folder: Path) -> list[int]:
    """Return the processes that work in a folder: of a run all, also those that a server has forked for it."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                if (each / "cwd").readlink().is_relative_to(folder) and not _gone(int(each.name)):
                    found.append(int(each.name))
    return found


def kill(place: Place, running: subprocess.Popen[bytes]) -> None:
    """End all processes of a run at one moment, as a loss of power does."""
    stopped: set[int] = set()
    while new := set(members(place.folder)) - stopped:
        for pid in new:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        stopped |= new
    for pid in stopped:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    wait_for_end(place)


def wait_for_end(place: Place, seconds: float = 60) -> None:
    """Wait until no process works in a folder."""
    until = time.monotonic() + seconds
    while members(place.folder):
        if time.monotonic() > until:
            raise TimeoutError(f"processes are left in {place.folder}")
        time.sleep(0.02)


def _gone(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def at_work(place: Place, started: int, seconds: float, marked: bool) -> list[str]:
    """Wait so long, and then for a job, or for one that is past its imports; return the rules at work."""
    time.sleep(seconds)
    for _ in range(3000):
        rules = place.at_work()
        if rules and jobs_of(place, started) and (not marked or list(place.results.rglob("logs/**/*.failed.json"))):
            return rules
        time.sleep(0.01)
    return []


def snakemake_of(place: Place, started: int) -> int:
    """Return the process of Snakemake: of those that a server forks the oldest."""
    return min(_workers(place), default=started, key=_born) if place.forks else started


def _born(pid: int) -> int:
    """Return when a process began; numbers of processes begin anew at some time."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return sys.maxsize


def jobs_of(place: Place, started: int) -> list[int]:
    return [pid for pid in _workers(place) if pid != snakemake_of(place, started)]


def _workers(place: Place) -> list[int]:
    """Return the processes that run Snakemake where a server forks, and scripts of jobs."""
    word = b"forked.py" if place.forks else b".snakemake/scripts/"
    found = []
    for pid in members(place.folder):
        with suppress(OSError):
            found += [pid] if word in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return found


def end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

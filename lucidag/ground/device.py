"""Which device a job computes on: several jobs on one machine get different ones."""

import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def lease(
    granted: int, folder: Path | None = None, devices: Sequence[str] | None = None, poll: float = 0.5
) -> Iterator[str]:
    """Give a torch device, and keep other jobs of this user on this machine off it for as long as the block lasts.

    Which device, and where, is said in one line for the job's log. A lease is a lock on a file, which the
    operating system holds for the process: it ends with the process, however that ends. Under Slurm the
    scheduler has already given each job its own devices: of one no lock is taken, and several are shared out among
    the processes of that job alone.

    Parameters
    ----------
    granted
        How many devices the workflow grants the job; 0 means the CPU.
    folder
        Where the lock files lie; by default a folder of the user that all jobs on this machine have in common.
    devices
        Names of the visible CUDA devices, in torch's order; by default those that torch sees.
    poll
        Seconds between two looks at devices that are all taken.

    Yields
    ------
    ``cpu``, ``mps`` or ``cuda:`` with the index among the visible devices.
    """
    if granted <= 0:
        yield _said("cpu")
        return
    names = visible_devices() if devices is None else tuple(devices)
    if not names:
        yield _said("mps" if devices is None and _has_mps() else "cpu")
        return
    own = os.environ.get("SLURM_JOB_ID", "") if os.environ.get("CUDA_VISIBLE_DEVICES") else ""
    if own and len(names) == 1:
        yield _said("cuda:0")
        return
    index, lock = _wait(names, folder or _user_folder(), poll, f"slurm-{own}-" if own else "")
    try:
        yield _said(f"cuda:{index}")
    finally:
        lock.release()


def visible_devices() -> tuple[str, ...]:
    """Name the CUDA devices that torch sees, by their ids on the machine."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    listed = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return tuple(listed[:count]) if listed else tuple(str(index) for index in range(count))


def _said(device: str) -> str:
    """Say which device a job has on which machine, and what the scheduler gave it."""
    where = [f"device: {device} on {os.environ.get('SLURMD_NODENAME') or platform.node()}"]
    if "SLURM_JOB_ID" in os.environ:
        where.append(f"Slurm job {os.environ['SLURM_JOB_ID']}")
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        where.append(f"CUDA_VISIBLE_DEVICES={os.environ['CUDA_VISIBLE_DEVICES']}")
    print(", ".join(where), file=sys.stderr, flush=True)
    return device


def _wait(names: Sequence[str], folder: Path, poll: float, own: str) -> tuple[int, FileLock]:
    """Wait for a free device; give its index and the lock that is held on it.

    With a word of their `own` the locks of some processes are apart: each job of Slurm may count its devices from 0.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = False
    while True:
        for index, name in enumerate(names):
            lock = FileLock(folder / f"{own}cuda-{re.sub(r'[^A-Za-z0-9-]', '_', name)}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return index, lock
        if not told:
            print(f"device: all of {', '.join(names)} are taken, waiting for one", file=sys.stderr, flush=True)
            told = True
        time.sleep(poll)


def _user_folder() -> Path:
    """Give a folder that does not go by TMPDIR, which may be another for each job, or one for all nodes."""
    if hasattr(os, "getuid"):
        return Path("/tmp") / f"lucidag-{os.getuid()}"  # noqa: S108 (in a folder of the user's own)
    return Path(tempfile.gettempdir()) / f"lucidag-{os.environ.get('USERNAME', 'user')}"


def _has_mps() -> bool:
    import torch

    return bool(torch.backends.mps.is_available())

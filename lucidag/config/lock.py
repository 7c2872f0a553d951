"""Snakemake's lock on a folder, after a run that was killed: whether a run still holds it.

Each run notes in ``.snakemake/lucidag`` which process it is, before Snakemake locks the folder, and takes the note away
when it ends. A lock is stale when it is on results of a noted run, every run that is noted here has ended, and none is
of another machine. Nothing else is taken away: not a lock of another workflow, nor one that is not understood.

``python -m lucidag.config.lock`` removes a stale lock of the working directory, and says so.
"""

import hashlib
import os
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lucidag.ground.errors import InputError
from lucidag.ground.files import discard_partial, write_json
from lucidag.ground.kept import read_if_any

NOTES = Path(".snakemake") / "lucidag"
LOCKS = Path(".snakemake") / "locks"
UNLOCK = "type `snakemake --unlock`, then the same again"


@dataclass(frozen=True)
class Run:
    """A run of the workflow.

    Attributes
    ----------
    host, boot
        The machine, and which start of it (empty where the system does not tell).
    pid, began
        The process, and when it began in ticks of that start: a number of a process is given again.
    results
        The folder that it writes to.
    """

    host: str
    boot: str
    pid: int
    began: str
    results: str

    @classmethod
    def own(cls, results: str) -> "Run":
        """Describe the run of this process."""
        return cls(platform.node(), _boot(), os.getpid(), _began(os.getpid()), results)

    @property
    def here(self) -> bool:
        """Whether it is of this machine."""
        return self.host == platform.node()

    @property
    def alive(self) -> bool:
        """Whether it is at work, as far as this machine can tell."""
        if not self.here:
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # of another user
            return True
        return self.boot == _boot() and self.began == _began(self.pid)


def note(run: Run, folder: Path = Path()) -> Path | None:
    """Note that a run has begun; return the file, to be removed at its end, or None where nothing can be written."""
    apart = hashlib.sha256(run.results.encode()).hexdigest()[:8]  # a workflow may have several modules
    file = folder / NOTES / f"{re.sub(r'[^A-Za-z0-9.-]', '_', run.host)}-{run.pid}-{apart}.json"
    try:
        if not locked(folder):
            for each, other in _others(folder):
                if not other.alive:
                    each.unlink(missing_ok=True)
        discard_partial(file)
        write_json(file, asdict(run))
    except (OSError, InputError):
        return None
    return file


def locked(folder: Path = Path()) -> list[Path]:
    """Return the files of Snakemake's locks that lock anything."""
    return sorted(file for file in (folder / LOCKS).glob("*.lock") if file.is_file() and file.stat().st_size)


def stale(folder: Path = Path()) -> Run | None:
    """Return the run that was killed, if a lock is there and nobody holds it."""
    runs = [run for _, run in _others(folder)]
    if any(run.alive for run in runs):
        return None
    names = {line.strip() for file in locked(folder) for line in file.read_text(errors="replace").splitlines()}
    return next((run for run in runs if any(name.startswith(f"{run.results}/") for name in names)), None)


def told(folder: Path = Path()) -> str:
    """Say who holds the lock, and what to type."""
    killed = stale(folder)
    if killed is not None:
        return f"a run that was killed (process {killed.pid}) left this folder locked: {UNLOCK} (`make run` does both)"
    at_work = [run for _, run in _others(folder) if run.alive]
    sure = [run for run in at_work if run.here]
    if sure:
        return f"another run (process {sure[0].pid}) is at work in this folder: wait for its end, or end it"
    if at_work:
        where = f"process {at_work[0].pid} on {at_work[0].host}"
        return f"another run ({where}) may be at work in this folder; if it is not, {UNLOCK}"
    return f"this folder is locked, and no run of lucidag is known to hold the lock; if none is at work, {UNLOCK}"


def alone(folder: Path = Path()) -> bool:
    """Return whether no other run is at work in a folder, as far as can be known."""
    return not locked(folder) and not any(run.alive for _, run in _others(folder))


def unlock(folder: Path = Path()) -> str | None:
    """Remove a stale lock; return what was done, or None where there is none."""
    killed = stale(folder)
    if killed is None:
        return None
    for file in locked(folder):
        file.unlink(missing_ok=True)
    for file, _ in _others(folder):
        file.unlink(missing_ok=True)
    return f"a run that was killed (process {killed.pid}) left this folder locked; the lock is removed"


def _others(folder: Path) -> Iterator[tuple[Path, Run]]:
    """Give the runs that are noted, but for that of this process."""
    for file in sorted((folder / NOTES).glob("[!.]*.json")):
        with suppress(TypeError):  # half a note
            run = Run(**read_if_any(file))
            if not (run.here and run.pid == os.getpid()):
                yield file, run


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _began(pid: int) -> str:
    """Return when a process began; nothing where the system does not tell, and of one that has ended."""
    with suppress(OSError, IndexError):
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return told[19] if told[0] != "Z" else ""
    return ""


if __name__ == "__main__":
    done = unlock()
    if done is not None:
        print(f"lucidag: {done}")

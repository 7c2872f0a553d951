"""Accidents other than kills: what the user is told, and whether the run afterwards ends with the same bytes.

Each accident runs a copy of a place, spoils something on the way, and takes the cause away; then the run is resumed.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns.disks import small_disk
from tests.campaigns.judged import Said, said_of
from tests.campaigns.runs import Place, Reference, kill, members, wait_for_end

PLENTY = 2**30
APART = ("report.", "experiments")  # made after a failure of what is there


@dataclass
class Happened:
    """What an accident did.

    Attributes
    ----------
    accident, point
        Which, and where or how much.
    said
        What the user was told.
    faults
        What was wrong with the results, while the cause was there and after the run without it.
    """

    accident: str
    point: str
    said: Said
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Say it."""
        return f"{self.accident} {self.point}: {self.said.line()}; {self.faults or 'nothing wrong with the results'}"


@dataclass
class Scene:
    """Where accidents happen.

    Attributes
    ----------
    template
        What is run: copies of it, beside it.
    reference
        What it leaves without an accident.
    draw
        Gives the moments.
    seconds
        About how long a run takes.
    """

    template: Place
    reference: Reference
    draw: random.Random
    seconds: float
    copies: int = 0

    def place(self) -> Place:
        """Return a fresh copy."""
        self.copies += 1
        return self.template.copy(self.template.folder.with_name(f"accident{self.copies}"))

    def between(self, place: Place, accident: str, point: str) -> Happened:
        """Say what was told while the cause is there; nothing half-written may be there."""
        found, _ = self.reference.faults(place.results, finished=False)
        found = [each for each in found if not each.removeprefix("provenance/").startswith(APART)]
        return Happened(accident, point, said_of(place.words()), found)

    def after(self, place: Place, happened: Happened) -> Happened:
        """Resume without the cause, compare, and clear up."""
        place = place.with_terminal("after.txt")
        status = place.run()
        happened.faults += self.reference.faults(place.results, finished=True)[0]
        if status != 0:
            happened.faults.append(f"resumed, it ended with {status}: {place.words()[-2000:]}")
        if not happened.faults:
            shutil.rmtree(place.folder, ignore_errors=True)
        return happened


Accident = Callable[[Scene, int], Iterator[Happened]]


def disk_full(scene: Scene, points: int) -> Iterator[Happened]:
    """Give the disk of the results a little more room each time it is full."""
    yield from _filling(scene, points, "disk of the results full", "results")


def whole_disk_full(scene: Scene, points: int) -> Iterator[Happened]:
    """Do the same where Snakemake's own notes lie on that disk too."""
    yield from _filling(scene, points, "disk of all full", "")


def _filling(scene: Scene, points: int, name: str, inside: str) -> Iterator[Happened]:
    place = scene.place()
    apart = place.folder.with_name(f"{place.folder.name}-disk")
    whole = 4096 * sum(-(-size // 4096) + 1 for size in scene.reference.sizes.values())
    with small_disk(place.folder / inside if inside else apart, PLENTY) as disk:
        if not inside:
            shutil.copytree(place.folder, apart, dirs_exist_ok=True, symlinks=True)
            place = place.at(apart)
        found, before = [], disk.used()
        for point in range(points):
            room = max(disk.used(), before) - before + whole * (point + 1) // (3 * points) if point else 16384
            disk.resize(before + room)
            if place.run() == 0:
                break
            found.append(scene.between(place, name, f"{room / 1024:.0f} kB"))
            yield found[-1]
        disk.resize(PLENTY)
        yield scene.after(place, Happened(name, "room again", said_of("")))


def read_only(scene: Scene, points: int) -> Iterator[Happened]:
    """Give a disk of results that is read-only; then let nobody write to the folders of results any more, midway."""
    for point in range(points):
        place = scene.place()
        if point:
            late = scene.draw.uniform(1, scene.seconds)
            running = place.start()
            time.sleep(late)
            _immutable(place.results, True)
            running.wait()
            happened = scene.between(place, "not writable", f"after {late:.1f} s")
            _immutable(place.results, False)
            yield scene.after(place, happened)
            continue
        with small_disk(place.results, PLENTY) as disk:
            disk.write_protect(True)
            place.run()
            happened = scene.between(place, "read-only", "from the start")
            disk.write_protect(False)
            yield scene.after(place, happened)


def removed(scene: Scene, points: int) -> Iterator[Happened]:
    """Remove all results in the middle of a run."""
    for _ in range(points):
        place, late = scene.place(), scene.draw.uniform(1, scene.seconds)
        running = place.start()
        time.sleep(late)
        shutil.rmtree(place.results, ignore_errors=True)
        running.wait()
        yield scene.after(place, scene.between(place, "results removed", f"after {late:.1f} s"))


def clock(scene: Scene, points: int) -> Iterator[Happened]:
    """Let a run be killed, and give what it has made times of the future or of long ago, as a clock that was wrong."""
    for point in range(points):
        place, late = scene.place(), scene.draw.uniform(scene.seconds / 2, scene.seconds)
        running = place.start()
        time.sleep(late)
        kill(place, running)
        away = (86_400 * 300, -86_400 * 3000)[point % 2]
        for file in [*place.results.rglob("*"), *(place.folder / ".snakemake").rglob("*")]:
            if scene.draw.random() < 0.7:
                with suppress(OSError):
                    os.utime(file, (time.time() + away, time.time() + away))
        happened = scene.between(place, "clock", f"{away // 86_400:+} days")
        yield scene.after(place, happened)


def two_runs(scene: Scene, points: int) -> Iterator[Happened]:
    """Start a second run in the folder of one that is at work."""
    for point in range(points):
        place = scene.place()
        late = scene.draw.uniform(0, scene.seconds) if point else 0.0
        first = place.start()
        other = place.with_terminal("second.txt")
        time.sleep(late)
        second = other.start()
        codes = [first.wait(), second.wait()]
        happened = Happened("two runs", f"the second {late:.1f} s later, status {codes}", said_of(other.words()))
        if codes[0] != 0 and codes[1] != 0:
            happened.faults.append(f"none of both came to its end: {place.words()[-1500:]}")
        yield scene.after(place, happened)


def full_temporary_folder(scene: Scene, points: int) -> Iterator[Happened]:
    """Let temporary files find no room."""
    for _ in range(points):
        place = scene.place()
        with small_disk(place.folder / "temporary", 65536) as disk:
            disk.fill()
            place.run(TMPDIR=str(disk.folder))
            happened = scene.between(place, "temporary folder full", "")
        yield scene.after(place, happened)


def file_size(scene: Scene, points: int) -> Iterator[Happened]:
    """Limit the size of files."""
    for size in [2 ** (9 + 2 * point) for point in range(points)]:
        yield from _limited(scene, "file size", f"{size:,} bytes", resource.RLIMIT_FSIZE, size)


def memory(scene: Scene, points: int) -> Iterator[Happened]:
    """Limit the memory of each process."""
    for size in [2 ** (28 + point) for point in range(points)]:
        yield from _limited(scene, "memory", f"{size >> 20} MiB", resource.RLIMIT_AS, size)


def _limited(scene: Scene, name: str, point: str, kind: int, size: int) -> Iterator[Happened]:
    place = scene.place()
    before = resource.getrlimit(kind)

    def limit() -> None:
        resource.setrlimit(kind, (size, before[1]))

    place.start(limit).wait()
    yield scene.after(place, scene.between(place, name, point))


def worker_killed(scene: Scene, points: int) -> Iterator[Happened]:
    """Kill a job alone, as the system does for memory: while it works, or while it imports."""
    for point in range(points):
        place = scene.place()
        running = place.start()
        rules = _at_work(place, running.pid, scene.draw.uniform(0, scene.seconds / 2), marked=point % 2 == 0)
        for pid in _jobs(place, running.pid):
            _kill(pid)
        running.wait()
        yield scene.after(place, scene.between(place, "a job killed", ", ".join(rules)))


def snakemake_killed(scene: Scene, points: int) -> Iterator[Happened]:
    """Kill Snakemake alone; its jobs go on, beside the run that is resumed at once."""
    for point in range(points):
        place = scene.place()
        running = place.start()
        rules = _at_work(place, running.pid, scene.draw.uniform(0, scene.seconds / 2), marked=point % 2 == 0)
        _kill(_snakemake(place, running.pid))
        running.wait()
        left = len(members(place.folder))
        happened = Happened("Snakemake killed alone", f"{', '.join(rules)}, {left} processes left", said_of(""))
        yield scene.after(place, happened)
        wait_for_end(place)


def _at_work(place: Place, started: int, seconds: float, marked: bool) -> list[str]:
    """Wait so long, and then for a job, or for one that is past its imports; return the rules at work."""
    time.sleep(seconds)
    for _ in range(3000):
        rules = place.at_work()
        if rules and _jobs(place, started) and (not marked or list(place.results.rglob("logs/**/*.failed.json"))):
            return rules
        time.sleep(0.01)
    return []


def _snakemake(place: Place, started: int) -> int:
    """Return the process of Snakemake: of those that a server forks the first."""
    return min(_workers(place), default=started) if place.forks else started


def _jobs(place: Place, started: int) -> list[int]:
    return [pid for pid in _workers(place) if pid != _snakemake(place, started)]


def _workers(place: Place) -> list[int]:
    """Return the processes that run Snakemake where a server forks, and scripts of jobs."""
    word = b"forked.py" if place.forks else b".snakemake/scripts/"
    found = []
    for pid in members(place.folder):
        with suppress(OSError):
            found += [pid] if word in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return found


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _immutable(folder: Path, fixed: bool) -> None:
    """Let nobody write to folders and files, root included, or everybody."""
    subprocess.run(["chattr", "-R", "-f", "+i" if fixed else "-i", str(folder)], check=False, capture_output=True)

"""Accidents other than kills: what the user is told, and whether the run afterwards ends with the same bytes.

Each accident runs a copy of a place, spoils something on the way, and takes the cause away; then the run is resumed.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tests.campaigns.clocks import clock_during
from tests.campaigns.disks import small_disk
from tests.campaigns.few import FEW
from tests.campaigns.full_disks import PLENTY, disk_full, disk_full_anywhere, whole_disk_full
from tests.campaigns.judged import said_of
from tests.campaigns.processes import at_work, end, jobs_of, kill, members, snakemake_of, wait_for_end
from tests.campaigns.runs import Place, prepared, python_of, tell, undisturbed
from tests.campaigns.scene import Happened, Scene
from tests.every import every

Accident = Callable[[Scene, int], Iterator[Happened]]


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
    for size in [2 ** (14 + point) for point in range(points)]:
        yield from _limited(scene, "file size", f"{size:,} bytes", resource.RLIMIT_FSIZE, size)


def memory(scene: Scene, points: int) -> Iterator[Happened]:
    """Limit the memory of each process."""
    for size in [2 ** (29 + 2 * point) for point in range(points)]:
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
        rules = at_work(place, running.pid, scene.draw.uniform(0, scene.seconds / 2), marked=point % 2 == 0)
        for pid in jobs_of(place, running.pid):
            end(pid)
        running.wait()
        yield scene.after(place, scene.between(place, "a job killed", ", ".join(rules)))


def snakemake_killed(scene: Scene, points: int) -> Iterator[Happened]:
    """Kill Snakemake alone; its jobs go on, beside the run that is resumed at once."""
    for point in range(points):
        place = scene.place()
        running = place.start()
        rules = at_work(place, running.pid, scene.draw.uniform(0, scene.seconds / 2), marked=point % 2 == 0)
        end(snakemake_of(place, running.pid))
        running.wait()
        left = len(members(place.folder))
        happened = Happened("Snakemake killed alone", f"{', '.join(rules)}, {left} processes left", said_of(""))
        yield scene.after(place, happened)
        wait_for_end(place)


def _immutable(folder: Path, fixed: bool) -> None:
    """Let nobody write to folders and files, root included, or everybody."""
    subprocess.run(["chattr", "-R", "-f", "+i" if fixed else "-i", str(folder)], check=False, capture_output=True)


# How many times each, and whether by Python as it is: limits of a process are not those of a server that forks.
ACCIDENTS: dict[str, tuple[Accident, int, bool]] = {
    "disk_full": (disk_full, 22, False),
    "whole_disk_full": (whole_disk_full, 4, True),
    "read_only": (read_only, 3, False),
    "removed": (removed, 24, False),
    "clock": (clock, 2, False),
    "clock_during": (clock_during, 3, True),
    "two_runs": (two_runs, 3, False),
    "full_temporary_folder": (full_temporary_folder, 1, False),
    "worker_killed": (worker_killed, 4, False),
    "snakemake_killed": (snakemake_killed, 2, False),
    "file_size": (file_size, 2, True),
    "memory": (memory, 2, True),
}
# The same, of a run with every stage.
WITH_EVERY_STAGE: dict[str, tuple[Accident, int, bool]] = {"disk_full_anywhere": (disk_full_anywhere, 24, False)}


def main(number: int, seed: int, folder: Path, plain: bool) -> int:
    """Run all accidents and print what happened; `number` is of no use here."""
    python = python_of(folder / "python", plain)
    wrong = _campaign(prepared(folder / "few/template", FEW, python), ACCIDENTS, seed)
    wrong += _campaign(prepared(folder / "every/template", every(), python), WITH_EVERY_STAGE, seed)
    return int(bool(wrong))


def _campaign(template: Place, accidents: Mapping[str, tuple[Accident, int, bool]], seed: int) -> int:
    """Let accidents happen to a configuration, tell of each, and return after how many anything was wrong."""
    began = time.monotonic()
    reference, wrong = undisturbed(template, tell), 0
    seconds = time.monotonic() - began
    for name, (accident, points, by_python) in accidents.items():
        used = replace(template, python=Path(sys.executable)) if by_python else template
        folder = template.folder.with_name(name)
        found = []
        for happened in accident(Scene(used, reference, random.Random(f"{name}/{seed}"), seconds, folder), points):
            found.append(happened)
            tell(happened.line())
        if not found:
            tell(f"{name}: not tried, as something for it is missing here")
            continue
        pairs = [(each.said.failed, each.said.jobs_told) for each in found]
        jobs, told = (sum(value) for value in zip(*pairs, strict=True))
        tracebacks = sum(each.said.tracebacks for each in found)
        faults = sum(bool(each.faults) for each in found)
        wrong += faults
        tell(f"{name}: {len(found)} times, {jobs} jobs failed, {told} told, {tracebacks} tracebacks, {faults} faults")
    return wrong

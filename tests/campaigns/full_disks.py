"""Disks that are full: of a run of a few jobs at ever more bytes, of one with every stage after any number of jobs."""

import shutil
import subprocess
import time
from collections.abc import Iterator

from tests.campaigns.disks import Disk, small_disk
from tests.campaigns.judged import said_of
from tests.campaigns.runs import Place, jobs_done
from tests.campaigns.scene import Happened, Scene

PLENTY = 2**30
ROOM = 65536  # bytes that are left at most when a disk is made small


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


def disk_full_anywhere(scene: Scene, points: int) -> Iterator[Happened]:
    """Take the room of the disk of results while a run is at work, after numbers of jobs that are drawn; go on."""
    moments = sorted(scene.draw.sample(range(scene.reference.jobs), min(points, scene.reference.jobs)))
    place, name = scene.place(), "disk full"
    with small_disk(place.results, PLENTY) as disk:
        for jobs in moments:
            running = place.start()
            if not _at_work_after(place, running, jobs):
                break
            rules = place.at_work()
            room = _take(disk, scene.draw.randrange(0, ROOM + 1, 4096))
            status = running.wait()
            if status == 0:
                break
            point = f"after {jobs} jobs of {scene.reference.jobs}, {room / 1024:.0f} kB left, in {', '.join(rules)}"
            yield scene.between(place, name, point)
            disk.resize(PLENTY)
        disk.resize(PLENTY)
        yield scene.after(place, Happened(name, "room again", said_of("")))


def _at_work_after(place: Place, running: subprocess.Popen[bytes], jobs: int) -> bool:
    """Wait until so many jobs are done and one is at work; return False if the run has ended before."""
    while running.poll() is None:
        if jobs_done(place.results) >= jobs and place.at_work():
            return True
        time.sleep(0.02)
    return False


def _take(disk: Disk, room: int) -> int:
    """Leave so much room on a disk that is written to, or a little more; return how much."""
    while True:
        try:
            disk.resize(disk.used() + max(room, 4096))
            return room
        except subprocess.CalledProcessError:  # more was written meanwhile
            room += 4096

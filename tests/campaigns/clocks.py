"""A clock that is set to another time while a run is at work.

The processes of the run see another time by libfaketime, which reads from a file how far it is away. Times of files are
the kernel's, which nobody changes: files that are written after the clock was set are given the time that they would
bear, as soon as they are seen.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns.scene import Happened, Scene

AWAY = (-7200, -86_400 * 300, 86_400 * 300)  # seconds
# libfaketime lets the call that Python sleeps by fail.
SLEEP = "import select, time\n\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"
SEEN = ("results", ".snakemake")  # folders whose files bear times


def library() -> Path | None:
    """Return libfaketime, if it is there: of Debian the package `faketime`."""
    return next(iter(sorted(Path("/usr").glob("lib*/*/faketime/libfaketime.so.1"))), None)


@dataclass
class Clock:
    """The clock of a run.

    Attributes
    ----------
    folder
        Where the run works.
    file
        Tells libfaketime how far the clock is away.
    """

    folder: Path
    file: Path
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._away(0)
        self._start.mkdir()
        (self._start / "sitecustomize.py").write_text(SLEEP, encoding="utf-8")

    def environment(self, faked: Path) -> dict[str, str]:
        """Return what a run is started with."""
        return {
            "PYTHONPATH": str(self._start),
            "LD_PRELOAD": str(faked),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    @contextmanager
    def set_to(self, away: int) -> Iterator[None]:
        """Set the clock; within, what is written bears times of it."""
        self._away(away)
        watch = threading.Thread(target=self._watch, args=(away, time.time()))
        watch.start()
        try:
            yield
        finally:
            self._ended.set()
            watch.join()

    @property
    def _start(self) -> Path:
        return self.file.with_suffix(".start")

    def _away(self, seconds: int) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self.file)

    def _watch(self, away: int, since: float) -> None:
        """Move the times of files that are written after a moment: those that lie between it and the present."""
        while not self._ended.is_set():
            now = time.time()
            for file in [file for name in SEEN for file in (self.folder / name).rglob("*")]:
                with suppress(OSError):
                    found = file.stat().st_mtime
                    if since < found <= now:
                        os.utime(file, (found + away, found + away))
            self._ended.wait(0.02)


def clock_during(scene: Scene, points: int) -> Iterator[Happened]:
    """Set the clock back, or on, while a run is at work, and let it come to its end; then the next run looks at it."""
    faked = library()
    for away in AWAY[:points] if faked is not None else ():
        place, late = scene.place(), scene.draw.uniform(scene.seconds / 4, scene.seconds / 2)
        _age(place.folder)
        clock = Clock(place.folder, place.folder.with_name(f"{place.folder.name}-clock"))
        running = place.start(**clock.environment(faked))
        time.sleep(late)
        with clock.set_to(away):
            running.wait()
            happened = scene.between(place, "clock during a run", f"{away / 3600:+,.0f} hours after {late:.1f} s")
            if running.returncode != 0:
                happened.faults.append(f"it ended with {running.returncode}: {place.words()[-2000:]}")
            again = place.with_terminal("again.txt")
            status = again.run(**clock.environment(faked))
            happened.point += f", the next run made {again.words().count('Finished ')} jobs"
            if status != 0:
                happened.faults.append(f"the next run ended with {status}: {again.words()[-2000:]}")
        yield scene.after(place, happened)


def _age(folder: Path) -> None:
    """Let the files that a user has brought be older than any time that a clock is set to."""
    for file in [each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()]:
        moment = file.stat().st_mtime + 3 * min(AWAY)
        os.utime(file, (moment, moment))

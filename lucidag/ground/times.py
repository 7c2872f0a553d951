"""Times of files that are yet to come, as after a clock was set back: Snakemake makes nothing from such files."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lucidag.ground.errors import InputError

LEAST = 1.0  # seconds from now


def from_the_future(folder: Path) -> int:
    """Give files of a folder that bear a time to come the present one; return how many bore one."""
    now, number = time.time(), 0
    for here, _, names in os.walk(folder):
        for name in names:
            file = Path(here, name)
            with suppress(OSError):
                if file.stat().st_mtime > now + LEAST:
                    os.utime(file, (now, now))
                    number += 1
    return number


def no_later_than(outputs: Iterable[str | Path], results: Iterable[str | Path], files: Iterable[str | Path]) -> None:
    """Give results that a job has read the time of its oldest output where they bear a later one.

    So it is after a clock was set back while the run is at work, and Snakemake takes no output that is older than an
    input: it removes it.

    Parameters
    ----------
    outputs
        What the job has written.
    results
        What other jobs have written, and this one has read.
    files
        Files of the user's own that it has read; these keep their times.

    Raises
    ------
    InputError
        If one of these bears a time to come: then nothing can be made from it.
    """
    oldest = min((Path(file).stat().st_mtime_ns for file in outputs), default=None)
    if oldest is None:
        return
    for file in map(Path, results):
        with suppress(OSError):
            if file.stat().st_mtime_ns > oldest:
                os.utime(file, ns=(oldest, oldest))
    for file in map(Path, files):
        with suppress(OSError):
            if file.stat().st_mtime_ns > max(oldest, time.time_ns()):
                raise InputError(f"{file} bears a time to come, as after a clock was set back: touch it and run again")

"""What the terminal shows while jobs run: files as counts, names of what was finished, the time left."""

import builtins
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from lucidag.ground.errors import one_line
from lucidag.report.interruption import Interruption

MOST_FILES = 4  # more than these are told by their number
LEAST_DONE = 3  # jobs before a time is guessed


def counted(files: Collection[str]) -> list[str]:
    """Return files as they are shown: all of a few, of many their number and where they are.

    >>> counted(["a/1.png", "a/2.png", "a/3.png", "a/4.png", "a/5.png"])
    ['5 files in a']
    """
    if len(files) <= MOST_FILES:
        return list(files)
    return [f"{len(files)} files in {_common_folder(files)}"]


def _common_folder(files: Collection[str]) -> str:
    folders = [Path(file).parent for file in files]
    alike = len({folder.is_absolute() for folder in folders}) == 1
    return (os.path.commonpath(folders) if alike else "") or "."


def short_reason(reason: str) -> str:
    """Return Snakemake's reason for a job with its lists of files as counts.

    >>> short_reason("Input files updated by another job: a, b, c, d, e; Code has changed")
    'Input files updated by another job: 5 files in .; Code has changed'
    """
    return "; ".join(_short_part(part) for part in reason.split("; "))


def _short_part(part: str) -> str:
    told, colon, files = part.partition(": ")
    if "files" not in told:  # of changed settings every word counts
        return part
    return f"{told}{colon}{', '.join(counted(files.split(', ')))}" if colon else part


def left(done: int, total: int, seconds: float) -> str:
    """Say how long the rest takes at the speed so far; nothing after too few jobs to say, and at the end.

    >>> left(10, 40, 60.0)
    ', about 3 min left'
    """
    if done < LEAST_DONE or done >= total:
        return ""
    return f", about {duration(seconds / done * (total - done))} left"


def duration(seconds: float) -> str:
    """Return a time as a reader says it, to two digits or so.

    >>> duration(42.3), duration(200), duration(9000)
    ('42 s', '3 min', '2 h 30 min')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


class Shortened:
    """What shortens Snakemake's own format, as a class before it in the order. The file of its log keeps everything."""

    locked: Callable[[], str] | None = None  # tells what to do about a lock

    def __init__(self, quiet: Any, show_failed_logs: bool, shows: Mapping[str, str]) -> None:  # noqa: ANN401 (theirs)
        super().__init__(quiet, show_failed_logs)  # type: ignore[call-arg]
        self.names: dict[int, str] = {}
        self.started: float | None = None
        self.shows = shows

    def format(self, record: logging.LogRecord) -> str:
        """Show a message."""
        if self.locked is not None and vars(record).get("exception") == "LockException":
            return f"lucidag: {self.locked()}"
        told = str(super().format(record))  # type: ignore[misc]
        return _of_the_system(told, vars(record).get("exception"))

    def format_job_info(self, msg: dict[str, Any]) -> str:
        """Show a job that starts."""
        self.started = self.started or time.monotonic()
        self.names[msg["jobid"]] = _name(msg["rule_name"], msg["wildcards"])
        files = {key: counted(msg[key]) for key in ("input", "output")}
        told = msg | files | {"reason": short_reason(msg["reason"])}
        return str(super().format_job_info(told))  # type: ignore[misc]

    def format_job_error(self, msg: dict[str, Any]) -> str:
        """Show a job that failed."""
        files = {key: counted(msg[key]) for key in ("input", "output")}
        return str(super().format_job_error(msg | files))  # type: ignore[misc]

    def format_job_finished(self, msg: dict[str, Any]) -> str:
        """Show a job that is done, by its name."""
        name = self.names.get(msg["job_id"])
        if name is None:
            return str(super().format_job_finished(msg))  # type: ignore[misc]
        file = self.shows.get(name)
        look = "" if file is None else f"\nThe first curves are drawn: {file}"
        return f"[{time.asctime()}]\nFinished {name} (job {msg['job_id']}){look}"

    def format_progress(self, msg: dict[str, Any]) -> str:
        """Show how far the run is."""
        told = str(super().format_progress(msg))  # type: ignore[misc]
        return told + (left(msg["done"], msg["total"], time.monotonic() - self.started) if self.started else "")


def _of_the_system(told: str, exception: str | None) -> str:
    r"""Return what Snakemake says of an error, and of one of the system, as of a full disk, no more than what it is.

    >>> _of_the_system("Traceback …\nPermissionError: [Errno 1] Not permitted: 'a.csv'\n", "PermissionError")
    "lucidag: Snakemake cannot go on: [Errno 1] Not permitted: 'a.csv'"
    """
    kind = getattr(builtins, exception or "", None)
    if not (isinstance(kind, type) and issubclass(kind, OSError)):
        return told
    last = next((line for line in reversed(told.splitlines()) if line.strip()), "")
    return f"lucidag: Snakemake cannot go on: {one_line(last.removeprefix(f'{exception}: '))}"


def _name(rule: str, wildcards: Mapping[str, str]) -> str:
    return " ".join([rule, *(f"{key}={value}" for key, value in wildcards.items())])


def formatter(
    default: type, locked: Callable[[], str] | None = None
) -> Callable[[Any, bool, Mapping[str, str]], logging.Formatter]:
    """Return Snakemake's format, shortened."""
    return type("Formatter", (Shortened, default), {"locked": locked and staticmethod(locked)})


def install(
    logger: logging.Logger, default: type, shows: Mapping[str, str], locked: Callable[[], str] | None = None
) -> Interruption:
    """Let Snakemake's terminal handler show jobs in this way; a handler of another kind stays as it is.

    Parameters
    ----------
    logger
        Snakemake's.
    default
        The class of its format: the library does not import Snakemake.
    shows
        From the names of jobs, as they are shown when they are done, to a figure that is worth a look then.
    locked
        Says what to do where the folder is locked.

    Returns
    -------
    What tells whether the run was interrupted.
    """
    logging.raiseExceptions = False  # where Snakemake's own log finds no room, a traceback for each line tells nobody
    interruption = Interruption()
    logger.addFilter(interruption.is_told)
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler" and isinstance(handler.formatter, default):
            present: Any = handler.formatter
            handler.setFormatter(formatter(default, locked)(present.quiet, present.show_failed_logs, shows))
            handler.addFilter(interruption)
    return interruption

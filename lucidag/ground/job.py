"""What surrounds the work of every script: its log, its record, and what a failure looks like."""

import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from lucidag.ground.cost import write_cost
from lucidag.ground.errors import InputError, one_line
from lucidag.ground.files import discard_partial, write_json
from lucidag.ground.log import Log
from lucidag.ground.recorded import recorded
from lucidag.ground.records import results_folder
from lucidag.ground.task import Task

# What a job says of itself until it has told why it failed.
KILLED = "ended before it was done: killed, or out of memory or time"
NOTE = "note: "  # begins the lines of a log that are meant for the user
INTERRUPTED = 130  # status of a process that Ctrl-C ended
WARNING = "warning: "  # begins sentences of which the end of a run leaves none out


@contextmanager
def job(task: Task, differing: Collection[str] = ()) -> Iterator[None]:
    """Run a script's work with its output in the rule's log and its failure in one sentence.

    Before the work its inputs are compared with what other jobs recorded, and after it its own outputs are recorded
    (`lucidag.ground.recorded`; `differing` names outputs whose bytes differ from run to run). What the work prints goes
    to the log. If it fails, the log holds the traceback, the terminal shows one line (what the user can mend, for an
    `InputError`), and the process ends with status 1. The last line of the log says how much of the process' life went
    into imports; what it cost stands beside the log (`lucidag.ground.cost`). What a killed job left half written beside
    the same outputs is removed at the start. While it runs, and after a failure, there is a mark of it
    (`failure_mark`), from which the end of the run tells what failed.
    """
    path = Path(task.log[0])
    about: dict[str, Any] = {"rule": task.rule, "wildcards": [str(value) for value in task.wildcards], "log": str(path)}
    about["outputs"] = list(map(str, task.output))
    name = " ".join([task.rule, *about["wildcards"]])
    started = _seconds_alive()
    # What imports made lives as long as the process: without this the collector goes through all of it again and
    # again, and once more as the process ends, which takes longer than many a job.
    gc.freeze()
    with _log_of(path, name) as log, redirect_stdout(log), redirect_stderr(log):
        try:
            for file in task.output:
                discard_partial(file)
            write_json(failure_mark(path), about | {"sentence": KILLED})
            with recorded(task, log, differing):
                yield
            failure_mark(path).unlink(missing_ok=True)  # somebody may remove all results
        except (Exception, KeyboardInterrupt) as error:
            traceback.print_exc()
            sentence = _sentence(error, path)
            _amend(failure_mark(path), about | {"sentence": sentence})
            if isinstance(error, KeyboardInterrupt):  # of which the run tells, once for all its jobs
                raise SystemExit(INTERRUPTED) from None
            _tell(f"{name}: {sentence}")
            raise SystemExit(1) from None
        lived = _seconds_alive()
        log.write(f"imports {started:.2f} s of {lived:.2f} s\n")
        results = results_folder(path, list(task.output))
        if results is not None:
            write_cost(results, path, lived)
        gc.freeze()


@contextmanager
def _log_of(path: Path, name: str) -> Iterator[Log]:
    """Open the log of a job, or end with one sentence."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = Log(path)
    except OSError as error:
        _tell(f"{name}: {path} could not be written: {error.strerror or error}")
        raise SystemExit(1) from None
    with log:
        yield log


def failure_mark(log: str | Path) -> Path:
    """Return the file that is there while the job of this log runs, and stays if it fails.

    JSON with ``rule``, ``wildcards`` (values), ``log``, ``outputs`` and ``sentence``.
    """
    return Path(log).with_suffix(".failed.json")


def _amend(mark: Path, words: dict[str, Any]) -> None:
    """Write into a mark why a job failed: where a disk is full in its own place, or else it would tell of a kill."""
    try:
        write_json(mark, words)
    except InputError:
        with suppress(OSError), mark.open("r+b") as handle:
            handle.write(json.dumps(words).encode())
            handle.truncate()


def say(sentence: str, to_terminal: bool = True) -> None:
    """Write a sentence for the user into the log of the job, and to the terminal; the end of the run repeats it."""
    sentence = one_line(sentence)
    print(f"{NOTE}{sentence}")
    if to_terminal:
        _tell(sentence)


def _tell(sentence: str) -> None:
    with suppress(OSError, ValueError):  # a terminal that is closed
        print(f"lucidag: {sentence}", file=sys.__stderr__, flush=True)


def _sentence(error: BaseException, log: Path) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, InputError):
        return " ".join(str(error).split())
    message = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {message or 'no message'} (traceback in {log})"


def _seconds_alive() -> float:
    """Return the seconds since this process started; where the system does not tell, its processor seconds."""
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(after_name[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError, ValueError, IndexError):
        return time.process_time()

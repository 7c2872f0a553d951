"""What surrounds the work of every script: its log, its progress, and what a failure looks like."""

import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Protocol

from lucidag.ground.errors import InputError, one_line
from lucidag.ground.files import discard_partial, write_json

# What a job says of itself until it has told why it failed.
KILLED = "ended before it was done: killed, or out of memory or time"
NOTE = "note: "  # begins the lines of a log that are meant for the user
WARNING = "warning: "  # begins sentences of which the end of a run leaves none out


class Task(Protocol):
    """The part of a Snakemake script's `snakemake` object that the surroundings need."""

    @property
    def rule(self) -> str:
        """Name of the rule."""

    @property
    def output(self) -> Iterable[str]:
        """Paths of the output files."""

    @property
    def log(self) -> Sequence[str]:
        """Paths of the log files."""

    @property
    def wildcards(self) -> Any:  # noqa: ANN401 (Snakemake's own class)
        """The wildcards of the job."""


@contextmanager
def job(task: Task) -> Iterator[None]:
    """Run a script's work with its output in the rule's log and its failure in one sentence.

    What the work prints goes to the log. If it fails, the log holds the traceback, the terminal
    shows one line (what the user can mend, for an `InputError`), and the process ends with status 1.
    The last line of the log says how much of the process' life went into imports. What a killed job left half
    written beside the same outputs is removed at the start. While it runs, and after a failure, there is a mark of it
    (`failure_mark`), from which the end of the run tells what failed.
    """
    path = Path(task.log[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {"rule": task.rule, "wildcards": [str(value) for value in task.wildcards], "log": str(path)}
    started = _seconds_alive()
    with path.open("w", encoding="utf-8", buffering=1) as log:
        with redirect_stdout(log), redirect_stderr(log):
            try:
                for file in task.output:
                    discard_partial(file)
                write_json(failure_mark(path), about | {"sentence": KILLED})
                yield
                failure_mark(path).unlink()
            except Exception as error:
                traceback.print_exc()
                sentence = _sentence(error, path)
                with suppress(InputError):  # of a full disk the terminal tells alone
                    write_json(failure_mark(path), about | {"sentence": sentence})
                name = " ".join([task.rule, *about["wildcards"]])
                print(f"lucidag: {name}: {sentence}", file=sys.__stderr__, flush=True)
                raise SystemExit(1) from None
        log.write(f"imports {started:.2f} s of {_seconds_alive():.2f} s\n")


def failure_mark(log: str | Path) -> Path:
    """Return the file that is there while the job of this log runs, and stays if it fails.

    JSON with ``rule``, ``wildcards`` (values), ``log`` and ``sentence``.
    """
    return Path(log).with_suffix(".failed.json")


def say(sentence: str, to_terminal: bool = True) -> None:
    """Write a sentence for the user into the log of the job, and to the terminal; the end of the run repeats it."""
    sentence = one_line(sentence)
    print(f"{NOTE}{sentence}")
    if to_terminal:
        print(f"lucidag: {sentence}", file=sys.__stderr__, flush=True)


def _sentence(error: Exception, log: Path) -> str:
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

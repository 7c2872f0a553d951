"""Ctrl-C: heard at any moment of a run, and told in one sentence."""

import logging
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import NoReturn

from lucidag.report.ending import show

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]
TERMINATING = "Terminating processes on user request"  # begins what Snakemake says of Ctrl-C
# The lines at the end of a run that the user ended.
INTERRUPTED = ("", "Interrupted: what is finished stays, what was begun is made anew by the same command.")


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Answer Ctrl-C as Python does by itself.

    With a handler that is not Python's own, asyncio leaves the signal alone, which it would else turn into the end of
    whatever task of Snakemake's runs at that moment: some runs would go on.
    """
    raise KeyboardInterrupt


def quiet(hook: Hook) -> Hook:
    """Return what tells of an exception that ends the process: of Ctrl-C with these words, of others as `hook` does."""

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if _interrupted(error):
            show(INTERRUPTED)
        else:
            hook(kind, error, trace)

    return told


class Interruption(logging.Filter):
    """What is silent once the user has interrupted a run: that its jobs ended is no error of theirs.

    Attributes
    ----------
    seen
        Whether the run was interrupted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show a message."""
        self.seen = self.seen or str(record.msg).startswith(TERMINATING)
        return not self.seen or (record.levelno < logging.ERROR and not str(record.msg).startswith(TERMINATING))

    def is_told(self, record: logging.LogRecord) -> bool:
        """Return whether to log a message: how Snakemake takes itself apart is of no use to anybody then."""
        return not (self.seen and "Traceback (most recent call last)" in str(record.msg))


def _interrupted(error: BaseException | None) -> bool:
    """Return whether an exception is of Ctrl-C, or came of it."""
    return error is not None and (isinstance(error, KeyboardInterrupt) or _interrupted(error.__context__))

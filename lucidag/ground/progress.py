"""Progress of long work: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def track(items: Iterable[T], what: str, total: int | None = None, every: float = 10.0) -> Iterator[T]:
    """Yield `items` and tell how far the work is.

    The process' own standard error shows a tqdm bar where it is a terminal. Where standard error is
    something else (a log that it was redirected to, a pipe), that gets a line ``what: done/total,
    seconds`` at most once in `every` seconds, and one at the end.

    Parameters
    ----------
    items
        What is worked on.
    what
        The name of the work, such as ``"train resnet18"``.
    total
        The number of items, where `items` has no length.
    every
        Seconds between two lines of a log.
    """
    count = total if total is not None else len(items) if isinstance(items, Sized) else None
    terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
    lines = not (terminal and sys.stderr is sys.__stderr__)
    start = last = time.monotonic()
    done = 0
    with tqdm(desc=what, total=count, leave=False, file=sys.__stderr__, disable=not terminal) as bar:
        for done, item in enumerate(items, start=1):
            yield item
            bar.update()
            if lines and time.monotonic() - last >= every:
                last = time.monotonic()
                print(f"{what}: {done}/{count or '?'}, {last - start:.0f} s", file=sys.stderr, flush=True)
    if lines:
        print(f"{what}: {done} done in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)

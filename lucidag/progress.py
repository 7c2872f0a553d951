"""Progress of long work: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def track(items: Iterable[T], what: str, total: int | None = None, every: float = 10.0) -> Iterator[T]:
    """Yield `items` and tell how far the work is.

    On a terminal this is a tqdm bar on standard error. Elsewhere (a log, a pipe) it prints a line
    `what: done/total, seconds` at most once in `every` seconds, and one at the end.

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
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total, leave=False)
        return
    count = total if total is not None else len(items) if isinstance(items, Sized) else None
    start = last = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - last >= every:
            last = time.monotonic()
            print(f"{what}: {done}/{count or '?'}, {last - start:.0f} s", file=sys.stderr, flush=True)
    print(f"{what}: {done} done in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)

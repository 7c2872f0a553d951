"""What grows."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Growth:
    """A stage, and one of the sizes that decide what it costs.

    Attributes
    ----------
    stage, size
        What is done, and what it grows with.
    first
        The smallest value of the size.
    make
        From a value to the work, whose making is not timed.
    factor
        By how much the size grows from one value to the next.
    """

    stage: str
    size: str
    first: int
    make: Callable[[int], Callable[[], object]]
    factor: int = 2

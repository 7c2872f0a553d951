"""A row of the table of validity: an interval or a test that is shown, and a truth to hold it against."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

COVERS = 0.93  # least coverage of a 95 % interval
REJECTS = 0.06  # most false positives of a test at 5 %


@dataclass(frozen=True)
class Case:
    """An interval or a test, and a simulation whose truth is known.

    Attributes
    ----------
    name
        Of the row, its own within the topic.
    kind
        ``interval`` or ``test``.
    shown
        The table and column that shows it.
    setting
        The simulated truth, in words; and what is smaller here than by default, such as bootstrap draws.
    nominal
        Coverage of the interval, or level of the test.
    draw
        Simulates once, by lucidag's own function: whether the interval covers the truth, or the test rejects what is
        true. None where no interval or p value was given; such draws are counted apart.
    goal
        Least coverage, or most false positives.
    reason
        Why the goal is another than `COVERS` or `REJECTS`; "" where it is not.
    short
        Simulations in the short form.
    """

    name: str
    kind: Literal["interval", "test"]
    shown: str
    setting: str
    nominal: float
    draw: Callable[[Generator], bool | None]
    goal: float
    reason: str = ""
    short: int = 100


def covers(low: float | None, high: float | None, truth: float) -> bool | None:
    """Say whether an interval holds the truth; None where there is no interval (None or NaN)."""
    if low is None or high is None or low != low or high != high:
        return None
    return bool(low <= truth <= high)

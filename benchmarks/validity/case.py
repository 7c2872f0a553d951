"""A row of the table of validity: an interval or a test that is shown, and a truth to hold it against."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from numpy.random import Generator

COVERS = 0.93  # least coverage of a 95 % interval
REJECTS = 0.06  # most false positives of a test at 5 %
FINDS = 0.9  # least share of what is planted that is found


@dataclass(frozen=True)
class Case:
    """An interval or a test, and a simulation whose truth is known.

    Attributes
    ----------
    name
        Of the row, its own within the topic.
    kind
        ``interval``, ``test``, or ``finding`` of what is planted.
    shown
        The table and column that shows it.
    setting
        The simulated truth, in words; and what is smaller here than by default, such as bootstrap draws.
    nominal
        Coverage of the interval, or level of the test; NaN of a finding, which promises nothing.
    draw
        Simulates once, by lucidag's own function: whether the interval covers the truth, the test rejects what is
        true, or what is planted is found. None where no interval or p value was given; such draws are counted apart.
    goal
        Least coverage, most false positives, or least share found.
    reason
        Why the goal is another than `COVERS`, `REJECTS` or `FINDS`; "" where it is not.
    short
        Simulations in the short form.
    most
        Simulations in the long form, where one takes so long that fewer must do; None: as many as of others.
    """

    name: str
    kind: Literal["interval", "test", "finding"]
    shown: str
    setting: str
    nominal: float
    draw: Callable[[Generator], bool | None]
    goal: float
    reason: str = ""
    short: int = 100
    most: int | None = None


def covers(low: float | None, high: float | None, truth: float) -> bool | None:
    """Say whether an interval holds the truth; None where there is no interval (None or NaN)."""
    if low is None or high is None or low != low or high != high:
        return None
    return bool(low <= truth <= high)

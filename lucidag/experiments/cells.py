"""A cell of the table of experiments: a number with its interval, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """What was measured of a model, or why it was not.

    Attributes
    ----------
    value
        A number or words; None where there is none.
    low, high
        Its interval.
    reason
        Why there is no value, or no interval; "" where there is nothing to say.
    """

    value: float | str | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


Cells = dict[str, Cell]


def missing(reason: str) -> Cell:
    """Return an empty cell."""
    return Cell(None, reason=reason)


def with_interval(found: Mapping[str, Any], key: str = "value") -> Cell:
    """Return the cell of a result with ``{key}``, ``low`` and ``high``, and perhaps a ``reason``."""
    if found[key] is None:
        return missing(found.get("reason") or "not defined")
    reason = "" if found["low"] is not None else found.get("reason") or "no interval was given"
    return Cell(found[key], found["low"], found["high"], reason)

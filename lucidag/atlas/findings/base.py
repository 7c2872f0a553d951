"""A sentence of the first screen, and how numbers stand in it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import quote

Level = Literal["result", "doubt"]


@dataclass(frozen=True)
class Evidence:
    """Where a sentence comes from.

    Attributes
    ----------
    file
        Relative to the folder of results.
    where
        The cells that pick its rows, as words.
    """

    file: str
    where: str = ""


@dataclass(frozen=True)
class Finding:
    """A sentence by rule.

    Attributes
    ----------
    id
        Stays the same as long as the analysis and what it is about do.
    analysis
        Which analysis says it, in a reader's words.
    level
        A ``result``, or a ``doubt``: what is not to be trusted.
    sentence
        With its number, its interval and its control.
    link
        The view that shows more, as the page addresses it.
    evidence
        The tables.
    """

    id: str
    analysis: str
    level: Level
    sentence: str
    link: str = ""
    evidence: Sequence[Evidence] = ()

    def json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def to(view: str, *parts: object) -> str:
    """Return the address of a view in the page.

    >>> to("unit", "net", "layer4", 35), to("data")
    ('#unit=net/layer4/35', '#data')
    """
    named = "/".join(quote(str(part), safe="") for part in parts)
    return f"#{view}={named}" if parts else f"#{view}"


def number(value: float, digits: int = 2) -> str:
    """Return a number with so many digits that count, and no zero before the point.

    >>> number(0.3141), number(-0.05), number(12.34), number(0.0)
    ('.31', '-.05', '12', '0')
    """
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:.0f}"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:.{min(places, 6)}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def percent(share: float) -> str:
    """Return a share as percent.

    >>> percent(0.975), percent(1.0)
    ('97.5 %', '100 %')
    """
    return f"{100 * share:.3g} %"


def within(low: float | None, high: float | None, told: Any = number) -> str:  # noqa: ANN401 (a function)
    """Return an interval in brackets with a space before it; nothing where there is none.

    >>> within(0.1, 0.25), within(None, 0.2)
    (' (.10 to .25)', '')
    """
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f" ({told(low)} to {told(high)})"


def counted(count: int, what: str) -> str:
    """Return a number of things.

    >>> counted(1, "unit"), counted(3, "unit")
    ('1 unit', '3 units')
    """
    return f"{count} {what}{'s' * (count != 1)}"

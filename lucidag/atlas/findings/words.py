"""Numbers in sentences: few digits, no leading zero, the interval behind."""

import math
from typing import Any


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with few digits, as .31, 2.4, 31 or 0; 'unknown' for none."""
    if value is None or not math.isfinite(value):
        return "unknown"
    size = abs(value)
    if size >= 100:
        text = f"{value:.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size >= 0.1 or value == 0:
        text = f"{value:.{digits}f}"
    else:
        places = digits - 1 - math.floor(math.log10(size))
        text = f"{value:.{min(places, 6)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-0.", "-.", 1) if text.startswith("-0.") else text.removeprefix("0") if "." in text else text


def percent(value: float | None) -> str:
    """Return a share in per cent."""
    return "unknown" if value is None or not math.isfinite(value) else f"{100 * value:.3g} %"


def interval(low: float | None, high: float | None, write: Any = number) -> str:  # noqa: ANN401 (a function)
    """Return an interval in brackets, or that there is none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "(no interval)"
    return f"({write(low)} to {write(high)})"


def plain(value: Any) -> float | None:  # noqa: ANN401 (a cell)
    """Return a cell as a number; None for a missing one."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def some(names: list[str], most: int = 3) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

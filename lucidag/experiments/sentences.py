"""What made the difference, in sentences."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lucidag.experiments.columns import NATS, POINTS, column_of, title_of

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def sentences(table: pd.DataFrame) -> list[dict[str, str]]:
    """Say what each factor does to each outcome.

    Parameters
    ----------
    table
        The rows of `lucidag.experiments.factors.family_effects`, of all families.

    Returns
    -------
    list of dict
        ``family``, ``factor``, ``outcome`` and ``sentence``.
    """
    found = []
    for (family, factor, outcome), rows in table.groupby(["family", "factor", "outcome"], sort=False):
        key = {"family": str(family), "factor": str(factor), "outcome": str(outcome)}
        found.append({**key, "sentence": _sentence(str(factor), str(outcome), rows.to_dict("records"))})
    return found


def of_seeds(family: str, outcome: str, sd: float, low: float, high: float, networks: int) -> str:
    """Say how far networks of a family scatter that differ in their seed alone."""
    ends = "" if math.isnan(low) else f" [{amount(low, outcome).partition(' ')[0]}, {amount(high, outcome)}]"
    scattered = "does not vary" if not sd > 0 else f"has a standard deviation of {amount(sd, outcome)}{ends}"
    what = f"over {count(networks)} networks that differ in their seed alone, the {title_of(outcome)}"
    return f"{family}: {what} {scattered}"


def _sentence(factor: str, outcome: str, rows: Sequence[Mapping[Any, Any]]) -> str:
    first, title = rows[0], title_of(outcome)
    if all(row["networks"] == 0 for row in rows):
        return f"{factor}: nothing is known of the {title}, as {first['reason']}"
    if math.isnan(first["share"]):
        whole = f"the {title} does not vary" if first["networks"] else f"{factor}: not all values can be compared"
    else:
        whole = (
            f"{factor} explains {first['share']:.0%} of the spread of the {title} ({first['share_chance']:.0%} by "
            f"chance alone); seeds {first['share_seeds']:.0%}"
        ).replace("nan% by chance alone", "one seed tells of no chance")
    seen = [row["visible"] for row in rows if not math.isnan(row["visible"])]
    if seen:
        whole += f"; with {count(first['seeds'])} seeds nothing below {amount(max(seen), outcome)} could have been seen"
    elif first["reason"] and not math.isnan(first["share"]):
        whole += f"; no interval, as {first['reason']}"
    return f"{whole}. {' '.join(_difference(row, outcome) for row in rows if row['networks'])}".strip()


def _difference(row: Mapping[Any, Any], outcome: str) -> str:
    wide = row["high"] - row["low"]
    told = f"{row['level']} instead of {row['against']}: {amount(row['effect'], outcome, True, wide)}"
    if math.isnan(row["low"]):
        return f"{told}."
    verdict = "found" if row["found"] else "not told from chance"
    return f"{told} {interval(row, outcome)}, {verdict} ({p_of(row)} after Holm)."


def p_of(row: Mapping[Any, Any]) -> str:
    """Return a corrected p value in words."""
    return f"p = {row['p_holm']:.2g}" if row["p_holm"] >= 0.001 else "p < 0.001"


def interval(row: Mapping[Any, Any], outcome: str) -> str:
    """Return an interval in brackets, in the unit of the effect that stands in front of it."""
    wide = row["high"] - row["low"]
    low, high = (amount(row[end], outcome, True, wide).partition(" ")[0] for end in ("low", "high"))
    return f"[{low}, {high}]"


def amount(value: float, outcome: str, signed: bool = False, wide: float | None = None) -> str:
    """Return an outcome in its unit, a share in points.

    Parameters
    ----------
    value
        The number.
    outcome
        Its column.
    signed
        Whether a plus is written.
    wide
        How wide its interval is: two digits of this are written; None or NaN: two of the number itself.
    """
    column = column_of(outcome)
    unit = column.unit if column is not None else ""
    scale = 100 if unit == POINTS else 1
    number, told = value * scale, (value if wide is None or math.isnan(wide) else wide) * scale
    digits = min(max(0, 1 - math.floor(math.log10(abs(told)))), 6) if told else 0
    text = f"{round(number, digits) + 0.0:{'+' if signed else ''}.{digits}f}".replace("-", "−")
    return f"{text} {unit}" if unit in (POINTS, NATS) else text


def count(number: int) -> str:
    """Return a number in words, as far as one writes it so."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)

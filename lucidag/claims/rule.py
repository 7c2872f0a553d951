"""The one rule by which a claim is decided: `RULE` in words, `decide` in code."""

from dataclasses import dataclass

from lucidag.claims.found import Measured
from lucidag.claims.settings import Claimed

REPRODUCED, REFUTED = "reproduced", "refuted"
NOT_AS_STATED, NOT_HERE = "not reproducible as stated", "not measured here"
STATUSES = (REPRODUCED, REFUTED, NOT_AS_STATED, NOT_HERE)
RULE = """A claim gives a set C of numbers: a figure with its tolerance (from `value - tolerance` to
`value + tolerance`), or all that is `above` or `below` a limit. What is measured gives a set M: the interval of the
number; of several networks (or studies, or runs) all from the least to the greatest of their intervals; of a number
without an interval the number alone.

1. Where the earlier project left out something without which nobody can repeat it (`lacking`), the claim is *not
   reproducible as stated*, whatever is measured.
2. Where the configuration does not measure it, it is *not measured here*.
3. Where M is wider than the claim's `widest`, one number cannot stand for it: *not reproducible as stated*.
4. A figure is *reproduced* where C and M have a number in common, else *refuted*.
5. A limit is *reproduced* where all of M keeps it, *refuted* where none of M does, and else *not reproducible as
   stated*: M holds both.
"""


@dataclass(frozen=True)
class Verdict:
    """A status, and why."""

    status: str
    reason: str


def decide(claimed: Claimed, lacking: str, found: Measured | None, absent: str) -> Verdict:
    """Decide a claim.

    Parameters
    ----------
    claimed
        What was claimed.
    lacking
        What the earlier project left out; "" where it can be repeated.
    found
        What was measured, if anything was.
    absent
        Why nothing was measured.
    """
    if lacking:
        return Verdict(NOT_AS_STATED, lacking)
    if found is None:
        return Verdict(NOT_HERE, absent)
    low = found.value if found.low is None else found.low
    high = found.value if found.high is None else found.high
    what = f"{shown(low)} to {shown(high)}" if high > low else shown(found.value)
    of = _of_what(found)
    if claimed.widest is not None and high - low > claimed.widest:
        wide = f"{what}{of} is wider than {shown(claimed.widest)}: one number cannot stand for it"
        return Verdict(NOT_AS_STATED, wide)
    if claimed.value is not None:
        inside = low <= claimed.value + claimed.tolerance and high >= claimed.value - claimed.tolerance
        said = ("meets" if high > low else "is within") if inside else "is not within"
        return Verdict(REPRODUCED if inside else REFUTED, f"{what}{of} {said} {claimed.words}")
    kept = [claimed.keeps(low), claimed.keeps(high)]
    if all(kept):
        return Verdict(REPRODUCED, f"{what}{of} is {claimed.words}")
    if not any(kept):
        return Verdict(REFUTED, f"{what}{of} is not {claimed.words}")
    return Verdict(NOT_AS_STATED, f"{what}{of} holds numbers that are {claimed.words} and others")


def _of_what(found: Measured) -> str:
    if len(found.values) > 1:
        return f" ({len(found.values)} of them)"
    if found.low is None and found.note:
        return f" ({found.note})"
    return ""


def shown(value: float) -> str:
    """Give a number with at most four digits."""
    return f"{value:.4g}"

"""The ledger of one configuration: every claim with its status, and what that rests on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lucidag.claims.found import Measured, NotMeasuredError, One, pooled
from lucidag.claims.reader import Reader
from lucidag.claims.rule import RULE, STATUSES, Verdict, decide
from lucidag.claims.settings import Claim
from lucidag.ground.tables import write_table

DEFINITIONS: Mapping[str, str] = {
    "id": "Name of the claim.",
    "project": "The earlier project that makes it.",
    "text": "What it says.",
    "claimed": "The figure with its tolerance, or the limit, that decides.",
    "measured": "What the measure gives; of several networks their mean. Empty where nothing was measured.",
    "low": "Lower end of its interval; of several networks the least of theirs. Empty without one.",
    "high": "Upper end; of several networks the greatest.",
    "n": "How many images, units or files each number is of.",
    "subjects": "How many networks, data sets, studies or files were measured.",
    "status": ", ".join(f"`{status}`" for status in STATUSES) + ": by the rule in `claims.json`.",
    "reason": "Why this status.",
    "differs": "How what is measured differs from the protocol of the claim.",
    "measure": "Name of the measure.",
    "file": "The first file that the number comes from, under the folder of results; `claims.json` has all, with rows.",
    "link": "Where the atlas shows it.",
}


@dataclass(frozen=True)
class Entry:
    """A claim, what was measured, and its status.

    Attributes
    ----------
    claim
        The claim.
    found
        What was measured; None where nothing was.
    verdict
        Its status.
    evidence
        Files, and what their rows have.
    """

    claim: Claim
    found: Measured | None
    verdict: Verdict
    evidence: tuple[Mapping[str, Any], ...]


def evaluate(claims: Sequence[Claim], absent: Mapping[str, str], reader: Reader) -> list[Entry]:
    """Measure and decide each claim.

    Parameters
    ----------
    claims
        Each measure names (`of`) only what the configuration has and examines; all of it, where it has nothing.
    absent
        By id, why the configuration measures nothing of a claim.
    reader
        Of the files that are there.
    """
    return [_entry(claim, absent.get(claim.id, ""), reader) for claim in claims]


def _entry(claim: Claim, absent: str, reader: Reader) -> Entry:
    found: dict[str, One] = {}
    for name in claim.measure.of if not absent else ():
        try:
            found[name] = claim.measure.one(name, reader)
        except NotMeasuredError as error:
            absent = absent or str(error)
    measured = pooled(found) if found else None
    evidence = measured.evidence if measured is not None else ()
    told = tuple({"file": reader.shown(each.need), "where": dict(each.where)} for each in evidence)
    return Entry(claim, measured, decide(claim.claimed, claim.lacking, measured, absent), told)


def table_of(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return the ledger: a row a claim, in the order of its file, with the columns `DEFINITIONS`."""
    return pd.DataFrame([_row(entry) for entry in entries], columns=list(DEFINITIONS), dtype=object)


def _row(entry: Entry) -> dict[str, Any]:
    claim, found = entry.claim, entry.found
    about = {name: getattr(claim, name) for name in ("id", "project", "text", "differs")}
    numbers: dict[str, Any] = dict.fromkeys(("measured", "low", "high", "n"))
    link = ""
    if found is not None:
        numbers = {"measured": found.value, "low": found.low, "high": found.high, "n": found.n}
        link = claim.measure.link(next(iter(found.values)))
    return {
        **about,
        **numbers,
        "claimed": claim.claimed.words,
        "subjects": len(found.values) if found is not None else 0,
        "status": entry.verdict.status,
        "reason": entry.verdict.reason,
        "measure": measure_of(claim),
        "file": entry.evidence[0]["file"] if entry.evidence else "",
        "link": link,
    }


def measure_of(claim: Claim) -> str:
    """Return the name of a claim's measure."""
    return str(getattr(claim.measure, "name", ""))


def json_of(entries: Sequence[Entry], configuration: str) -> dict[str, Any]:
    """Return what stands beside the table: the rule, definitions, counts, and of each claim all evidence.

    Parameters
    ----------
    entries
        The ledger.
    configuration
        What gathered ledgers call the configuration.
    """
    return {
        "configuration": configuration,
        "rule": RULE,
        "columns": dict(DEFINITIONS),
        "counts": counts(entry.verdict.status for entry in entries),
        "claims": {entry.claim.id: _told(entry) for entry in entries},
    }


def counts(statuses: Any) -> dict[str, int]:  # noqa: ANN401 (any iterable of words)
    """Count the statuses, in their order."""
    number = Counter(statuses)
    return {status: number[status] for status in STATUSES}


def _told(entry: Entry) -> dict[str, Any]:
    claim, found = entry.claim, entry.found
    return {
        **claim.model_dump(mode="json"),
        "status": entry.verdict.status,
        "reason": entry.verdict.reason,
        "value": found.value if found is not None else None,
        "low": found.low if found is not None else None,
        "high": found.high if found is not None else None,
        "n": found.n if found is not None else None,
        "values": dict(found.values) if found is not None else {},
        "note": found.note if found is not None else "",
        "evidence": list(entry.evidence),
    }


def write_ledger(path: str, entries: Sequence[Entry]) -> None:
    """Write the table, whole or not at all."""
    write_table(path, table_of(entries))

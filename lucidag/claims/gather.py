"""Ledgers of several runs and configurations, put together: one row a claim and configuration that measures it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pandas as pd

from lucidag.claims.found import Measured, reach
from lucidag.claims.rule import decide
from lucidag.claims.settings import Claim
from lucidag.ground.errors import InputError
from lucidag.ground.files import read_json
from lucidag.ground.tables import write_table

DEFINITIONS: Mapping[str, str] = {
    "id": "Name of the claim.",
    "project": "The earlier project that makes it.",
    "text": "What it says.",
    "claimed": "The figure with its tolerance, or the limit, that decides.",
    "configuration": "The configuration that measures it; empty where none that was gathered does. A table that others "
    "published is the same in all: `published tables`.",
    "runs": "How many runs of this configuration measure it.",
    "subjects": "How many networks, data sets, studies or files were measured in all of them.",
    "measured": "Mean over all of these.",
    "low": "Least lower end of their intervals; a number without one counts for itself.",
    "high": "Greatest upper end.",
    "seed_sd": "Standard deviation over the networks of a run, mean over runs; empty without two networks.",
    "run_sd": "Standard deviation of the means of runs; empty without two runs.",
    "values": "By run, the number of each network, in the order of their names.",
    "status": "By the rule of `lucidag.claims.rule`.",
    "reason": "Why this status.",
    "differs": "How what is measured differs from the protocol of the claim.",
}
LEDGER = "claims.json"
PUBLISHED = "published tables"


@dataclass(frozen=True)
class Run:
    """What one run says.

    Attributes
    ----------
    name
        What it is called.
    configuration
        Its configuration.
    claims
        By id, the claim.
    found
        By id, what was measured, of the claims that were.
    absent
        By id, why another was not.
    """

    name: str
    configuration: str
    claims: Mapping[str, Claim]
    found: Mapping[str, Measured]
    absent: Mapping[str, str]


def read_run(path: str | Path) -> Run:
    """Read the ledger of a run: a ``claims.json``, or the folder of results in which it lies.

    A figure that is known from a document alone may stand in such a file too: ``claims`` then has, of the claims that
    it is about, ``value``, ``values``, ``low``, ``high``, ``n`` and ``note``, and the file a ``run`` that says whose.

    Raises
    ------
    InputError
        If there is none, or it is something else.
    """
    file = Path(path) / LEDGER if Path(path).is_dir() else Path(path)
    try:
        words = read_json(file)
        entries: dict[str, Any] = words["claims"]
        whole = {name: entry for name, entry in entries.items() if "claimed" in entry}
        claims = {name: Claim.model_validate(_fields(entry)) for name, entry in whole.items()}
        found = {name: _measured(entry) for name, entry in entries.items() if entry["value"] is not None}
        absent = {name: entry["reason"] for name, entry in whole.items() if name not in found}
        return Run(words.get("run") or str(path), words["configuration"], claims, found, absent)
    except FileNotFoundError as error:
        raise InputError(f"{file} does not exist: run the configuration, which makes it") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is no ledger of claims of this version: {type(error).__name__}") from error


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in Claim.model_fields if name in entry}


def _measured(entry: Mapping[str, Any]) -> Measured:
    low, high, n = (entry.get(name) for name in ("low", "high", "n"))
    return Measured(entry["value"], low, high, n, entry["values"], note=entry.get("note", ""))


def gather(runs: Sequence[Run]) -> pd.DataFrame:
    """Put runs together.

    Parameters
    ----------
    runs
        Those of one configuration are repetitions of it, on other machines or with other seeds.

    Returns
    -------
    DataFrame
        `DEFINITIONS`; claims in the order of the first run that has them, of each claim the configuration nearest to
        its protocol first.

    Raises
    ------
    InputError
        If two runs have different claims of one name, or one tells of a claim that no run has.
    """
    claims = _claims_of(runs)
    rows = [row for name, claim in claims.items() for row in _rows(name, claim, runs)]
    return pd.DataFrame(rows, columns=list(DEFINITIONS), dtype=object)


def _claims_of(runs: Iterable[Run]) -> dict[str, Claim]:
    claims: dict[str, Claim] = {}
    for run in runs:
        for name, claim in run.claims.items():
            known = claims.setdefault(name, claim)
            if (known.text, known.claimed, known.lacking) != (claim.text, claim.claimed, claim.lacking):
                raise InputError(f"{run.name}: claim '{name}' is another one than in the runs before; run it again")
    for run in runs:
        for name in run.found:
            if name not in claims:
                raise InputError(f"{run.name}: claim '{name}' is in none of the runs")
    return claims


def _rows(name: str, claim: Claim, runs: Sequence[Run]) -> list[dict[str, Any]]:
    by_configuration: dict[str, list[Run]] = {}
    if claim.measure.subject == "file":  # whatever the configuration is, the table is the same
        told = next((run for run in runs if name in run.found), None)
        if told is not None:
            return [_row(claim, PUBLISHED, {told.name: told.found[name]}, "")]
    for run in runs:
        if name in run.found:
            by_configuration.setdefault(run.configuration, []).append(run)
    order = sorted(by_configuration, key=lambda each: each != claim.configuration)  # stable: the nearest first
    if not order:
        absent = next((run.absent[name] for run in runs if name in run.absent), "")
        return [_row(claim, "", {}, absent)]
    return [_row(claim, each, {run.name: run.found[name] for run in by_configuration[each]}, "") for each in order]


def _row(claim: Claim, configuration: str, found: Mapping[str, Measured], absent: str) -> dict[str, Any]:
    pooled = _pooled(found) if found else None
    verdict = decide(claim.claimed, claim.lacking, pooled, absent)
    within = [stdev(each.values.values()) for each in found.values() if len(each.values) > 1]
    means = [fmean(each.values.values()) for each in found.values()]
    low, high = (None, None) if pooled is None else (pooled.low, pooled.high)
    return {
        **{name: getattr(claim, name) for name in ("id", "project", "text", "differs")},
        "claimed": claim.claimed.words,
        "configuration": configuration,
        "runs": len(found),
        "subjects": len(pooled.values) if pooled is not None else 0,
        "measured": pooled.value if pooled is not None else None,
        "low": low,
        "high": high,
        "seed_sd": fmean(within) if within else None,
        "run_sd": stdev(means) if len(means) > 1 else None,
        "values": "; ".join(_told(name, each) for name, each in found.items()),
        "status": verdict.status,
        "reason": verdict.reason,
    }


def _pooled(found: Mapping[str, Measured]) -> Measured:
    values = {f"{run}/{name}": value for run, each in found.items() for name, value in each.values.items()}
    low, high = reach(list(found.values()))
    counts = [each.n for each in found.values() if each.n is not None]
    note = next((each.note for each in found.values() if each.note), "")
    return Measured(fmean(values.values()), low, high, min(counts, default=None), values, note=note)


def _told(name: str, found: Measured) -> str:
    return f"{name}: " + ", ".join(f"{value:.4g}" for value in found.values.values())


def write_gathered(path: str | Path, runs: Sequence[Run]) -> pd.DataFrame:
    """Gather runs, write the table, whole or not at all, and return it."""
    table = gather(runs)
    write_table(path, table)
    return table

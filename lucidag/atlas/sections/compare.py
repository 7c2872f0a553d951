"""Models side by side: the table of experiments, the factors, and the studies of shortcuts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lucidag.atlas.results import Results
from lucidag.atlas.table import Table, table

ARMS = {"with": "trained with the shortcut", "without": "trained without it", "untrained": "untrained"}


def compare(results: Results, studies: Sequence[str], generalisation: Sequence[str]) -> dict[str, Any]:
    """Return the section; what the configuration did not ask for is not in it."""
    tables: list[dict[str, Any]] = []
    experiments = results.table("experiments.csv")
    if experiments is not None:
        about = results.json("experiments.json")["columns"]
        meanings = {
            name: str(told.get("meaning", told)) if isinstance(told, dict) else str(told)
            for name, told in about.items()
        }
        tables.append({"title": "Models", "table": table(experiments, "experiments.csv", meanings=meanings)})
    factors = results.table("experiments/factors.csv")
    if factors is not None and len(factors):
        tables.append({"title": "What made the difference", "table": table(factors, "experiments/factors.csv")})
    tables += [part for study in studies for part in _study(results, study)]
    for name in generalisation:
        file = f"generalisation/{name}/roles.csv"
        frame = results.table(file)
        assert frame is not None
        tables.append({"title": f"Generalisation: {name}", "table": table(frame, file)})
    return {"tables": tables}


def _study(results: Results, study: str) -> list[dict[str, Any]]:
    summary = results.json(f"shortcuts/{study}/summary.json")
    file, titles = f"shortcuts/{study}/summary.json", summary["titles"]
    return [
        {"title": f"Shortcut study {study}: what pasting and removing do", "table": _changes(summary, file)},
        {"title": f"Shortcut study {study}: relevance on the artefact", "table": _relevance(summary, titles, file)},
    ]


def _changes(summary: Mapping[str, Any], file: str) -> Table:
    rows = [
        {
            "networks": ARMS[arm],
            "artefact": artefact,
            "done": done,
            "change": found["artefact"]["change"]["value"],
            "low": found["artefact"]["change"]["low"],
            "high": found["artefact"]["change"]["high"],
            "control": found["control"]["change"]["value"] if "control" in found else None,
            "images": found["artefact"]["change"]["n"],
        }
        for done, key in (("pasted", "changes"), ("removed", "removal"))
        for arm, artefacts in summary[key].items()
        for artefact, found in artefacts.items()
    ]
    return table(pd.DataFrame(rows), file)


def _relevance(summary: Mapping[str, Any], titles: Mapping[str, str], file: str) -> Table:
    rows = [
        {"networks": ARMS[arm], **row, "method": titles.get(row["method"], row["method"])}
        for arm, found in summary["relevance"].items()
        for row in found
    ]
    columns = ["networks", "artefact", "method", "share", "share_low", "share_high", "area", "excess", "images"]
    return table(pd.DataFrame(rows), file, columns)

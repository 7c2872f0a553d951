"""Data sets: classes, splits, what was left out, and the audit."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from lucidag.atlas.results import Results
from lucidag.atlas.table import table

ASSOCIATIONS = [
    "column",
    "kind",
    "class",
    "value",
    "odds_ratio",
    "odds_ratio_low",
    "odds_ratio_high",
    "cramers_v",
    "p_holm",
]


def data(results: Results, datasets: Sequence[str]) -> dict[str, Any]:
    """Return the section with all data sets."""
    return {"datasets": [_dataset(results, name) for name in datasets]}


def _dataset(results: Results, name: str) -> dict[str, Any]:
    file = f"data/{name}/dataset.json"
    about, audit = results.json(file), results.json(f"artefacts/{name}.json")
    rows = [
        {"class": label, **{split: found.get(label, 0) for split, found in about["counts"].items()}}
        for label in about["classes"]
    ]
    found = {
        "name": name,
        "kind": about["kind"],
        "columns": about.get("columns", []),
        "counts": table(pd.DataFrame(rows), file),
        "notes": [str(note) for note in about.get("notes", [])],
        "irregularities": about.get("irregularities", {}),
    }
    if audit is not None:
        found["sentences"] = audit["sentences"]
        found["audit"] = table(pd.DataFrame(audit["associations"]), f"artefacts/{name}.json", ASSOCIATIONS)
    return found

"""Retrieval of function of a model: its curves, turning points and roles."""

from typing import Any

import pandas as pd

from lucidag.atlas.results import Results
from lucidag.atlas.table import table, values

METRICS = ("accuracy", "loss", "worst_accuracy")
POINTS = ["split", "method", "metric", "n0", "low", "high", "units", "value", "baseline", "degenerate"]
ROLES = ["metric", "role", "units", "share", "low", "high", "null_share", "null_high", "p", "supported", "degenerate"]
MOST_K = 300  # of a curve: a screen has no more places


def function(results: Results, model: str) -> dict[str, Any]:
    """Return the section of a model's retrieval of function."""
    sweep = results.table(f"rof/{model}/sweep.csv")
    points = results.json(f"rof/{model}/turning_points.json")
    assert sweep is not None
    return {
        "model": model,
        "file": f"rof/{model}/sweep.csv",
        "curves": [_curve(rows) for _, rows in sweep.groupby(["split", "method"], sort=False)],
        "confusion": _confusion(results.table(f"rof/{model}/confusion.csv")),
        "points": table(pd.DataFrame(points["turning_points"]), f"rof/{model}/turning_points.json", POINTS),
        "roles": table(pd.DataFrame(points["roles"]), f"rof/{model}/turning_points.json", ROLES),
        "units": int(sweep["k"].max()),
    }


def _confusion(frame: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return how many images of each class were taken for which, classes x classes, at a grid of k."""
    if frame is None or frame.empty:
        return None
    rows = frame[frame["split"] == ("test" if "test" in set(frame["split"]) else frame["split"].iloc[0])]
    classes = list(dict.fromkeys([*rows["true"], *rows["predicted"]]))
    counts = [
        each.pivot_table(index="true", columns="predicted", values="images", fill_value=0)
        .reindex(index=classes, columns=classes, fill_value=0)
        .astype(int)
        .to_numpy()
        .tolist()
        for _, each in rows.groupby("k")
    ]
    return {"k": sorted(int(k) for k in rows["k"].unique()), "classes": classes, "counts": counts}


def _curve(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the mean over random orders, with their least and greatest value, at the k that a screen can show."""
    split, method = str(rows["split"].iloc[0]), str(rows["method"].iloc[0])
    step = max(1, rows["k"].nunique() // MOST_K)
    by_k = rows.groupby("k")
    shown = sorted({*list(by_k.groups)[::step], rows["k"].max()})
    found: dict[str, Any] = {"split": split, "method": method, "k": [int(k) for k in shown]}
    for metric in (name for name in METRICS if name in rows.columns):
        found[metric] = values(by_k[metric].mean()[shown])
        if rows["seed"].nunique() > 1:
            found[f"{metric}_low"] = values(by_k[metric].min()[shown])
            found[f"{metric}_high"] = values(by_k[metric].max()[shown])
    return found

"""Cells about what explanations of a network are worth, and about what artefacts do to it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lucidag.experiments.cells import Cell, Cells, missing
from lucidag.ground.statistics.intervals import estimate, number


def of_localisation(summary: pd.DataFrame) -> Cells:
    """Return how well maps find masks, of ``localisation/{model}-summary.csv``: a cell a method."""
    rows = summary[(summary["prediction"] == "all") & (summary["metric"] == "iou") & (summary["threshold"] == "area")]
    return {f"localisation:{row['method']}": _mean(row) for row in rows.to_dict("records")}


def of_agreement(summary: pd.DataFrame) -> Cells:
    """Return how far maps agree with those of other methods, of ``agreement/{model}-summary.csv``: a cell a method."""
    rows = summary[(summary["measure"] == "iou") & (summary["threshold"] == "area")]
    found: dict[str, list[float]] = {}
    for row in rows.to_dict("records"):
        for method in (row["method_a"], row["method_b"]):
            found.setdefault(str(method), []).extend([] if pd.isna(row["mean"]) else [float(row["mean"])])
    return {
        f"agreement:{method}": Cell(sum(means) / len(means), reason=f"a mean over {len(means)} other methods")
        if means
        else missing("no image has maps to compare")
        for method, means in found.items()
    }


def of_faithfulness(ranking: pd.DataFrame) -> Cells:
    """Return the means of ``faithfulness/{model}-ranking.csv``: a cell a metric and method."""
    return {f"faithfulness:{row['metric']}:{row['method']}": _mean(row) for row in ranking.to_dict("records")}


def of_artefacts(
    study: str, model: str, probabilities: pd.DataFrame, confidence: float, resamples: int, seed: int
) -> Cells:
    """Return what artefacts do to a network, of ``shortcuts/{study}/probabilities.csv``: a cell an artefact.

    Parameters
    ----------
    study, model
        Their names.
    probabilities
        The table, of all networks of the study.
    confidence, resamples, seed
        Of the interval over images.
    """
    rows = probabilities[probabilities["model"] == model]
    cells: Cells = {}
    for artefact, part in rows.groupby("artefact", sort=False):
        found = estimate(part["after"] - part["control"], confidence, resamples, seed, (-1.0, 1.0))
        cells[f"artefact:{study}:{artefact}"] = _mean(vars(found))
    return cells


def _mean(found: Mapping[Any, Any]) -> Cell:
    if pd.isna(found["mean"]):
        return missing(found["reason"] or "no image has a value")
    low, high = (number(float(found[end])) for end in ("low", "high"))
    return Cell(float(found["mean"]), low, high, str(found["reason"]))

"""The summary of all layers of one model: its labels counted, and what is known of how good they are. No torch."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lucidag.units.compare.summary import summary
from lucidag.units.labels.names import CLIP_DISSECT, NETDISSECT
from lucidag.units.passes.overlaps import Overlaps, ceilings
from lucidag.units.passes.statistics import Statistics


def thresholds_of(layers: Mapping[str, Mapping[str, Any]], min_iou: float) -> dict[str, float]:
    """Give what a label must reach to count, by method.

    Parameters
    ----------
    layers
        By layer, what `lucidag.units.labels.label.label_layer` tells of its labels: of CLIP-Dissect the greatest
        strength by
        chance of all layers is taken.
    min_iou
        Of Network Dissection.
    """
    chance = [about[CLIP_DISSECT]["chance_strength"] for about in layers.values() if CLIP_DISSECT in about]
    return {CLIP_DISSECT: float(max(chance, default=0.0)), NETDISSECT: min_iou}


def whole_summary(
    table: pd.DataFrame,
    layers: Mapping[str, Mapping[str, Any]],
    statistics: Statistics,
    overlaps: Overlaps | None,
    thresholds: Mapping[str, float],
    min_units_per_concept: int,
    confidence: float,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Summarise what the units of a model detect.

    Parameters
    ----------
    table
        The labels of all layers (see `lucidag.units.labels.tables.read_layers`).
    layers
        By layer, what is known of its labels.
    statistics, overlaps
        What the passes over the probe set gave.
    thresholds, min_units_per_concept, confidence, resamples, seed
        See `lucidag.units.compare.summary.summary`.

    Returns
    -------
    dict
        That of `lucidag.units.compare.summary.summary`; ``probe`` (``images``, ``pooling``, ``quantile``,
        ``looked_at``: the
        share of positions that thresholds come from, by layer); ``labels`` by layer and method (similarity, chance
        score, quality where the classes are the answer, ``graded`` by the pixels); and ``ceilings``: the greatest IoU
        that a unit can about reach with each concept, by category.
    """
    found = summary(table, thresholds, min_units_per_concept, confidence, resamples, seed)
    limits = {} if overlaps is None else ceilings(overlaps)
    return found | {
        "probe": {
            "images": len(statistics.images),
            "pooling": statistics.pooling,
            "quantile": statistics.quantile,
            "looked_at": dict(statistics.looked_at),
        },
        "labels": dict(layers),
        "ceilings": {
            category: dict(zip(overlaps.concepts[category], map(float, values), strict=True))
            for category, values in limits.items()
            if overlaps is not None
        },
    }

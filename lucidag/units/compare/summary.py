"""What a model's units detect: each method overall and by layer, how far they agree, how good labels are. No torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.ground.statistics.intervals import share
from lucidag.units.labels.counts import labelled, labelled_rows, measures, second_counts, verdict_counts
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import NETDISSECT, plain_name
from lucidag.units.passes.overlaps import Overlaps, ceilings
from lucidag.units.passes.unit_statistics import Statistics
from lucidag.units.settings import Counting

CURE = "more images in the probe set, or other concepts, may confirm some"
CURES = {NETDISSECT: "more images, or label maps of other concepts, may confirm some"}


def summary(table: pd.DataFrame, asked: Counting) -> dict[str, Any]:
    """Summarise the labelled units of one model.

    Parameters
    ----------
    table
        See `lucidag.units.labels.unit_tables.read_layers`.
    asked
        See `lucidag.units.labels.counts.measures`.

    Returns
    -------
    dict
        ``layers`` (in the order of the table), ``units``, ``confidence``, ``methods`` and ``agreement``. A method has
        two blocks: ``all`` counts every label, ``confirmed`` those that the verdict says are to be believed; each with
        ``overall`` and ``layers`` by name (see `lucidag.units.labels.counts.measures`); and ``verdicts`` with the same
        two (see `lucidag.units.labels.counts.verdict_counts`); and ``seconds``, the units that answer to a second
        concept (see `lucidag.units.labels.counts.second_counts`). ``agreement`` is that of the first two methods (see
        `agreement`), or None where there is one.
    """
    layers = [str(layer) for layer in table["layer"].unique()]
    found: dict[str, Any] = {}
    for method in methods_of(table):
        rows = table[table["method"] == method]
        parts = {layer: rows[rows["layer"] == layer] for layer in layers}
        found[method] = {
            name: {
                "overall": measures(rows, confirmed, asked),
                "layers": {layer: measures(part, confirmed, asked) for layer, part in parts.items()},
            }
            for name, confirmed in (("all", False), ("confirmed", True))
        }
        for name, counted in (("verdicts", verdict_counts), ("seconds", second_counts)):
            found[method][name] = {
                "overall": counted(rows, asked.confidence),
                "layers": {layer: counted(part, asked.confidence) for layer, part in parts.items()},
            }
    return {
        "layers": layers,
        "units": len(table[["layer", "unit"]].drop_duplicates()),
        "confidence": asked.confidence,
        "methods": found,
        "agreement": agreement(table, asked.confidence) if len(found) > 1 else None,
    }


def whole_summary(
    table: pd.DataFrame,
    layers: Mapping[str, Mapping[str, Any]],
    statistics: Statistics,
    overlaps: Overlaps | None,
    asked: Counting,
    untrained: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Summarise what the units of a model detect.

    Parameters
    ----------
    table
        The labels of all layers (see `lucidag.units.labels.unit_tables.read_layers`).
    layers
        By layer, what is known of its labels.
    statistics, overlaps
        What the passes over the probe set gave.
    asked
        See `summary`.
    untrained
        The labels of all layers of an untrained network.

    Returns
    -------
    dict
        That of `summary`, each method with ``untrained`` (see `untrained_shares`), also in its ``seconds``, where
        there is such a network;
        ``probe`` (``images``, ``pooling``, ``quantile``, ``looked_at``: the share of positions that thresholds come
        from, by layer); ``labels`` by layer and method (similarity, chance score, quality where the classes are the
        answer, ``graded`` by the pixels); and ``ceilings``: the greatest IoU that a unit can about reach with each
        concept, by category.
    """
    found = summary(table, asked)
    if untrained is not None:
        for method, about in found["methods"].items():
            twin = untrained[untrained["method"] == method]
            about["untrained"] = untrained_shares(twin, found["layers"], asked.confidence)
            about["seconds"]["untrained"] = _seconds(twin, found["layers"], asked.confidence)
    limits = {} if overlaps is None else ceilings(overlaps)
    names = {} if overlaps is None else overlaps.concepts
    return found | {
        "probe": {"images": len(statistics.images)}
        | {name: getattr(statistics, name) for name in ("pooling", "quantile", "looked_at")},
        "labels": dict(layers),
        "ceilings": {key: dict(zip(names[key], limit.tolist(), strict=True)) for key, limit in limits.items()},
    }


def untrained_shares(untrained: pd.DataFrame, layers: Sequence[str], confidence: float) -> dict[str, Any]:
    """Count the labels of an untrained network that are confirmed.

    Parameters
    ----------
    untrained
        The labels of a model's twin, of all layers, by one method.
    layers
        Their names.
    confidence
        Of Wilson's intervals over units.

    Returns
    -------
    dict
        ``overall`` and ``layers`` by name (value, low, high, n: the share of the twin's units whose label is
        confirmed). The last point of the rule lets no more than 1 − ``chance_level`` of them through, by construction.
    """

    def counted(rows: pd.DataFrame) -> dict[str, Any]:
        return share(int(labelled(rows).sum()), len(rows), confidence)

    parts = {name: counted(untrained[untrained["layer"] == name]) for name in layers}
    return {"overall": counted(untrained), "layers": parts}


def _seconds(untrained: pd.DataFrame, layers: Sequence[str], confidence: float) -> dict[str, Any]:
    """Count the second concepts of an untrained network that are confirmed, as `untrained_shares`."""
    parts = {name: second_counts(untrained[untrained["layer"] == name], confidence) for name in layers}
    every = second_counts(untrained, confidence)
    return {"overall": every["confirmed"], "layers": {name: own["confirmed"] for name, own in parts.items()}}


def unlabelled(found: Mapping[str, Any]) -> list[str]:
    """Say by which methods no label of a model is confirmed, and what helps; see `summary`."""
    said = []
    for method, about in found["methods"].items():
        layers = about["confirmed"]["layers"].values()
        if not any(layer["labelled"]["value"] for layer in layers):
            units = sum(layer["units"] for layer in layers)
            said.append(f"none of the {units} units has a confirmed label by {method}: {CURES.get(method, CURE)}")
    return said


def agreement(table: pd.DataFrame, confidence: float) -> dict[str, Any]:
    """Tell how often two methods give the same unit the same label.

    Names are compared without regard to case, and ``_`` and ``-`` count as spaces; `wheel` and `wheels` are two
    concepts. Words that no category is known for can agree exactly only.

    Parameters
    ----------
    table, confidence
        See `summary`; exactly the first two methods are compared.

    Returns
    -------
    dict
        ``methods`` and, in ``overall`` and in ``layers`` by name: ``units`` whose labels by both
        are confirmed, ``exact`` and ``category`` (value, low, high, n, ``expected``: the share if the labels of the one
        method were dealt out to the units at random, ``kappa``: Cohen's, 1 for full agreement, 0 for that of
        chance). ``category`` is over the units where both categories are known.
    """
    one, other = methods_of(table)[:2]
    kept = [labelled_rows(table, method) for method in (one, other)]
    both = kept[0].merge(kept[1], on=["layer", "unit"], suffixes=("_a", "_b"))
    layers = {str(layer): both[both["layer"] == layer] for layer in table["layer"].unique()}
    return {
        "methods": [one, other],
        "overall": _agreement(both, confidence),
        "layers": {layer: _agreement(part, confidence) for layer, part in layers.items()},
    }


def circular_columns(summaries: Sequence[Mapping[str, Any]], method: str) -> tuple[str, ...]:
    """Return the columns that tell the class and by which a method labels units of one of several models."""
    layers = [about for summary in summaries for about in summary.get("labels", {}).values()]
    return tuple(dict.fromkeys(column for about in layers for column in about.get(method, {}).get("circular", ())))


def _agreement(both: pd.DataFrame, confidence: float) -> dict[str, Any]:
    known = both[(both["category_a"] != "") & (both["category_b"] != "")]
    return {
        "units": len(both),
        "exact": _same(both["concept_a"].map(plain_name), both["concept_b"].map(plain_name), confidence),
        "category": _same(known["category_a"], known["category_b"], confidence),
    }


def _same(a: pd.Series, b: pd.Series, confidence: float) -> dict[str, Any]:
    found = share(int((a == b).sum()), len(a), confidence)
    if not len(a):
        return {**found, "expected": None, "kappa": None}
    shares_a, shares_b = a.value_counts(normalize=True), b.value_counts(normalize=True)
    expected = float(sum(shares_a[name] * shares_b[name] for name in shares_a.index.intersection(shares_b.index)))
    same = found["value"]
    kappa = None if np.isclose(expected, 1) else (same - expected) / (1 - expected)
    return {**found, "expected": expected, "kappa": kappa}

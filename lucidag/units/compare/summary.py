"""What a model's units detect: each method overall and by layer, how far they agree, how good labels are. No torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.intervals import share
from lucidag.units.labels.chance import untrained_chance
from lucidag.units.labels.counts import labelled, labelled_rows, measures
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import NETDISSECT, SIMILAR, plain_name
from lucidag.units.passes.overlaps import Overlaps, ceilings
from lucidag.units.passes.unit_statistics import Statistics
from lucidag.units.settings import Counting


def summary(table: pd.DataFrame, thresholds: Mapping[str, float], asked: Counting) -> dict[str, Any]:
    """Summarise the labelled units of one model.

    Parameters
    ----------
    table
        See `lucidag.units.labels.unit_tables.read_layers`.
    thresholds
        By method: what a label must reach to count, such as the IoU of .04 that makes a detector (see
        `lucidag.units.labels.counts.measure`).
    asked
        See `lucidag.units.labels.counts.measures`.

    Returns
    -------
    dict
        ``layers`` (in the order of the table), ``units``, ``confidence``, ``methods`` and ``agreement``. A method has
        its ``threshold`` and two blocks: ``all`` counts every label whatever its score, ``above`` those at or above
        the threshold; each with ``overall`` and ``layers`` by name (see `lucidag.units.labels.counts.measures`).
        ``agreement`` is that of the first two methods (see `agreement`), or None where there is one.

    Raises
    ------
    InputError
        If a method has no threshold.
    """
    layers = [str(layer) for layer in table["layer"].unique()]
    found: dict[str, Any] = {}
    for method in methods_of(table):
        threshold = threshold_of(thresholds, method)
        rows = table[table["method"] == method]
        found[method] = {"threshold": threshold}
        for name, least in (("all", None), ("above", threshold)):
            found[method][name] = {
                "overall": measures(rows, least, asked),
                "layers": {layer: measures(rows[rows["layer"] == layer], least, asked) for layer in layers},
            }
    return {
        "layers": layers,
        "units": len(table[["layer", "unit"]].drop_duplicates()),
        "confidence": asked.confidence,
        "methods": found,
        "agreement": agreement(table, thresholds, asked.confidence) if len(found) > 1 else None,
    }


def whole_summary(
    table: pd.DataFrame,
    layers: Mapping[str, Mapping[str, Any]],
    statistics: Statistics,
    overlaps: Overlaps | None,
    thresholds: Mapping[str, float],
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
    thresholds, asked
        See `summary`.
    untrained
        The labels of all layers of an untrained network.

    Returns
    -------
    dict
        That of `summary`, each method with ``untrained`` (see `untrained_shares`) where there is such a network;
        ``probe`` (``images``, ``pooling``, ``quantile``, ``looked_at``: the share of positions that thresholds come
        from, by layer); ``labels`` by layer and method (similarity, chance score, quality where the classes are the
        answer, ``graded`` by the pixels); and ``ceilings``: the greatest IoU that a unit can about reach with each
        concept, by category.
    """
    found = summary(table, thresholds, asked)
    if untrained is not None:
        least = image_thresholds(layers)
        for method, about in found["methods"].items():
            own, twin = (each[each["method"] == method] for each in (table, untrained))
            at = about["threshold"], least.get(method)
            about["untrained"] = untrained_shares(own, twin, *at, asked.confidence)
    limits = {} if overlaps is None else ceilings(overlaps)
    names = {} if overlaps is None else overlaps.concepts
    return found | {
        "probe": {"images": len(statistics.images)}
        | {name: getattr(statistics, name) for name in ("pooling", "quantile", "looked_at")},
        "labels": dict(layers),
        "ceilings": {key: dict(zip(names[key], limit.tolist(), strict=True)) for key, limit in limits.items()},
    }


def untrained_shares(
    rows: pd.DataFrame, untrained: pd.DataFrame, threshold: float, images: float | None, confidence: float
) -> dict[str, Any]:
    """Count the labels of an untrained network that would count.

    Parameters
    ----------
    rows, untrained
        The labels of a model and of its twin, of all layers, by one method.
    threshold
        What a label must reach.
    images
        What it must reach to be above randomly drawn images; None where the method does not compare with these.
    confidence
        Of Wilson's intervals over units.

    Returns
    -------
    dict
        ``overall`` and ``layers`` by name (value, low, high, n: the share of the twin's units whose label counts). A
        threshold by similarity comes from these very units, so that it is 1 − ``chance_level`` over all layers by
        construction. ``images``: the ``threshold`` of randomly drawn images alone, and by layer what it lets through,
        of the model (``labelled``) and of the twin (``untrained``); None where there is none.
    """
    names = [str(layer) for layer in rows["layer"].unique()]

    def counted(table: pd.DataFrame, least: float) -> dict[str, Any]:
        parts = {name: table[table["layer"] == name] for name in names}
        return {name: share(int(labelled(part, least).sum()), len(part), confidence) for name, part in parts.items()}

    by_images = None
    if images is not None:
        both = {"labelled": counted(rows, images), "untrained": counted(untrained, images)}
        by_images = {"threshold": images, "layers": {name: {k: v[name] for k, v in both.items()} for name in names}}
    overall = share(int(labelled(untrained, threshold).sum()), len(untrained), confidence)
    return {"overall": overall, "layers": counted(untrained, threshold), "images": by_images}


def unlabelled(found: Mapping[str, Any]) -> list[str]:
    """Say by which methods no unit of a model gets a label that counts, and what helps; see `summary`."""
    cures = {NETDISSECT: "a lower `netdissect.min_iou`, or label maps of other concepts, may label some"}
    cure = "more images in the probe set, other concepts, or a lower `clip_dissect.chance_level` may label some"
    said = []
    for method, about in found["methods"].items():
        layers = about["above"]["layers"].values()
        if not any(layer["labelled"]["value"] for layer in layers):
            units = sum(layer["units"] for layer in layers)
            said.append(f"none of the {units} units gets a label by {method} that counts: {cures.get(method, cure)}")
    return said


def agreement(table: pd.DataFrame, thresholds: Mapping[str, float], confidence: float) -> dict[str, Any]:
    """Tell how often two methods give the same unit the same label.

    Names are compared without regard to case, and ``_`` and ``-`` count as spaces; `wheel` and `wheels` are two
    concepts. Words that no category is known for can agree exactly only.

    Parameters
    ----------
    table, thresholds, confidence
        See `summary`; exactly the first two methods are compared.

    Returns
    -------
    dict
        ``methods`` and, in ``overall`` and in ``layers`` by name: ``units`` that both methods label at their
        thresholds, ``exact`` and ``category`` (value, low, high, n, ``expected``: the share if the labels of the one
        method were dealt out to the units at random, ``kappa``: Cohen's, 1 for full agreement, 0 for that of
        chance). ``category`` is over the units where both categories are known.
    """
    one, other = methods_of(table)[:2]
    kept = [labelled_rows(table, method, threshold_of(thresholds, method)) for method in (one, other)]
    both = kept[0].merge(kept[1], on=["layer", "unit"], suffixes=("_a", "_b"))
    layers = {str(layer): both[both["layer"] == layer] for layer in table["layer"].unique()}
    return {
        "methods": [one, other],
        "overall": _agreement(both, confidence),
        "layers": {layer: _agreement(part, confidence) for layer, part in layers.items()},
    }


def image_thresholds(layers: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Give what labels by similarity must reach to be above randomly drawn images: the greatest of all layers."""
    chance = {
        method: [float(about[method]["chance_strength"]) for about in layers.values() if method in about]
        for method in SIMILAR
    }
    return {method: max(found) for method, found in chance.items() if found}


def thresholds_of(
    layers: Mapping[str, Mapping[str, Any]], min_iou: float, untrained: pd.DataFrame | None = None
) -> dict[str, float]:
    """Give what a label must reach to count, by method.

    Parameters
    ----------
    layers
        By layer, what `lucidag.units.labels.layer.label_layer` tells of its labels: those by similarity must be
        above randomly drawn images (see `image_thresholds`),
    min_iou
        Of Network Dissection.
    untrained
        and above the labels of all layers of an untrained network, where there is one (see
        `lucidag.units.labels.chance.untrained_chance`).
    """
    found = image_thresholds(layers)
    if untrained is not None:
        for method in found:
            level = next(float(about[method]["chance_level"]) for about in layers.values() if method in about)
            values = untrained["strength"][untrained["method"] == method].to_numpy(dtype=np.float64)
            found[method] = max(found[method], untrained_chance(values, level))
    return found | {NETDISSECT: min_iou}


def threshold_of(thresholds: Mapping[str, float], method: str) -> float:
    """Return the threshold of a method.

    Raises
    ------
    InputError
        If there is none.
    """
    if method not in thresholds:
        raise InputError(f"method '{method}' has no threshold; given are: {', '.join(thresholds) or 'none'}")
    return float(thresholds[method])


def thresholds_in(summary: Mapping[str, Any]) -> dict[str, float]:
    """Return the threshold of each method of a summary."""
    return {method: float(found["threshold"]) for method, found in summary["methods"].items()}


def common_thresholds(summaries: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return thresholds that serve several models alike: of each method the greatest."""
    found: dict[str, float] = {}
    for summary in summaries:
        for method, threshold in thresholds_in(summary).items():
            found[method] = max(threshold, found.get(method, threshold))
    return found


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

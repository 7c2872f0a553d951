"""The labels of the units of one layer by both methods, and how far to trust them. No torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lucidag.units.evidence import Evidence
from lucidag.units.labels.chance import strengths
from lucidag.units.labels.detectors import label_units
from lucidag.units.labels.quality import graded, label_quality, own_iou, true_columns
from lucidag.units.labels.similarity import WHOLE, Floats, best_concepts, constant_units, describe_layer
from lucidag.units.labels.unit_tables import COLUMNS
from lucidag.units.names import NETDISSECT, NONE
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.passes.unit_statistics import LayerStatistics
from lucidag.units.settings import Describing, Labelling

# The best concepts of a unit that a table holds: its label and the next ones.
PLACES = ("concept", "next_concept", "third_concept", "fourth_concept", "fifth_concept")


def clip_labels(
    units: LayerStatistics,
    activations: Floats,
    evidence: Evidence,
    asked: Describing,
    classes: Sequence[str] | None,
    confidence: float,
    threads: int = 1,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Label the units of a layer by the concepts that their top images have in common.

    Parameters
    ----------
    units, activations
        The layer's statistics, and its pooled activations N x U.
    evidence
        Images and concepts.
    asked
        The evidence, which gives the method its name, the similarity, and level and seed of the control (see
        `lucidag.units.labels.chance.strengths`).
    classes
        The class of each unit, where the layer gives one number per class; the labels are graded by it.
    confidence
        Of the intervals of these grades.
    threads
        How to compute.

    Returns
    -------
    labels, about
        One row a unit (see `lucidag.units.labels.unit_tables`) with its ``strength``, what units with randomly drawn
        images reach at ``chance_level`` (``strength_random``; see `lucidag.units.labels.chance.strengths`) and the next
        best concepts; and ``similarity``, ``concepts`` (their number), ``constant`` (units without a label as they
        never change), ``chance_level``, ``quality`` (see `lucidag.units.labels.quality.label_quality`, or None).
    """
    constant = constant_units(activations)
    own = activations if asked.similarity in WHOLE else None
    work = (asked.similarity, evidence.images, evidence.texts, units.top, own)
    alone, every = describe_layer(*work, constant, threads)
    best, scores = best_concepts(every, len(PLACES))
    strength, chance = strengths(*work, alone, best[:, 0], asked.chance_level, asked.seed, threads)
    names = np.array([*evidence.concepts, NONE], dtype=object)  # -1 is the last
    categories = np.array([*evidence.categories, ""], dtype=object)
    columns: dict[str, Any] = {
        "method": asked.method,
        "unit": np.arange(len(constant)),
        "concept": names[best[:, 0]],
        "category": categories[best[:, 0]],
        "score": scores[:, 0],
        "strength": strength,
        "strength_random": np.where(np.isnan(strength), np.nan, chance),
    }
    columns |= {place: names[found] for place, found in zip(PLACES[1:], best.T[1:], strict=False)}
    quality = None
    if classes is not None:
        quality = label_quality(every, true_columns(classes, evidence.concepts).tolist(), confidence)
    about = {
        "similarity": asked.similarity,
        "concepts": len(evidence.concepts),
        "constant": int(constant.sum()),
        "chance_level": asked.chance_level,
        "quality": quality,
    }
    return pd.DataFrame(columns), about


def label_layer(
    clip: tuple[pd.DataFrame, dict[str, Any]] | None,
    overlaps: Overlaps | None,
    layer: str,
    asked: Labelling,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put the labels of a layer by all methods in one table.

    Parameters
    ----------
    clip
        What `clip_labels` gives, or None.
    overlaps
        The pixels, where there are label maps and the layer has maps; else None.
    layer
        Its name.
    asked
        The IoU of a detector; of the grades by pixels the intervals, and the seed, which is that of the
        labels by similarity.

    Returns
    -------
    table, about
        One row a method and unit, with ``own_iou`` of the labels by similarity where pixels tell; and by method what is
        known of the labels: that of `clip_labels`, with ``graded``.
    """
    parts, about = [], {}
    if clip is not None and asked.clip_dissect is not None:
        labels, known = clip
        if overlaps is not None:
            seed = asked.clip_dissect.seed
            labels = labels.assign(own_iou=own_iou(labels, overlaps, layer))
            known = known | {"graded": graded(labels, overlaps, layer, asked.confidence, asked.resamples, seed)}
        parts.append(labels)
        about[asked.clip_dissect.method] = known
    if overlaps is not None and asked.netdissect is not None:
        parts.append(label_units(overlaps, layer, asked.netdissect.min_iou))
        about[NETDISSECT] = {"min_iou": asked.netdissect.min_iou}
    return _together(parts), about


def untrained_labels(
    clip: tuple[pd.DataFrame, dict[str, Any]] | None, overlaps: Overlaps | None, layer: str, asked: Labelling
) -> pd.DataFrame:
    """Put the labels of a layer of an untrained network in one table, ungraded; see `label_layer`."""
    parts = [] if clip is None else [clip[0]]
    if overlaps is not None and asked.netdissect is not None:
        parts.append(label_units(overlaps, layer, asked.netdissect.min_iou))
    return _together(parts)


def _together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    # A layer without maps, where no words are asked for, has no labels at all.
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({column: [] for column in COLUMNS})

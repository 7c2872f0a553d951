"""Whether half of the images gives a unit the label that all give it. No torch."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.units.evidence import Evidence
from lucidag.units.labels.held_out import Bools, Floats
from lucidag.units.labels.similarity import WHOLE, constant_units, describe_layer
from lucidag.units.labels.truth import Keys, keys
from lucidag.units.labels.verdict import CANDIDATES
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.settings import Describing


def similar_again(
    labels: pd.DataFrame,
    activations: NDArray[np.floating],
    evidence: Evidence,
    asked: Describing,
    chosen: Bools,
    top: int,
) -> tuple[Bools, int]:
    """Tell whether the choosing half gives the same label, by CLIP-Dissect or annotations.

    Parameters
    ----------
    labels
        Of U units in their order.
    activations
        N x U.
    evidence, asked
        See `lucidag.units.labels.layer.clip_labels`.
    chosen
        The choosing half.
    top
        How many of all images describe a unit; of the choosing half as large a share does.

    Returns
    -------
    again, candidates
        bool U; and how many concepts of each unit are its best.
    """
    if not chosen.any():
        return np.zeros(len(labels), dtype=np.bool_), 1
    own = np.asarray(activations[chosen])
    count = max(1, -(-top * len(own) // len(activations)))
    first = np.argsort(-own, axis=0, kind="stable")[:count].T
    given = own if asked.similarity in WHOLE else None
    scores = describe_layer(
        asked.similarity, np.asarray(evidence.images[chosen]), evidence.texts, first, given, constant_units(own)
    )[1]
    names = keys(evidence.concepts, evidence.categories)
    return _among_best(scores, names, keys(labels["concept"], labels["category"]), _least_score)


def pixels_again(labels: pd.DataFrame, overlaps: Overlaps, layer: str) -> tuple[Bools, int]:
    """Tell whether the choosing half gives the same label, by Network Dissection; see `similar_again`."""
    names = [(name, category) for category, concepts in overlaps.concepts.items() for name in concepts]
    iou = np.concatenate([overlaps.half_iou(layer, category) for category in overlaps.concepts], axis=1)
    plain = keys(*zip(*names, strict=True))
    return _among_best(iou, plain, keys(labels["concept"], labels["category"]), _no_overlap)


def _among_best(scores: Floats, names: Keys, labels: Keys, nothing: Callable[[Floats], Floats]) -> tuple[Bools, int]:
    count = min(CANDIDATES, scores.shape[1])
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    told = np.take_along_axis(scores, best, axis=1) > nothing(scores)[:, None]
    again = [any(names[at] == label for at in row[known]) for row, known, label in zip(best, told, labels, strict=True)]
    return np.array(again, dtype=np.bool_), count


def _least_score(scores: Floats) -> Floats:
    # A unit that is constant in this half has no scores: nothing is greater than NaN.
    return np.where(np.isnan(scores).any(axis=1), np.nan, -np.inf)


def _no_overlap(scores: Floats) -> Floats:
    return np.zeros(len(scores))

"""Units labelled by Network Dissection: the concept that the region of each covers best."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.units.names import NETDISSECT, NONE
from lucidag.units.passes.overlaps import Overlaps


def label_units(overlaps: Overlaps, layer: str, min_iou: float) -> pd.DataFrame:
    """Label each unit with the concept of the greatest IoU.

    Parameters
    ----------
    overlaps, layer
        The counts, and which units.
    min_iou
        The IoU that makes a unit a detector (Bau et al. 2017, section 3.2: .04).

    Returns
    -------
    DataFrame
        method, unit, concept, category, score (the IoU); detector; then for each category ``{category}_concept`` and
        ``{category}_iou``, the best in it. Among equals the first counts. A unit that overlaps with nothing has
        concept ``none``, no category and score 0.
    """
    best = {category: _best(overlaps, layer, category) for category in overlaps.concepts}
    scores = np.stack([score for _, score in best.values()])
    winner = scores.argmax(axis=0)
    score = scores.max(axis=0)
    names = np.stack([concept for concept, _ in best.values()])
    columns = {
        "method": NETDISSECT,
        "unit": np.arange(len(score)),
        "concept": names[winner, np.arange(len(score))],
        "category": np.where(score > 0, np.array(list(best), dtype=object)[winner], ""),
        "score": score,
        "detector": score >= min_iou,
    }
    for category, (concept, own) in best.items():
        columns |= {f"{category}_concept": concept, f"{category}_iou": own}
    return pd.DataFrame(columns)


def _best(overlaps: Overlaps, layer: str, category: str) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Give the best concept of a category and its IoU, for each unit."""
    iou = overlaps.iou(layer, category)
    score: NDArray[np.float64] = iou.max(axis=1)
    names = np.array(overlaps.concepts[category], dtype=object)[iou.argmax(axis=1)]
    return np.where(score > 0, names, NONE), score

"""Units labelled by Network Dissection: the concept that the region of each covers best."""

import numpy as np
import pandas as pd

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
    best = {}
    for category, concepts in overlaps.concepts.items():
        iou = overlaps.iou(layer, category)
        own, found = iou.max(axis=1), np.array(concepts, dtype=object)[iou.argmax(axis=1)]
        best[category] = np.where(own > 0, found, NONE), own
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

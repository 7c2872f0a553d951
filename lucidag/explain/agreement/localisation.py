"""Explanations graded by masks of the truth, compared with two baselines that know nothing of the image."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from lucidag.explain.agreement.agreement import AREA
from lucidag.explain.agreement.baselines import CENTRE, RANDOM, centre, random
from lucidag.explain.agreement.images import check
from lucidag.explain.agreement.masks import evidence, iou, own_mask, top_area
from lucidag.explain.agreement.predictions import prediction_of
from lucidag.explain.store import Explained
from lucidag.ground.progress import track
from lucidag.ground.statistics.ranks import tie_seed

LOCALISATION_COLUMNS = ("image", "prediction", "method", "metric", "threshold", "value")
IOU, POINTING, MASS, RANK = "iou", "pointing_game", "mass_accuracy", "rank_accuracy"

Grades = dict[tuple[str, str], float]  # (metric, threshold) to value


def localisation_table(
    frames: Sequence[Explained], thresholds: Sequence[float], seed: int, draws: int = 20
) -> pd.DataFrame:
    """Grade each method on each image that has a mask, and the baselines ``centre`` and ``random``.

    Parameters
    ----------
    frames
        Those without a mask are left out.
    thresholds
        A graded map marks the pixels above it.
    seed
        Of the order among equal pixels and of the random baseline.
    draws
        Maps of the baseline ``random``; its grades are the means over them.

    Returns
    -------
    DataFrame
        image, prediction (``right`` where the explained class is the image's own, else ``wrong``: then the mask shows
        what the map is not about), method, metric (``iou``, ``pointing_game``, ``mass_accuracy``, ``rank_accuracy``),
        threshold (the number as text, the word ``area``, empty for what has none), value (NaN where undefined, see
        `grade`).

    Raises
    ------
    InputError
        If a map or mask does not fit its frame, or a map holds NaN or infinity.
    """
    rows: list[tuple[str, str, str, str, str, float]] = []
    for explained in track([each for each in frames if each.mask is not None], "grading by masks"):
        check(explained, explained.frame.shape[1:])
        mask, size = np.asarray(explained.mask), explained.frame.shape[1]
        candidates = {name: [values] for name, values in explained.maps.items()}
        candidates |= {CENTRE: [centre(size)], RANDOM: random(size, seed, explained.image, draws)}
        for method, maps in candidates.items():
            kind = explained.kind(method)
            ties = tie_seed(seed, explained.image, method)
            each = [
                grade(own, mask, {f"{at:g}": own_mask(own, kind, at) for at in thresholds}, [*ties, draw])
                for draw, own in enumerate(evidence(each, kind) for each in maps)
            ]
            names = (explained.image, prediction_of(explained), method)
            rows += [(*names, *key, float(np.mean([one[key] for one in each]))) for key in each[0]]
    return pd.DataFrame(rows, columns=list(LOCALISATION_COLUMNS))


def grade(
    values: NDArray[np.floating],
    mask: NDArray[np.bool_],
    marked: Mapping[str, NDArray[np.bool_]],
    seed: int | list[int],
    tolerance: float = 0.0,
) -> Grades:
    """Grade one map by one mask.

    Parameters
    ----------
    values
        S x S; negative values, which speak against the class, count as 0.
    mask
        S x S: where the truth is.
    marked
        The masks that the map gives, by threshold.
    seed
        Of the order among equal pixels, where the map is cut to the area of the mask.
    tolerance
        Pixels around the mask that the pointing game still counts as hit.

    Returns
    -------
    dict
        By metric and threshold; all NaN for a map without a positive value and for a mask of nothing (cropped away) or
        of the whole frame:

        ``iou``
            of each of `marked` with the mask; at ``area`` of the map's highest pixels, as many as the mask has.
        ``pointing_game``
            the share of the map's maximal pixels that lie in the mask. Zhang et al., *Top-down neural attention by
            excitation backprop* (IJCV 2018), take one maximal point, allow 15 pixels of tolerance and average by
            class; here a plateau counts by its share, and the tolerance is 0 unless given.
        ``mass_accuracy``, ``rank_accuracy``
            the share of the positive values that lies in the mask; the share of the highest pixels, as many as the mask
            has, that lie in it: Arras, Osman, Samek, *CLEVR-XAI* (Information Fusion 2022).
    """
    keys = [*((IOU, threshold) for threshold in marked), (IOU, AREA), (POINTING, ""), (MASS, ""), (RANK, "")]
    positive = np.maximum(np.asarray(values, dtype=np.float64), 0)
    if not positive.any() or not mask.any() or mask.all():
        return dict.fromkeys(keys, float("nan"))
    pixels = int(np.count_nonzero(mask))
    highest = top_area(positive, pixels, seed)
    near = distance_transform_edt(~mask) <= tolerance if tolerance > 0 else mask
    found = [
        *(iou(each, mask) for each in marked.values()),
        iou(highest, mask),
        float(near[positive == positive.max()].mean()),
        float(positive[mask].sum() / positive.sum()),
        float(np.count_nonzero(highest & mask) / pixels),
    ]
    return dict(zip(keys, found, strict=True))

"""The area under a ROC curve with its interval, over images or over patients."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from lucidag.ground.statistics.draws import check_confidence
from lucidag.ground.statistics.ranks import mean_ranks

FEWEST = 5  # ids, or images, with and without


def area_interval(
    score: NDArray[np.float64], positive: NDArray[np.bool_], owner: NDArray[np.int64] | None, confidence: float
) -> dict[str, Any]:
    """Give the chance that an image with what is looked for scores higher than one without, and its interval.

    The variance is that of DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44): each image has a share in the area,
    the part of the images of the other side that it is rightly ordered with. Of ids with several images the shares are
    added up first (Obuchowski 1997, Biometrics 53). The interval is Student's on the scale of log odds, with one degree
    of freedom less than the rarer side has ids.

    Parameters
    ----------
    score
        N.
    positive
        N: which images have what is looked for; some, and not all.
    owner
        N numbers of ids, see `lucidag.ground.statistics.owners`; None for independent images.
    confidence
        Of the interval.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` (None where there is no interval), ``n`` and ``reason``, why there is none.
    """
    check_confidence(confidence)
    yes, no = int(positive.sum()), int((~positive).sum())
    ranks = mean_ranks(score)
    shares = np.empty(len(score))
    shares[positive] = (ranks[positive] - mean_ranks(score[positive])) / no
    shares[~positive] = 1 - (ranks[~positive] - mean_ranks(score[~positive])) / yes
    area = float(shares[positive].mean())
    found: dict[str, Any] = {"value": area, "low": None, "high": None, "n": len(score)}
    own = np.arange(len(score)) if owner is None else np.unique(owner, return_inverse=True)[1]
    known = min(len(np.unique(own[side])) for side in (positive, ~positive))
    if known < FEWEST:
        return found | {"reason": f"a side has {known} ids or images, too few for an interval"}
    if not 0 < area < 1:
        return found | {"reason": f"it is {area:g}, which tells nothing of how far others reach"}
    parts = np.bincount(own, (shares - area) / np.where(positive, yes, no))
    error = (len(parts) / (len(parts) - 1) * float(parts @ parts)) ** 0.5 / (area * (1 - area))
    reach = float(stdtrit(known - 1, (1 + confidence) / 2)) * error
    return found | {"low": float(expit(logit(area) - reach)), "high": float(expit(logit(area) + reach)), "reason": None}

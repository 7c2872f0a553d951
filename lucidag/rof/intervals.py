"""Intervals of the turning points of one order: over images, and over what other images would have ordered."""

import numpy as np
from numpy.typing import NDArray

from lucidag.data.features import Features, judged_groups
from lucidag.rof.plateau import bounds
from lucidag.rof.rank import head_of, rank
from lucidag.rof.result import SweepResult
from lucidag.rof.sweep import sweep
from lucidag.rof.turning import METRICS


def reordered(
    content: Features,
    split: str,
    ranking: str,
    counts: NDArray[np.uint8],
    min_group: int,
    device: str = "cpu",
) -> list[SweepResult]:
    """Sweep the images of a split in the order that each bootstrap sample of them gives.

    Parameters
    ----------
    content, split
        The features, and their split.
    ranking
        The method that orders the units.
    counts
        R x N: how often each image is in each sample.
    min_group, device
        See `lucidag.rof.sweep.sweep`.
    """
    features, weight, bias = head_of(content, split)
    found = []
    for count in counts:
        order = rank(np.repeat(features, count, axis=0), weight, ranking)
        groups = content.groups, max(1, len(content.group_names))
        found.append(sweep(features, content.labels, weight, bias, order, *groups, min_group=min_group, device=device))
    return found


def intervals(
    result: SweepResult,
    content: Features,
    min_group: int,
    margin: float,
    confidence: float,
    others: list[SweepResult] | None = None,
) -> dict[str, NDArray[np.int64]]:
    """Return the interval (two numbers of units) of the turning point of each metric.

    Parameters
    ----------
    result
        A sweep with its draws.
    content
        The features that were swept.
    min_group
        A group of fewer images is not the worst.
    margin, confidence
        See `lucidag.rof.plateau.bounds`.
    others
        What `reordered` gives, or None: then the interval is that in the order at hand.

    Returns
    -------
    dict
        By metric; one without two bootstrap samples that have a value is left out.
    """
    owner = content.clusters()
    own = np.arange(len(content.labels)) if owner is None else owner
    sizes = np.bincount(content.groups, minlength=1)
    # What is independent: patients, where there are any.
    images = dict.fromkeys(("accuracy", "loss"), len(np.unique(own)))
    judged = np.flatnonzero(judged_groups(sizes, min_group))
    images["worst_accuracy"] = min(len(np.unique(own[content.groups == group])) for group in judged)
    found = {}
    for metric in METRICS:
        drawn = getattr(result.draws, metric)
        drawn = drawn[~np.isnan(drawn[:, 0])]
        if len(drawn) > 1:
            again = np.array([getattr(each, metric) for each in others]) if others else None
            ends = bounds(getattr(result, metric), drawn, metric, margin, confidence, images[metric], again)
            found[metric] = result.numbers[list(ends)]
    return found

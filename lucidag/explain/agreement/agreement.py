"""How far every two methods agree on each image."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.explain.agreement.crossed import iou_matrix, matched_iou_matrix, spearman_matrix, with_others
from lucidag.explain.agreement.images import Stack, stacked
from lucidag.explain.agreement.masks import SELECTION, own_mask, share_in_pixels
from lucidag.explain.store import Explained
from lucidag.ground.statistics.correlation import centred_ranks
from lucidag.ground.statistics.ranks import ranks, tie_seed

AREA = "area"
PAIR = ("image", "method_a", "method_b")
AGREEMENT_COLUMNS = (*PAIR, "threshold", "iou", "dice", "area_a", "area_b", "control")
CORRELATION_COLUMNS = (*PAIR, "spearman", "control")

Compared = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]  # IoU n x n, areas n and n


def agreement_table(frames: Sequence[Explained], thresholds: Sequence[float], area: float, seed: int) -> pd.DataFrame:
    """Compare every two methods on each image, at each threshold and with their areas matched.

    Parameters
    ----------
    frames
        With maps of several methods; a pair is compared on the images that have both.
    thresholds
        A graded map marks the pixels above it.
    area
        Share of the frame that two graded maps are cut to, so that both mark equally much. Against a selection, a
        graded map is cut to the selection's own area. Two selections keep their own areas: nothing can be matched.
    seed
        Of the order among equal pixels at such a cut.

    Returns
    -------
    DataFrame
        image, method_a, method_b, threshold (the number as text, or the word ``area``), iou, dice, area_a, area_b
        (shares of the frame), control: the mean IoU where one of the two maps belongs to another image, over all
        other images and both ways round (at ``area`` matched again for each two images). IoU is NaN for two empty
        masks; at ``area`` also for a constant map, which has no highest pixels, and for a selection of nothing or of
        the whole frame.

    Raises
    ------
    InputError
        If maps do not fit together, see `lucidag.explain.agreement.images.stacked`, or `area` is not between 0 and 1.
    """
    parts = []
    stacks = stacked(frames, lambda values, image, method: ranks(values, tie_seed(seed, image, method)))
    for a, b in _pairs(stacks):
        for threshold in thresholds:
            masks = [own_mask(each.values, each.kind, threshold) for each in (a, b)]
            parts.append(_rows(frames, a, b, f"{threshold:g}", _compared(*masks)))
        parts.append(_rows(frames, a, b, AREA, _matched(a, b, area)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(AGREEMENT_COLUMNS))


def correlation_table(frames: Sequence[Explained]) -> pd.DataFrame:
    """Correlate the pixel ranks of every two methods on each image.

    Returns
    -------
    DataFrame
        image, method_a, method_b, spearman (NaN for a constant map), control: the mean where one of the two maps
        belongs to another image.

    Raises
    ------
    InputError
        If maps do not fit together, see `lucidag.explain.agreement.images.stacked`.
    """
    parts = []
    for a, b in _pairs(stacked(frames, lambda values, *_: centred_ranks(values))):
        matrix = spearman_matrix(a.ranked, b.ranked)
        values = {"spearman": np.diag(matrix), "control": with_others(matrix)}
        parts.append(pd.DataFrame({**_names(frames, a, b), **values}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(CORRELATION_COLUMNS))


def agreement_order(agreement: pd.DataFrame) -> pd.DataFrame:
    """Sort the images by the mean IoU with matched areas over all pairs of methods.

    Parameters
    ----------
    agreement
        See `agreement_table`.

    Returns
    -------
    DataFrame
        image, iou: from agreement to disagreement, equal ones by name, those where no pair has a value (NaN) last.
    """
    means = agreement[agreement["threshold"] == AREA].groupby("image")["iou"].mean().reset_index()
    # A difference in the last bit, from the order of summation, is no difference.
    key = means.assign(iou=-means["iou"].round(12))
    return means.loc[key.sort_values(["iou", "image"], na_position="last").index].reset_index(drop=True)


def _pairs(stacks: Mapping[str, Stack]) -> list[tuple[Stack, Stack]]:
    """Return every two methods on the images that have both."""
    pairs = [(a, b, np.intersect1d(a.rows, b.rows)) for a, b in combinations(stacks.values(), 2)]
    return [(a.only(both), b.only(both)) for a, b, both in pairs if len(both)]


def _names(frames: Sequence[Explained], a: Stack, b: Stack) -> dict[str, object]:
    return {"image": [frames[row].image for row in a.rows], "method_a": a.method, "method_b": b.method}


def _rows(frames: Sequence[Explained], a: Stack, b: Stack, threshold: str, compared: Compared) -> pd.DataFrame:
    matrix, area_a, area_b = compared
    iou = np.diag(matrix)
    values = (threshold, iou, 2 * iou / (1 + iou), area_a, area_b, with_others(matrix))
    return pd.DataFrame({**_names(frames, a, b), **dict(zip(AGREEMENT_COLUMNS[len(PAIR) :], values, strict=True))})


def _compared(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> Compared:
    return iou_matrix(a, b), a.mean(axis=1), b.mean(axis=1)


def _matched(a: Stack, b: Stack, area: float) -> Compared:
    chooses = [each.kind == SELECTION for each in (a, b)]
    if all(chooses):
        return _compared(a.values > 0, b.values > 0)
    if any(chooses):
        graded, selection = (b, a) if chooses[0] else (a, b)
        mask = selection.values > 0
        matrix = matched_iou_matrix(graded.ranked, mask)
        matrix[_constant(graded)] = np.nan
        return (matrix.T if chooses[0] else matrix), mask.mean(axis=1), mask.mean(axis=1)
    pixels = share_in_pixels(area, a.values.shape[1])
    matrix, area_a, area_b = _compared(a.ranked < pixels, b.ranked < pixels)
    matrix[_constant(a)] = np.nan
    matrix[:, _constant(b)] = np.nan
    return matrix, area_a, area_b


def _constant(stack: Stack) -> NDArray[np.bool_]:
    return stack.values.min(axis=1) == stack.values.max(axis=1)

"""Confusions while units are switched on: who is taken for whom at some numbers of units."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.rof.rank import head_of, order_of

COLUMNS = ("split", "k", "true", "predicted", "images")
CLASSES = 20  # of a network whose confusions are counted: a matrix of more is not looked at
POINTS = 32  # numbers of units, about
SPLIT = "test"


def confusion_table(contents: Mapping[str, Features], rankings: pd.DataFrame, ranking: str) -> pd.DataFrame:
    """Count the confusions of test images in the main order, at a grid of k.

    Parameters
    ----------
    contents
        The features of each split.
    rankings
        What `lucidag.rof.rank.ranking_table` gave.
    ranking
        The method whose order on test images is followed.

    Returns
    -------
    DataFrame
        `COLUMNS`, every pair of classes at every k of `numbers`; without rows where there are more than `CLASSES`
        classes or no test images. At the last k it is the confusion of the evaluation.
    """
    content = contents.get(SPLIT)
    if content is None or not len(content.labels) or len(content.classes) > CLASSES:
        return pd.DataFrame(columns=list(COLUMNS))
    features, weight, bias = head_of(content, SPLIT)
    order = order_of(rankings, SPLIT, ranking)
    ks = numbers(len(order))
    counts = confusions(features, weight, bias, content.labels, order, ks)
    index = pd.MultiIndex.from_product([ks.tolist(), content.classes, content.classes], names=COLUMNS[1:4])
    table = index.to_frame(index=False)
    table.insert(0, "split", SPLIT)
    return table.assign(images=counts.reshape(-1))


def numbers(units: int) -> NDArray[np.int64]:
    """Choose numbers of units: 0, 1, 2 and on in growing steps, and all."""
    steps = np.geomspace(1, max(units, 1), POINTS).round().astype(np.int64)
    return np.unique([0, *steps.tolist(), units])


def confusions(
    features: NDArray[np.float32],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
    ks: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return counts by k, true class and decision; in a tie the lowest class wins.

    Logits are summed in float64 in the order of the sweep, as `lucidag.rof.sweep.prefix_logits` does.

    Parameters
    ----------
    features, weight, bias, labels
        N x K, C x K, C and N.
    order
        The K units.
    ks
        Ascending numbers of units.
    """
    classes = len(bias)
    z = np.tile(bias.astype(np.float64), (len(labels), 1))
    counts = np.zeros((len(ks), classes, classes), np.int64)
    for k in range(int(ks[-1]) + 1):
        if k:
            unit = order[k - 1]
            z += features[:, unit, None].astype(np.float64) * weight[None, :, unit].astype(np.float64)
        row = int(np.searchsorted(ks, k))
        if ks[row] == k:
            np.add.at(counts[row], (labels, z.argmax(axis=1)), 1)
    return counts

"""What a network loses without a unit in front of its last layer: exact, from features and last layer.

Without unit u the logits are Z - f_u W_u: no pass of the network is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 4_000_000  # logits that are held at once


@dataclass(frozen=True)
class Without:
    """Images without each unit of a block, less the same images with all units.

    Attributes
    ----------
    units
        The block.
    loss
        N x b: the change of the cross-entropy.
    margin
        N x C x b: the change of the logit of each class less the greatest other one.
    correct
        N x b: -1 where a right decision is lost, 1 where a wrong one becomes right, else 0.
    """

    units: NDArray[np.int64]
    loss: Floats
    margin: Floats
    correct: Floats


def without_units(
    features: NDArray[np.floating],
    weight: NDArray[np.floating],
    bias: NDArray[np.floating],
    labels: NDArray[np.int64],
    block: int = BLOCK,
) -> Iterator[Without]:
    """Take each unit away, and say what changes, block by block of units.

    Parameters
    ----------
    features
        N x K, what goes into the last layer.
    weight, bias
        C x K and C.
    labels
        N class indices.
    block
        Logits that are held at once; it changes no number.
    """
    f, w = (np.asarray(each, dtype=np.float64) for each in (features, weight))
    z = f @ w.T + np.asarray(bias, dtype=np.float64)
    before = judged(z[:, :, None], labels)
    count = max(1, block // max(1, z.size))
    for start in range(0, f.shape[1], count):
        units = np.arange(start, min(start + count, f.shape[1]))
        after = judged(z[:, :, None] - f[:, None, units] * w[None, :, units], labels)
        changes = [new - old for new, old in zip(after, before, strict=True)]
        yield Without(units, *changes)


def judged(z: Floats, labels: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Judge logits.

    Parameters
    ----------
    z
        N x C x b.
    labels
        N class indices.

    Returns
    -------
    loss, margin, right
        N x b: the cross-entropy; N x C x b: the logit of each class less the greatest other one; N x b: 1 where the
        decision is right, else 0. In a tie the first class wins.
    """
    rows = np.arange(len(z))
    first = z.argmax(axis=1, keepdims=True)
    highest = np.take_along_axis(z, first, axis=1)
    loss = np.log(np.exp(z - highest).sum(axis=1)) + highest[:, 0] - z[rows, labels]
    others = z.copy()
    np.put_along_axis(others, first, -np.inf, axis=1)
    margin = z - highest
    np.put_along_axis(margin, first, highest - others.max(axis=1, keepdims=True), axis=1)
    return loss, margin, (first[:, 0] == labels[:, None]).astype(np.float64)

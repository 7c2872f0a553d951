"""What a network loses without a unit in front of its last layer: exact, from features and last layer.

Without unit u the logits are Z - f_u W_u: no pass of the network is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
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
        N x C x b: the change of the cross-entropy that the image would have if it was of this class.
    margin
        N x b: the change of the logit of the image's class less the greatest other one.
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
    f, w = (torch.from_numpy(np.ascontiguousarray(each, dtype=np.float64)) for each in (features, weight))
    rows = torch.from_numpy(np.ascontiguousarray(labels))
    z = f @ w.T + torch.from_numpy(np.asarray(bias, dtype=np.float64))
    before = _judged(z[:, :, None], rows)
    count = max(1, block // z.numel())
    for units in torch.arange(f.shape[1]).split(count):
        after = _judged(z[:, :, None] - f[:, None, units] * w[None, :, units], rows)
        changes = [(new - old).numpy() for new, old in zip(after, before, strict=True)]
        yield Without(units.numpy(), *changes)


def _judged(z: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give loss by class (N x C x b), margin and whether the decision is right (N x b) of logits N x C x b."""
    loss = z.logsumexp(dim=1, keepdim=True) - z
    rows = torch.arange(len(z))
    own = z[rows, labels]
    others = z.clone()
    others[rows, labels] = -torch.inf
    right = z.argmax(dim=1) == labels[:, None]
    return loss, own - others.amax(dim=1), right.double()

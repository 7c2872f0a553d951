"""One image's forward pass, as methods of class activation maps see it, and what they say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.explain.cam.maps import weighted_sum
from lucidag.explain.cam.prepared import Prepared
from lucidag.explain.cam.split import Point
from lucidag.ground.errors import InputError


@dataclass(frozen=True)
class Found:
    """What a method says at the layer: H x W, the weights of the channels if it has such, and a note.

    ``channels`` is how many of them were looked at, where that is not all.
    """

    coarse: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None
    note: str | None = None
    channels: int | None = None


class Seen:
    """One image's forward pass, and what several methods share of it.

    Attributes
    ----------
    network
        The network that is ready.
    x
        The normalised image, 1 x C x S x S.
    point
        The pass, cut at the layer.
    logits, predicted, target
        C numbers, the class with the greatest, and the class that is explained.

    Raises
    ------
    InputError
        For logits that are not finite, or a target that is no class.
    """

    def __init__(self, network: Prepared, x: torch.Tensor, point: Point, target: int | None) -> None:
        with torch.inference_mode():
            logits = point.tail(point.activations)[0]
        self.network, self.x, self.point = network, x, point
        self.logits: NDArray[np.float32] = logits.float().cpu().numpy()
        if not np.isfinite(self.logits).all():
            raise InputError("the network gives NaN or infinite logits for an image: there is nothing to explain")
        self.predicted = int(self.logits.argmax())
        self.target = self.predicted if target is None else int(target)
        if not 0 <= self.target < len(self.logits):
            raise InputError(f"target is {target}; it must be a class of the network, 0 to {len(self.logits) - 1}")

    @cached_property
    def activations(self) -> NDArray[np.float32]:
        """1 x K x H x W."""
        return np.ascontiguousarray(self.point.activations.float().cpu().numpy())

    @cached_property
    def gradients(self) -> NDArray[np.float32]:
        """1 x K x H x W."""
        return np.ascontiguousarray(gradients(self.point, self.target))

    def weighted(self, weights: NDArray[np.float32], note: str | None = None) -> Found:
        """Give the sum of the channels, each times its weight."""
        return Found(weighted_sum(weights, self.activations), weights, note)


def gradients(point: Point, target: int) -> NDArray[np.float32]:
    """Give the gradients of the target's logit with respect to the activations, 1 x K x H x W, by one backward pass.

    Raises
    ------
    InputError
        If no gradient of the logits comes back to the layer.
    """
    with torch.enable_grad():
        leaf = point.activations.detach().requires_grad_(True)
        logits = point.tail(leaf)
        found = torch.autograd.grad(logits[0, target], leaf, allow_unused=True)[0] if logits.requires_grad else None
    if found is None:
        raise InputError("no gradient of the logits comes back to the layer: choose another layer or 'scorecam'")
    return np.asarray(found.cpu().numpy(), np.float32)


def cut(channels: Sequence[int], batch_size: int) -> list[Sequence[int]]:
    """Cut channels into batches."""
    return [channels[start : start + batch_size] for start in range(0, len(channels), batch_size)]

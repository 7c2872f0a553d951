"""What a network says of many images: its logit and its probability of one class, in batches."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.ground.errors import InputError


@dataclass(frozen=True)
class Scores:
    """Of each of N images the logit and the probability (softmax) of one class, float64."""

    logit: NDArray[np.float64]
    probability: NDArray[np.float64]


def device_of(model: nn.Module) -> torch.device:
    """Return where a network runs."""
    return next((each.device for each in model.parameters()), torch.device("cpu"))


def scores(model: nn.Module, images: Iterable[torch.Tensor], target: int, batch_size: int) -> Scores:
    """Run images through the network.

    Parameters
    ----------
    model
        A classifier in eval mode.
    images
        Normalised, each C x S x S; taken in batches.
    target
        The class.
    batch_size
        The most images at one time.

    Raises
    ------
    InputError
        For logits that are not finite, or a target that is no class.
    """
    device, rest, found = device_of(model), iter(images), []
    while batch := list(islice(rest, batch_size)):
        with torch.no_grad():
            found.append(model(torch.stack(batch).to(device)).cpu().double())
    logits = torch.cat(found)
    if not torch.isfinite(logits).all():
        raise InputError("the network gives NaN or infinite logits for an image: no explanation can be measured")
    if not 0 <= target < logits.shape[1]:
        raise InputError(f"target is {target}; it must be a class of the network, 0 to {logits.shape[1] - 1}")
    return Scores(logits[:, target].numpy(), logits.softmax(1)[:, target].numpy())

"""The last layer of a network: read from its features, changed, and written back."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.models.network import Network

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """A linear last layer.

    Attributes
    ----------
    weight, bias
        C x K and C.
    """

    weight: Floats
    bias: Floats

    def logits(self, features: NDArray[np.floating]) -> Floats:
        """Give the logits, N x C, of N x K features."""
        found: Floats = np.asarray(features, dtype=np.float64) @ self.weight.T + self.bias
        return found

    def right(self, features: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say of N images whether they are decided rightly; of equal logits the first counts."""
        found: NDArray[np.bool_] = self.logits(features).argmax(axis=1) == labels
        return found


def head_of(content: Features, name: str) -> Head:
    """Return the last layer of a model.

    Raises
    ------
    InputError
        If its logits are not linear in units in front of a last layer.
    """
    if content.weight is None or content.bias is None or content.features is None or content.exact is not None:
        raise InputError(
            f"model '{name}': its logits are not linear in units in front of a last layer, so neither can these be "
            "taken out exactly nor can the layer be trained again"
        )
    return Head(content.weight.astype(np.float64), content.bias.astype(np.float64))


def put_head(network: Network, head: Head) -> None:
    """Put a last layer into a network, in place: nothing else of it changes.

    Raises
    ------
    InputError
        If the layer has no bias and the new one needs it.
    """
    assert network.head is not None
    layer = network.model.get_submodule(network.head)
    assert isinstance(layer, nn.Linear | nn.Conv2d)
    # A convolution adds its bias at each place, and the places are summed up.
    places = 1.0 if network.tail is None else float(network.tail.places.sum())
    if layer.bias is None and head.bias.any():
        raise InputError(f"layer '{network.head}' has no bias, so it cannot be trained again; take units out instead")
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight).reshape(layer.weight.shape))
        if layer.bias is not None:
            layer.bias.copy_(torch.from_numpy(head.bias / places))

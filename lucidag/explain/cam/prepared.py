"""A network that is made ready for class activation maps once, whatever methods then look at it."""

from functools import cached_property

import torch
from torch import nn

from lucidag.explain.cam.layers import explained_layer
from lucidag.explain.cam.split import split
from lucidag.models.describe import describe
from lucidag.models.fast import accelerate, frozen
from lucidag.models.memory_format import settled


class Prepared:
    """A network and a layer, ready for class activation maps.

    Parameters
    ----------
    model
        A classifier. It is left as it is; a copy is prepared.
    example
        A float batch that it takes, N x C x S x S.
    layer
        The layer's name; None takes `lucidag.explain.cam.layers.default_layer`.
    batch_size
        How many images (Score-CAM) or activations (Ablation-CAM) run at once. It changes the maps by rounding only.
    device
        Where to compute.

    Attributes
    ----------
    layer
        The layer's name.
    split
        The network, cut at the layer.
    head
        The last linear layer, where only global average pooling stands between the layer and it; else None.

    Raises
    ------
    InputError
        If the layer does not exist or has no maps, or the network gives no N x classes logits.
    """

    def __init__(
        self, model: nn.Module, example: torch.Tensor, layer: str | None, batch_size: int, device: str = "cpu"
    ) -> None:
        self._device, self._dtype = device, example.dtype
        self.batch_size = batch_size
        self._model = frozen(model).to(device)
        self._format = settled(self._model, example[:1].to(device))
        self._example = self.placed(example[:1])
        ready, x = self._model, self._example
        self.split = split(ready, x, explained_layer(describe(ready, x), layer))
        self.layer, self.head = self.split.layer, self.split.head

    @cached_property
    def fast(self) -> nn.Module:
        """The whole network in its fastest form, made when a method first asks for it."""
        return accelerate(self._model, self._example)

    def placed(self, x: torch.Tensor) -> torch.Tensor:
        """Put images where the network is, as it takes them."""
        return x.to(self._device, self._dtype).contiguous(memory_format=self._format)

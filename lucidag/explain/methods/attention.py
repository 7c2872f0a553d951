"""What a network's own channel attention looks at."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.cam.maps import image_map, weighted_sum
from lucidag.explain.methods.base import Method
from lucidag.ground.errors import InputError
from lucidag.models.attention import ChannelAttention
from lucidag.models.head import evaluating
from lucidag.models.network import Network
from lucidag.models.recorder import recording


class Attention(Method):
    """The channels that a network attends to, each by its attention; networks without attention have no map."""

    title = "attention"
    kind = "graded"
    needs = "attention"
    per_class = False

    @classmethod
    def takes(cls, network: Network) -> bool:
        """Say whether the network has channel attention."""
        return any(isinstance(module, ChannelAttention) for module in network.model.modules())

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> NDArray[np.float32]:
        """Give the maps of the channels' attention."""
        return attention_maps(model, x)[0]


def attention_maps(
    model: nn.Module, images: torch.Tensor, batch_size: int = 32
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Show where the channels that a network attends to are active.

    An image's map is the sum of the channels before the attention, each times its attention weight; what is above
    zero, scaled to [0, 1] and resized to the image as a class activation map is. It is the same for every class.

    Parameters
    ----------
    model
        A network with one `lucidag.models.attention.ChannelAttention`; it is left as it is.
    images
        N x C x S x S, normalised, on the network's device.
    batch_size
        How many run at once.

    Returns
    -------
    maps
        float32 N x S x S in [0, 1].
    weights
        float32 N x K, the attention of each channel; the sum of a row is 1.

    Raises
    ------
    InputError
        If the network has no such attention, or several.
    """
    found = {name: module for name, module in model.named_modules() if isinstance(module, ChannelAttention)}
    if len(found) != 1:
        raise InputError(
            f"network '{type(model).__name__}' has {len(found)} channel attentions; an attention map needs one, as "
            "'lucidag.models.attention:attention_resnet50' has"
        )
    (attention,) = found.values()
    maps, weights = [], []
    with evaluating(model), torch.no_grad():
        for batch in images.split(batch_size):
            with recording(model, found) as calls:
                model(batch)
            (before,) = calls[0].inputs
            size = (batch.shape[2], batch.shape[3])
            for activation, weight in zip(before.cpu().numpy(), attention.weights(before).cpu().numpy(), strict=True):
                maps.append(image_map(weighted_sum(weight, activation[None]), size))
                weights.append(weight)
    return np.stack(maps), np.stack(weights)

"""What a network's own channel attention looks at."""

import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.methods.base import Method
from lucidag.explain.relevance.attention_map import attention_maps
from lucidag.models.attention import ChannelAttention


class Attention(Method):
    """The channels that a network attends to, each by its attention; networks without attention have no map."""

    title = "attention"
    kind = "graded"
    needs = "attention"
    per_class = False

    @classmethod
    def takes(cls, model: nn.Module) -> bool:
        """Say whether the network has channel attention."""
        return any(isinstance(module, ChannelAttention) for module in model.modules())

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> NDArray:
        """Give the maps of the channels' attention."""
        return attention_maps(model, x)[0]

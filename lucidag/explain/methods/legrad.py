"""LeGrad: how sensitive the class is to the attention of each layer (Bousselham et al. 2024)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from lucidag.explain.methods.attended import AttentionMethod
from lucidag.ground.section import Count, Section
from lucidag.models.attention_maps import Attention
from lucidag.models.inputs import Inputs
from lucidag.models.recorder import Call, watching
from lucidag.models.token_blocks import read_early, token_blocks


class LeGradSettings(Section):
    """Settings of LeGrad."""

    last_layers: Count | None = Field(default=None, description="How many of the last layers; null: all of them.")


class LeGrad(AttentionMethod):
    """How far the class would gain if tokens attended more to each patch, layer by layer.

    The logit of the class is read behind each block, as if it was the last one; its gradient after that block's own
    attention, where it is above zero, is averaged over the heads, over the tokens that attend, and over the layers.
    Our operationalisation for any classifier: what reads a block early is whatever the network has behind its last
    block, norm, pooling and head. The blocks are cut from each other, so that one backward pass does for all.
    """

    title = "LeGrad"
    Settings = LeGradSettings
    settings: LeGradSettings

    def __init__(self, inputs: Inputs | None = None, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(inputs, options)
        self._blocks: dict[tuple[int, ...], list[str]] = {}  # by the shape of an image; no weights change them

    @classmethod
    def check_layers(cls, model: nn.Module, x: torch.Tensor, layers: list[Attention]) -> None:
        """Make sure that each layer is in a block; raises InputError."""
        super().check_layers(model, x, layers)
        token_blocks(model, x)

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> NDArray[np.float32]:
        """Average the gradients."""
        shape = tuple(x.shape[1:])
        if shape not in self._blocks:
            self._blocks[shape] = token_blocks(model, x[:1])
        blocks = self._blocks[shape]
        outputs: list[torch.Tensor] = []

        def cut(call: Call) -> tuple[torch.Tensor, ...]:
            return (call.inputs[0].detach().requires_grad_().clone(), *call.inputs[1:])

        def apart(images: torch.Tensor) -> torch.Tensor:
            keep = watching(model, lambda call: outputs.append(call.output), blocks)
            with watching(model, cut, blocks, before=True), keep:
                logits: torch.Tensor = model(images)
            return logits

        seen = self.attended(model, x, apart)
        early = read_early(model, x.detach(), blocks, outputs)
        gradients = seen.gradients(early[:, :, target].sum())[-(self.settings.last_layers or 0) :]
        return seen.maps(torch.stack([each.clamp(min=0).mean(dim=(1, 2)) for each in gradients]).mean(dim=0))

"""Attention rollout: the attention of all layers, multiplied (Abnar & Zuidema 2020)."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from lucidag.explain.methods.attended import AttentionMethod, read_rows
from lucidag.ground.section import Section
from lucidag.models.inputs import Inputs


class RolloutSettings(Section):
    """Settings of attention rollout."""

    heads: Literal["mean", "max", "min"] = Field(
        default="mean", description="How the heads of a layer are joined; the paper takes their mean."
    )


class Rollout(AttentionMethod):
    """How much of each patch reaches what the network reads, if attention alone moved it; the class is not asked.

    Of each layer the heads are joined, the identity is added for the connection around the layer, and rows are scaled
    to sum to one; the layers are multiplied. The row of the class token is shown; of a network that reads several
    tokens, or the mean of all, the mean of their rows (the paper has a class token).
    """

    title = "attention rollout"
    per_class, asked_twice = False, False
    Settings = RolloutSettings
    settings: RolloutSettings

    def __init__(self, inputs: Inputs | None = None, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(inputs, options)
        self._read: dict[tuple[int, ...], torch.Tensor] = {}  # by the shape of an image; no weights change it

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> NDArray[np.float32]:
        """Multiply the attention of the layers."""
        shape = tuple(x.shape[1:])
        with torch.set_grad_enabled(shape not in self._read):
            seen = self.attended(model, x)
        if shape not in self._read:
            (last,) = seen.gradients(seen.logits.square().sum(), slice(-1, None))
            self._read[shape] = read_rows(last)
        whole = rollout([joined(each, self.settings.heads) for each in seen.weights])
        return seen.maps(self._read[shape] @ whole)


def joined(weights: torch.Tensor, how: str) -> torch.Tensor:
    """Join the heads of N x heads x T x T."""
    if how == "mean":
        return weights.mean(dim=1)
    return weights.amax(dim=1) if how == "max" else weights.amin(dim=1)


def rollout(layers: list[torch.Tensor]) -> torch.Tensor:
    """Multiply the attention of layers, each N x T x T, with the connections around them; rows sum to one."""
    whole = torch.eye(layers[0].shape[-1], dtype=layers[0].dtype, device=layers[0].device)
    for each in layers:
        around = each + torch.eye(each.shape[-1], dtype=each.dtype, device=each.device)
        whole = around / around.sum(dim=-1, keepdim=True) @ whole
    return whole

"""Attention weighted by the gradient of the class (Chefer, Gur & Wolf 2021, ICCV)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.methods.attended import AttentionMethod, read_rows


class GradientAttention(AttentionMethod):
    """How much of each patch reaches what the network reads, by the attention that raises the class.

    Relevance R starts as the identity; each layer adds E((A * dA)+) R, where A is its attention, dA the gradient of
    the class's logit after it, and E the mean over the heads. The row of the class token is shown; of a network that
    reads several tokens, or the mean of all, the mean of their rows (the paper has a class token).
    """

    title = "gradient × attention"

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> NDArray[np.float32]:
        """Add up the layers."""
        seen = self.attended(model, x)
        gradients = seen.gradients(seen.logits[:, target].sum())
        return seen.maps(read_rows(gradients[-1]) @ relevance(seen.weights, gradients))


def relevance(weights: list[torch.Tensor], gradients: list[torch.Tensor]) -> torch.Tensor:
    """Give the relevance of each token for each, N x T x T, from attention and gradients, each N x heads x T x T."""
    whole = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype, device=weights[0].device)
    for attention, gradient in zip(weights, gradients, strict=True):
        whole = whole + (attention * gradient).clamp(min=0).mean(dim=1) @ whole
    return whole

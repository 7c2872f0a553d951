"""Networks rewritten, for as long as relevance is computed, so that each of their steps has a rule.

Every canonizer leaves the network's function as it is. Those of residual networks are zennit's own; new here are the
gates (channel attention, squeeze-and-excitation), inverted residual blocks, and a merging of BatchNorm that is exact.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models.efficientnet import FusedMBConv, MBConv
from torchvision.ops.misc import SqueezeExcitation
from zennit.canonizers import AttributeCanonizer, Canonizer, SequentialMergeBatchNorm
from zennit.core import Hook, collect_leaves
from zennit.layer import Sum
from zennit.torchvision import ResNetBasicBlockCanonizer, ResNetBottleneckCanonizer

from lucidag.explain.relevance.plain_weights import PlainWeights
from lucidag.models.attention import ChannelAttention


class Gate(nn.Module):
    """Maps times factors that depend on them: to relevance, the factors are constants."""

    def forward(self, maps: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        """Multiply maps (N x K x H x W) by factors that broadcast to them."""
        return maps * factors


class GateRule(Hook):
    """The relevance of a gate's output is that of the maps which it let through, unchanged.

    For z = g x with a constant g every rule that shares out relevance by contributions gives x all of z's. The
    gradient would multiply it by g instead.
    """

    def backward(
        self, module: nn.Module, grad_input: tuple[torch.Tensor | None, ...], grad_output: tuple[torch.Tensor, ...]
    ) -> tuple[torch.Tensor | None, ...]:
        """Pass the relevance on to the maps, and none to the factors."""
        return (grad_output[0], *[None] * (len(grad_input) - 1))


class MergeBatchNorm(SequentialMergeBatchNorm):
    """zennit's merging of each BatchNorm into the linear layer before it, without its leftover.

    zennit leaves the merged BatchNorm an epsilon, so that it divides by sqrt(1 + epsilon) still: little, but once for
    each layer, and relevance is lost by as much. A BatchNorm that cannot belong to the layer that was defined before
    it (another number of channels, as in a DenseNet), or has no statistics or weights, is left alone.
    """

    def apply(self, root_module: nn.Module) -> list[Canonizer]:
        """Merge every BatchNorm that follows a linear layer in the order of definition."""
        instances: list[Canonizer] = []
        leaves = list(collect_leaves(root_module))
        for linear, batch_norm in pairwise(leaves):
            if isinstance(linear, self.linear_type) and isinstance(batch_norm, _BatchNorm):
                parts = (batch_norm.weight, batch_norm.bias, batch_norm.running_mean, batch_norm.running_var)
                outputs = linear.out_features if isinstance(linear, nn.Linear) else linear.out_channels
                if outputs == batch_norm.num_features and all(part is not None for part in parts):
                    instance = self.copy()
                    instance.register((linear,), batch_norm)
                    instances.append(instance)
        return instances

    def register(self, linears: Sequence[nn.Module], batch_norm: _BatchNorm) -> None:
        """Merge, and make the BatchNorm an exact identity."""
        self.epsilon = batch_norm.eps
        super().register(linears, batch_norm)
        batch_norm.eps = 0.0

    def remove(self) -> None:
        """Undo the merging."""
        self.batch_norm.eps = self.epsilon
        super().remove()


def inverted_residual(_: str, module: nn.Module) -> dict[str, Any] | None:
    """Give an inverted residual block of EfficientNet (MBConv or FusedMBConv) a module for its sum.

    Without it the gradient of the addition gives both branches the whole relevance, and doubles it.
    """
    if not isinstance(module, MBConv | FusedMBConv) or not module.use_res_connect:
        return None

    def forward(x: torch.Tensor) -> torch.Tensor:
        branch = module.stochastic_depth(module.block(x))
        total: torch.Tensor = module.canonizer_sum(torch.stack([x, branch], dim=-1))
        return total

    return {"forward": forward, "canonizer_sum": Sum()}


def gate(_: str, module: nn.Module) -> dict[str, Any] | None:
    """Give channel attention or squeeze-and-excitation a module for its product with constant factors.

    Without it relevance also flows into what computes the factors, and is multiplied by them on the main path.
    """
    factors = gate_factors(module)
    if factors is None:
        return None

    def forward(maps: torch.Tensor) -> torch.Tensor:
        gated: torch.Tensor = module.get_submodule("canonizer_gate")(maps, factors(maps.detach()).detach())
        return gated

    return {"forward": forward, "canonizer_gate": Gate()}


def gate_factors(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return what computes a gate's factors from its maps, or None where the module is no gate that is known."""
    if isinstance(module, ChannelAttention):
        return module.factors
    if isinstance(module, SqueezeExcitation):
        scale: Callable[[torch.Tensor], torch.Tensor] = module._scale
        return scale
    return None


def canonizers() -> list[Canonizer]:
    """Return all canonizers; each changes only the modules that it is for, so they go with any network."""
    return [
        PlainWeights(),
        MergeBatchNorm(),
        ResNetBottleneckCanonizer(),
        ResNetBasicBlockCanonizer(),
        AttributeCanonizer(inverted_residual),
        AttributeCanonizer(gate),
    ]


@contextmanager
def canonized(model: nn.Module, each: Sequence[Canonizer]) -> Iterator[list[Canonizer]]:
    """Hold a network in canonical form while the block lasts; give the canonizers that were applied, one a place."""
    applied: list[Canonizer] = []
    try:
        for canonizer in each:
            applied += canonizer.apply(model)
        yield applied
    finally:
        for canonizer in applied:
            canonizer.remove()

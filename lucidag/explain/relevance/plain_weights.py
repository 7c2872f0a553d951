"""Layers whose weight is computed, with this weight as a parameter of their own for as long as relevance is computed.

The rules of relevance change a layer's parameters for a moment. Weight and spectral normalisation, and every other
parametrisation, compute the weight anew in each pass, so that a rule would change nothing, or something else.
"""

from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm
from zennit.canonizers import Canonizer


class PlainWeights(Canonizer):
    """Gives each layer with a computed weight that very weight, and each its own way back afterwards."""

    def apply(self, root_module: nn.Module) -> list[Canonizer]:
        """Change every layer whose weight is parametrised, by torch's `parametrize` or by its older hooks."""
        found: list[Canonizer] = []
        for module in root_module.modules():
            if parametrize.is_parametrized(module) or _hooks(module):
                instance = self.copy()
                instance.register(module)
                found.append(instance)
        return found

    def register(self, module: nn.Module) -> None:
        """Hold a layer with plain weights."""
        self.module = module
        self.kind: type[nn.Module] = type(module)
        self.parts: nn.Module | None = module._modules.pop("parametrizations", None)
        self.hooks = _hooks(module)
        weights: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            if self.parts is not None:
                weights = {name: part().clone() for name, part in self.parts.named_children()}
                module.__class__ = next(base for base in self.kind.__mro__ if not _is_made(base))
            for key, hook in self.hooks.items():
                weights[hook.name] = _computed(hook, module)
                del module._forward_pre_hooks[key]
        self.before = {name: module.__dict__.pop(name) for name in weights if name in module.__dict__}
        for name, weight in weights.items():
            module.register_parameter(name, nn.Parameter(weight, requires_grad=False))
        self.names = tuple(weights)

    def remove(self) -> None:
        """Undo it."""
        for name in self.names:
            del self.module._parameters[name]
        self.module.__dict__.update(self.before)
        self.module.__class__ = self.kind
        if self.parts is not None:
            self.module._modules["parametrizations"] = self.parts
        self.module._forward_pre_hooks.update(self.hooks)

    def copy(self) -> "PlainWeights":
        """Give one for another layer."""
        return PlainWeights()


def _hooks(module: nn.Module) -> dict[int, Any]:
    return {key: hook for key, hook in module._forward_pre_hooks.items() if isinstance(hook, WeightNorm | SpectralNorm)}


def _computed(hook: WeightNorm | SpectralNorm, module: nn.Module) -> torch.Tensor:
    if isinstance(hook, WeightNorm):
        weight: torch.Tensor = hook.compute_weight(module)
    else:
        weight = hook.compute_weight(module, do_power_iteration=False)
    return weight.detach().clone()


def _is_made(kind: type) -> bool:
    """Tell whether a class is one that `parametrize` made for one module; torch has no other mark of these."""
    return kind.__name__.startswith("Parametrized")

"""The epsilon rule of a linear layer by one product of matrices."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from zennit.core import Hook, RemovableHandle, RemovableHandleList, stabilize
from zennit.rules import Epsilon


def direct(rule: Hook | None, module: nn.Module) -> Hook | None:
    """Give the rule that shares out as `rule` does and takes less time, if there is one for this module."""
    plain = isinstance(module, nn.Linear) and type(module).forward is nn.Linear.forward
    return DirectEpsilon() if type(rule) is Epsilon and plain else rule


class DirectEpsilon(Epsilon):
    """zennit's `Epsilon`, of a layer that computes what `torch.nn.Linear` does.

    zennit's rules run a module again in the backward pass, and let autograd compute a gradient that they throw away.
    """

    def pre_forward(self, module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> torch.Tensor | None:
        """Take the input out of the graph; a copy, as what follows may work in place on it."""
        (x,) = arguments
        if not x.requires_grad:
            return None
        self.stored_tensors["x"] = x
        return x.detach().clone()

    def post_forward(
        self, module: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> torch.Tensor | None:
        """Put the output into it."""
        x = self.stored_tensors.pop("x", None)
        if x is None:
            return None
        weight: torch.Tensor = module.weight.detach()  # type: ignore[operator]
        output = output.detach()
        passed: torch.Tensor = _Step.apply(x, _Done(arguments[0], weight, output, stabilize(output)))
        return passed

    def copy(self) -> "DirectEpsilon":
        """Give one for another layer."""
        return DirectEpsilon()

    def register(self, module: nn.Module) -> RemovableHandleList:
        """Hook on a layer."""
        return RemovableHandleList(
            [
                RemovableHandle(self),
                module.register_forward_pre_hook(self.pre_forward),
                module.register_forward_hook(self.post_forward),
            ]
        )


@dataclass(frozen=True)
class _Done:
    """What a layer took, has and gave."""

    x: torch.Tensor
    weight: torch.Tensor
    output: torch.Tensor
    divisor: torch.Tensor


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, done: _Done) -> torch.Tensor:  # noqa: ANN401 (as torch has it)
        ctx.x, ctx.weight, ctx.divisor = done.x, done.weight, done.divisor
        return done.output

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401
        return ctx.x * ((relevance / ctx.divisor) @ ctx.weight), None

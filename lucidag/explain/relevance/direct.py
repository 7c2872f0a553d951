"""The epsilon and the gamma rule of a linear layer, each by as few products of matrices as it takes."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from zennit.core import Hook, RemovableHandle, RemovableHandleList, stabilize
from zennit.rules import Epsilon

from lucidag.explain.relevance.gamma import SignedGamma


def direct(rule: Hook | None, module: nn.Module) -> Hook | None:
    """Give the rule that shares out as `rule` does and takes less time, if there is one for this module."""
    if not isinstance(module, nn.Linear) or type(module).forward is not nn.Linear.forward:
        return rule
    if type(rule) is SignedGamma:
        return DirectGamma(rule.gamma)
    return DirectEpsilon() if type(rule) is Epsilon else rule


@dataclass(frozen=True)
class _Done:
    """What a layer took, has and gave.

    Attributes
    ----------
    gamma
        How much more a contribution of the output's own sign counts.
    """

    x: torch.Tensor
    weight: torch.Tensor
    output: torch.Tensor
    divisor: torch.Tensor
    gamma: float = 0.0


class Direct(Hook):
    """Hooks of a layer that computes what `torch.nn.Linear` does.

    zennit's rules run a module again in the backward pass, and let autograd compute a gradient that they throw away.
    """

    def done(self, module: nn.Module, x: torch.Tensor, output: torch.Tensor) -> _Done:
        """Say what the rule needs of a run."""
        raise NotImplementedError

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
        passed: torch.Tensor = _Step.apply(x, self.done(module, arguments[0], output.detach()))
        return passed

    def register(self, module: nn.Module) -> RemovableHandleList:
        """Hook on a layer."""
        return RemovableHandleList(
            [
                RemovableHandle(self),
                module.register_forward_pre_hook(self.pre_forward),
                module.register_forward_hook(self.post_forward),
            ]
        )


class DirectEpsilon(Direct, Epsilon):
    """zennit's `Epsilon`."""

    def done(self, module: nn.Module, x: torch.Tensor, output: torch.Tensor) -> _Done:
        """Divide by the output."""
        return _Done(x, _weight(module), output, stabilize(output))

    def copy(self) -> "DirectEpsilon":
        """Give one for another layer."""
        return DirectEpsilon()


class DirectGamma(Direct, SignedGamma):
    """`SignedGamma`.

    Of contributions c, those of one sign are (c + |c|) / 2 or (c - |c|) / 2. So besides the layer itself it takes the
    sum of all |c|, and two products in the backward pass.
    """

    def done(self, module: nn.Module, x: torch.Tensor, output: torch.Tensor) -> _Done:
        """Divide by the output and what counts more of it."""
        weight, bias = _weight(module), module.bias
        sizes = functional.linear(x.abs(), weight.abs(), None if bias is None else bias.detach().abs())  # type: ignore[operator]
        more = (output + output.sign() * sizes) / 2
        divisor = stabilize(output + self.gamma * more)
        return _Done(x, weight, output, divisor, self.gamma)


def _weight(module: nn.Module) -> torch.Tensor:
    weight: torch.Tensor = module.weight.detach()  # type: ignore[operator]
    return weight


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, done: _Done) -> torch.Tensor:  # noqa: ANN401 (as torch has it)
        ctx.done = done
        return done.output

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401
        done: _Done = ctx.done
        share = relevance / done.divisor
        if not done.gamma:
            return done.x * (share @ done.weight), None
        sign = done.output.sign()  # an output of zero has no sign whose contributions could count more
        share = share * sign.abs()
        plain = done.x * (share @ done.weight)
        more = done.x.abs() * ((share * sign) @ done.weight.abs())
        return plain + done.gamma / 2 * (plain + more), None

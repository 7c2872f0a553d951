"""The epsilon and the gamma rule of linear layers and convolutions, each by as few products as it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.grad import conv1d_input, conv2d_input, conv3d_input
from zennit.core import Hook, RemovableHandle, RemovableHandleList, stabilize
from zennit.rules import Epsilon

from lucidag.explain.relevance.gamma import SignedGamma

Back = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
TRANSPOSED: Mapping[type[nn.Module], Callable[..., torch.Tensor]] = {
    nn.Conv1d: conv1d_input,
    nn.Conv2d: conv2d_input,
    nn.Conv3d: conv3d_input,
}


def direct(rule: Hook | None, module: nn.Module) -> Hook | None:
    """Give the rule that shares out as `rule` does and takes less time, if there is one for this module."""
    if not _is_plain(module):
        return rule
    if type(rule) is SignedGamma:
        return DirectGamma(rule.gamma)
    return DirectEpsilon() if type(rule) is Epsilon else rule


def _is_plain(module: nn.Module) -> bool:
    """Tell whether a module computes what torch's linear layer or convolution does, and its transpose is known."""
    if isinstance(module, nn.Linear):
        return type(module).forward is nn.Linear.forward
    kind = next((kind for kind in TRANSPOSED if isinstance(module, kind)), None)
    if kind is None or type(module).forward is not kind.forward:
        return False
    # What stands in for a function of the network's code lacks the attributes of a module.
    return getattr(module, "padding_mode", "") == "zeros" and not isinstance(module.padding, str)


@dataclass(frozen=True)
class _Done:
    """What a layer took, has and made of it; not its output, which would keep itself alive through the graph.

    Attributes
    ----------
    back
        The layer's transpose: gives to the input what an output has, through some weights.
    gamma
        How much more a contribution of the output's own sign counts.
    sign
        The output's sign, where gamma is not zero.
    """

    x: torch.Tensor
    weight: torch.Tensor
    divisor: torch.Tensor
    back: Back
    gamma: float = 0.0
    sign: torch.Tensor | None = None


class Direct(Hook):
    """Hooks of a layer that computes what `torch.nn.Linear` or a convolution does.

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
        output = output.detach()
        passed: torch.Tensor = _Step.apply(x, [output], self.done(module, arguments[0], output))
        return passed

    def register(self, module: nn.Module) -> RemovableHandleList:
        """Hook on a layer, before all others: what they see of its output is then in the graph."""
        return RemovableHandleList(
            [
                RemovableHandle(self),
                module.register_forward_pre_hook(self.pre_forward),
                module.register_forward_hook(self.post_forward, prepend=True),
            ]
        )


class DirectEpsilon(Direct, Epsilon):
    """zennit's `Epsilon`."""

    def done(self, module: nn.Module, x: torch.Tensor, output: torch.Tensor) -> _Done:
        """Divide by the output."""
        return _Done(x, _weight(module), stabilize(output), _transpose(module, x.shape))

    def copy(self) -> "DirectEpsilon":
        """Give one for another layer."""
        return DirectEpsilon()


class DirectGamma(Direct, SignedGamma):
    """`SignedGamma`.

    Of contributions c, those of one sign are `(c + |c|) / 2` or `(c - |c|) / 2`. So besides the layer itself it takes
    the sum of all `|c|`, and two products in the backward pass.
    """

    def done(self, module: nn.Module, x: torch.Tensor, output: torch.Tensor) -> _Done:
        """Divide by the output and what counts more of it."""
        weight, bias = _weight(module), module.bias
        sizes = _run(module, x.abs(), weight.abs(), None if bias is None else bias.detach().abs())  # type: ignore[operator]
        sign = output.sign()
        divisor = stabilize(output + self.gamma * (output + sign * sizes) / 2)
        return _Done(x, weight, divisor, _transpose(module, x.shape), self.gamma, sign)


def _weight(module: nn.Module) -> torch.Tensor:
    weight: torch.Tensor = module.weight.detach()  # type: ignore[operator]
    return weight


def _run(module: nn.Module, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Run a layer with other weights."""
    if isinstance(module, nn.Linear):
        return functional.linear(x, weight, bias)
    found: torch.Tensor = module._conv_forward(x, weight, bias)  # type: ignore[operator]
    return found


def _transpose(module: nn.Module, shape: torch.Size) -> Back:
    """Give the transpose of a layer for inputs of a shape; of a convolution they may lack the axis of images."""
    if isinstance(module, nn.Linear):
        return lambda share, weight: share @ weight
    transposed = next(function for kind, function in TRANSPOSED.items() if isinstance(module, kind))
    how = (module.stride, module.padding, module.dilation, module.groups)
    if len(shape) == module.weight.ndim:
        return lambda share, weight: transposed(shape, weight, share, *how)
    return lambda share, weight: transposed((1, *shape), weight, share[None], *how)[0]


class _Step(torch.autograd.Function):
    """Gives the one output of a list, which hides it from autograd; its gradient is the rule's relevance."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (as torch has it)
        x: torch.Tensor,
        outputs: list[torch.Tensor],
        done: _Done,
    ) -> torch.Tensor:
        ctx.done = done
        return outputs[0]

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401
        done: _Done = ctx.done
        share = relevance / done.divisor
        if not done.gamma or done.sign is None:
            return done.x * done.back(share, done.weight), None, None
        share = share * done.sign.abs()  # an output of zero has no sign whose contributions could count more
        plain = done.x * done.back(share, done.weight)
        more = done.x.abs() * done.back(share * done.sign, done.weight.abs())
        return plain + done.gamma / 2 * (plain + more), None, None

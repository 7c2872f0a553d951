"""Rules of zennit for a batch that holds one image many times: what depends on the image is computed once."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.grad import conv2d_input
from zennit.core import BasicHook, Composite, Hook, RemovableHandle, RemovableHandleList, mod_params
from zennit.rules import Pass

from lucidag.explain.relevance.direct import Direct

Transfer = Callable[[torch.Tensor], torch.Tensor]

ROUNDING = 1e-5


class SharedComposite(Composite):
    """A composite of zennit, to be used while a network sees B copies of one image.

    It has the canonizers and the rules of `composite`. zennit's rules run a module again in each backward pass, on
    inputs and weights that the rule changes, and autograd's own gradient of the module is computed and thrown away;
    here the first is done once for an image, on one copy, and the second never. What is left of a pass is the
    transposed module, and of several (ZPlus: for positive and for negative inputs) those that add anything.

    A rule that is no plain `BasicHook` or `Pass` stays as it is.
    """

    def __init__(self, composite: Composite) -> None:
        def shared(context: dict[str, Any], name: str, module: nn.Module) -> Hook | None:
            rule = composite.module_map(context, name, module)
            return SharedRule(rule) if _is_plain(rule) else rule

        super().__init__(shared, composite.canonizers)


class SharedRule(Hook):
    """A `BasicHook` or `Pass` of zennit for B copies of one image; the module runs on one of them.

    Where a module does not get copies along its first axis, as of T x N x D or of windows, the rule is zennit's.
    """

    def __init__(self, rule: BasicHook | Pass) -> None:
        super().__init__()
        self._rule, self._alone = rule, rule.copy()

    def pre_forward(self, module: nn.Module, arguments: tuple[torch.Tensor, ...]) -> Any:  # noqa: ANN401 (as zennit)
        (copies,) = arguments
        if not _same(copies):
            return self._alone.pre_forward(module, arguments)
        self.stored_tensors["copies"] = copies
        # A copy, as the module may work in place.
        return copies[:1].detach().clone()

    def post_forward(self, module: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor) -> Any:  # noqa: ANN401
        copies = self.stored_tensors.pop("copies", None)
        if copies is None:
            return self._alone.post_forward(module, arguments, output)
        plain = isinstance(self._rule, BasicHook)
        transfer: Transfer = _Plain(self._rule, module, arguments[0].detach()) if plain else lambda same: same
        passed: torch.Tensor = _Step.apply(copies, output.detach(), transfer)
        return passed

    def forward(self, module: nn.Module, arguments: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        self._alone.forward(module, arguments, output)

    def remove(self) -> None:
        super().remove()
        self._alone.remove()

    def copy(self) -> "SharedRule":
        return SharedRule(self._rule)

    def register(self, module: nn.Module) -> RemovableHandleList:
        return RemovableHandleList(
            [
                RemovableHandle(self),
                module.register_forward_pre_hook(self.pre_forward),
                module.register_forward_hook(self.post_forward),
                module.register_forward_hook(self.forward),
            ]
        )


def _same(copies: torch.Tensor) -> bool:
    """Tell whether all along the first axis is the same, but for rounding."""
    return bool((copies - copies[:1]).abs().max() <= ROUNDING * copies.abs().max())


class _Step(torch.autograd.Function):
    """Gives a module's output for all copies; its gradient is the rule's relevance."""

    @staticmethod
    def forward(ctx: Any, copies: torch.Tensor, output: torch.Tensor, transfer: Transfer) -> torch.Tensor:  # noqa: ANN401
        ctx.transfer = transfer
        return output.expand(len(copies), *output.shape[1:]).clone(memory_format=torch.contiguous_format)

    @staticmethod
    def backward(ctx: Any, relevance: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # noqa: ANN401
        return ctx.transfer(relevance), None, None


class _Plain:
    """The transfer of a `BasicHook`, prepared when it is first needed: it is linear in the relevance.

    Like `BasicHook.backward`, for one image whose relevance comes in a batch.
    """

    def __init__(self, rule: BasicHook, module: nn.Module, image: torch.Tensor) -> None:
        self._rule, self._module, self._image = rule, module, image
        self._inputs: list[torch.Tensor] = []
        self._outputs: list[torch.Tensor] = []
        self._backs: list[Transfer | None] = []

    def __call__(self, relevance: torch.Tensor) -> torch.Tensor:
        if not self._inputs:
            self._prepare(len(relevance))
        upper = self._rule.gradient_mapper(relevance, self._outputs)
        upper = (upper,) if isinstance(upper, torch.Tensor) else upper
        lower = [
            torch.zeros_like(own) if back is None else back(each)
            for own, back, each in zip(self._inputs, self._backs, upper, strict=True)
        ]
        reduced: torch.Tensor = self._rule.reducer(self._inputs, lower)
        return reduced.expand(len(relevance), *reduced.shape[1:])

    def _prepare(self, count: int) -> None:
        rule, module = self._rule, self._module
        modifiers = zip(rule.input_modifiers, rule.param_modifiers, rule.output_modifiers, strict=True)
        self._inputs = [modify(self._image) for modify in rule.input_modifiers]
        needed = _needed(rule, self._inputs)
        for place, (_, change_weights, change_output) in enumerate(modifiers):
            own = self._inputs[place]
            with mod_params(module, change_weights, param_keys=rule.param_keys, require_params=rule.require_params):
                with torch.no_grad():
                    plain = module.forward(own)
                    self._outputs.append(change_output(plain))
                direct = _transposed(module, own.shape[1:]) if self._outputs[-1] is plain else None
                if not needed[place]:
                    self._backs.append(None)
                else:
                    self._backs.append(direct or _by_autograd(module, own, change_output, count))


def _needed(rule: BasicHook, inputs: Sequence[torch.Tensor]) -> list[bool]:
    """Tell which gradients a rule's reducer, linear in them, uses: after a ReLU that of negative inputs counts zero."""
    nothing = [torch.zeros_like(each) for each in inputs]
    alone = [[*nothing[:at], torch.ones_like(own), *nothing[at + 1 :]] for at, own in enumerate(inputs)]
    return [bool(rule.reducer(inputs, gradients).any()) for gradients in alone]


def _transposed(module: nn.Module, shape: torch.Size) -> Transfer | None:
    """Give the transpose of a linear module with the weights that it has now; None if it is another module."""
    if type(module) is nn.Linear:
        matrix = module.weight.detach()
        return lambda upper: upper @ matrix
    if type(module) is not nn.Conv2d or module.padding_mode != "zeros" or isinstance(module.padding, str):
        return None
    kernel = module.weight.detach()
    settings = (module.stride, module.padding, module.dilation)
    if module.groups == 1 and torch.equal(kernel, kernel[:1, :1].expand_as(kernel)):
        # One channel stands for all (Flat).
        one = kernel[:1, :1]
        return lambda upper: conv2d_input(
            (len(upper), 1, *shape[1:]), one, upper.sum(1, keepdim=True), *settings
        ).expand(-1, shape[0], -1, -1)
    return lambda upper: conv2d_input((len(upper), *shape), kernel, upper, *settings, module.groups)


def _by_autograd(module: nn.Module, own: torch.Tensor, change_output: Transfer, count: int) -> Transfer:
    """Give the gradient of any module with the weights that it has now; its graph is kept."""
    with torch.enable_grad():
        copies = own.detach().expand(count, *own.shape[1:]).clone().requires_grad_()
        output = change_output(module.forward(copies))
    return lambda upper: torch.autograd.grad(output, copies, upper.expand_as(output), retain_graph=True)[0]


def _is_plain(rule: Hook | None) -> bool:
    if isinstance(rule, Direct):
        return True  # what it does faster is what its other class, a `BasicHook`, says
    if not isinstance(rule, BasicHook):
        return type(rule) is Pass
    own = ("pre_forward", "post_forward", "pre_backward", "forward", "backward", "register")
    return all(getattr(type(rule), name) is getattr(BasicHook, name) for name in own)

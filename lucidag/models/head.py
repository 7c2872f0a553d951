"""The last linear layer of a classifier, and what goes into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from lucidag.ground.errors import InputError


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Hold every module of `model` in eval mode, and give each its own mode back afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def capture_input(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Collect the first argument of each call of `module` while the block lasts."""
    seen: list[torch.Tensor] = []

    def hook(_: nn.Module, arguments: tuple[Any, ...]) -> None:
        seen.append(arguments[0].detach())

    handle = module.register_forward_pre_hook(hook)
    try:
        yield seen
    finally:
        handle.remove()


def linear_head(model: nn.Module, example: torch.Tensor) -> str | None:
    """Find the linear layer whose output is the output of the network, by running `example`.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored.
    example
        A batch that it takes, N x channels x size x size.

    Returns
    -------
    The name of the layer, such as ``"fc"`` or ``"classifier.6"`` (the last one called, where several fit),
    or None where the network ends in something else.

    Raises
    ------
    InputError
        If the network's output is no N x C tensor, or the layer's input is not N x K.
    """
    with evaluating(model), _record_linear(model) as calls, torch.inference_mode():
        output = model(example)
    if not isinstance(output, torch.Tensor) or output.ndim != 2:
        what = f"a tensor of shape {tuple(output.shape)}" if isinstance(output, torch.Tensor) else type(output).__name__
        raise InputError(f"network '{type(model).__name__}' gives {what}; a classifier must give N x classes logits")
    found = [(name, shape) for name, shape, result in calls if result is output or torch.equal(result, output)]
    if not found:
        return None
    name, shape = found[-1]
    if len(shape) != 2:
        raise InputError(
            f"network '{type(model).__name__}': the input of its last linear layer '{name}' has shape {shape}; "
            "it must be N x K, one number a unit"
        )
    return name


def find_head(model: nn.Module, example: torch.Tensor) -> str:
    """Find the last linear layer as `linear_head` does.

    Raises
    ------
    InputError
        If there is none: then the network has no penultimate units.
    """
    name = linear_head(model, example)
    if name is None:
        raise InputError(
            f"network '{type(model).__name__}' does not end in a linear layer, so it has no penultimate units: "
            "choose an architecture that ends in one (such as 'resnet18'), or switch off the analyses of units for it"
        )
    return name


@contextmanager
def _record_linear(model: nn.Module) -> Iterator[list[tuple[str, tuple[int, ...], torch.Tensor]]]:
    """Collect (name, shape of the input, output) of each call of a linear layer whose output is N x C."""
    calls: list[tuple[str, tuple[int, ...], torch.Tensor]] = []

    def hook_for(name: str) -> Any:  # noqa: ANN401 (torch's hooks have no common type)
        def hook(_: nn.Module, arguments: tuple[Any, ...], output: torch.Tensor) -> None:
            calls.append((name, tuple(arguments[0].shape), output))

        return hook

    handles = [
        module.register_forward_hook(hook_for(name))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()

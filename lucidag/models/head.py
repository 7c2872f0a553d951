"""The last linear layer of a classifier."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.recorder import described, recording


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
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    with evaluating(model), recording(model, linear) as calls, torch.inference_mode():
        output = model(example)
    if not isinstance(output, torch.Tensor) or output.ndim != 2:
        what = described(output)
        raise InputError(f"network '{type(model).__name__}' gives {what}; a classifier must give N x classes logits")
    found = [call for call in calls if call.output is output or torch.equal(call.output, output)]
    if not found:
        return None
    name, shape = found[-1].name, tuple(found[-1].inputs[0].shape)
    if len(shape) != 2:
        raise InputError(
            f"network '{type(model).__name__}': the input of its last linear layer '{name}' has shape {shape}; "
            "it must be N x K, one number per unit"
        )
    return name

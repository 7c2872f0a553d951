"""Networks with one logit, which says yes or no, made to give one for each of two classes.

The logits are (-z/2, z/2): their softmax is (1 - sigmoid(z), sigmoid(z)), and neither class is another's background.
"""

from contextlib import suppress
from itertools import takewhile
from typing import Any

import torch
from torch import nn

from lucidag.models.ending import MOVING, change_ending, last_steps
from lucidag.models.head import evaluating, linear_head
from lucidag.models.recorder import recording
from lucidag.models.steps import Step, Steps, steps_of
from lucidag.models.tail import find_tail

CLASSES = 2
HALVES = (-0.5, 0.5)
SAME = 1e-4  # of the greatest logit
FROM_ONE = "made_of_one_logit"  # an attribute of a layer that was given a second output
LIMITS = ("clamp", "clip")  # what keeps probabilities off 0 and 1


def gives_one_logit(output: object, images: int) -> bool:
    """Tell whether an output holds one number for each image."""
    return isinstance(output, torch.Tensor) and output.ndim > 0 and output.numel() == len(output) == images


def with_two_logits(model: nn.Module, example: torch.Tensor) -> str | None:
    """Make a network with one logit give two, in place, and say so; leave any other as it is.

    Of a network that ends in a sigmoid, what the sigmoid takes is the logit. Where that comes from a linear layer, or
    from a convolution with nothing but a mean over places behind it, the layer gets a second output; else the logit is
    halved at the end of the network.

    Parameters
    ----------
    model
        A classifier of two classes, with any weights.
    example
        A batch of at least two images that it takes.

    Returns
    -------
    str or None
        A sentence, or None if the network was left as it is.
    """
    if not gives_one_logit(output_of(model, example), len(example)):
        return None
    left_out = _left_out(steps_of(model, example))
    if left_out:
        change_ending(model, left_out)
    if not _widened(model, example, _only_linear(model, example)):
        with evaluating(model), torch.no_grad():
            flat = model(example).ndim == 2
        if not flat:
            change_ending(model, (), _rows)
        if not _widened(model, example, _only_convolution(model, example)):
            change_ending(model, (), _two)
    squashed = any(step.function == "sigmoid" for step in left_out)
    what = "what its last sigmoid takes" if squashed else "one logit"
    return f"network '{type(model).__name__}' gives {what}, z, for two classes: it is taken for the logits (-z/2, z/2)"


def classes_of(model: nn.Module, example: torch.Tensor) -> int | None:
    """Tell how many classes a network is for, if it gives logits."""
    output = output_of(model, example)
    if gives_one_logit(output, len(example)):
        return CLASSES
    return output.shape[1] if isinstance(output, torch.Tensor) and output.ndim == 2 else None


def output_of(model: nn.Module, example: torch.Tensor) -> Any:  # noqa: ANN401 (whatever a network gives)
    """Run a network; None if it refuses the batch, which the check of outputs tells of."""
    with evaluating(model), torch.no_grad(), suppress(RuntimeError, ValueError, IndexError, AssertionError):
        return model(example.clone())
    return None


def two_rows(values: torch.Tensor) -> torch.Tensor:
    """Give the weight or bias of one logit as that of two."""
    return torch.cat([values * half for half in HALVES])


def _rows(output: torch.Tensor) -> torch.Tensor:
    return output.reshape(output.size(0), -1)


def _two(logit: torch.Tensor) -> torch.Tensor:
    logit = logit.reshape(-1, 1)
    return torch.cat([logit * half for half in HALVES], 1)


def _left_out(steps: Steps) -> list[Step]:
    """Return the last steps as far as they only move the logit, or make a probability of it."""
    last = list(takewhile(lambda step: step.function in (*MOVING, *LIMITS, "sigmoid"), last_steps(steps)))
    squashing = next((place + 1 for place, step in enumerate(last) if step.function == "sigmoid"), 0)
    return last[:squashing] + list(takewhile(lambda step: step.function in MOVING, last[squashing:]))


def _only_linear(model: nn.Module, example: torch.Tensor) -> nn.Linear | None:
    """Return the linear layer that gives the output, if nothing else uses or computes its weight."""
    with evaluating(model), torch.no_grad():
        if model(example).ndim != 2:
            return None
    name = linear_head(model, example)
    if name is None:
        return None
    layer = model.get_submodule(name)
    with evaluating(model), torch.no_grad(), recording(model, [name]) as calls:
        model(example)
    own = isinstance(layer, nn.Linear) and isinstance(layer._parameters.get("weight"), nn.Parameter)
    plain = own and not layer._forward_pre_hooks and len(calls) == 1
    return layer if plain else None  # type: ignore[return-value]


def _only_convolution(model: nn.Module, example: torch.Tensor) -> nn.Conv2d | None:
    """Return the 1 x 1 convolution that the output is linear in."""
    tail = find_tail(model, example)
    layer = None if tail is None or not tail.linear else model.get_submodule(tail.layer)
    return layer if isinstance(layer, nn.Conv2d) else None


def _widened(model: nn.Module, example: torch.Tensor, layer: nn.Linear | nn.Conv2d | None) -> bool:
    """Give a layer a second output; leave it as it is, and tell, where that does not make two logits of one."""
    if layer is None:
        return False
    size = "out_features" if isinstance(layer, nn.Linear) else "out_channels"
    before = {name: getattr(layer, name) for name in ("weight", "bias") if getattr(layer, name) is not None}
    with evaluating(model), torch.no_grad():
        wanted = _two(model(example))
    setattr(layer, size, CLASSES)
    for name, values in before.items():
        setattr(layer, name, nn.Parameter(two_rows(values.detach()), requires_grad=values.requires_grad))
    output = output_of(model, example)
    same = isinstance(output, torch.Tensor) and output.shape == wanted.shape
    if same and bool((output - wanted).abs().max() <= SAME * wanted.abs().max()):
        vars(layer)[FROM_ONE] = True
        return True
    setattr(layer, size, 1)
    for name, values in before.items():
        setattr(layer, name, values)
    return False

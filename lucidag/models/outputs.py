"""What a classifier must give, one logit per class, and what to do about a network that gives something else."""

from typing import Any

import torch
from torch import nn

from lucidag.ground.errors import InputError, first_line
from lucidag.models.head import evaluating
from lucidag.models.recorder import described

IMAGENET = 1000
LARGE = {10450: "ImageNet-21k-P", 11221: "ImageNet-21k", 21841: "ImageNet-21k", 21843: "ImageNet-21k"}
UNSTEADY = 1e-4  # of the greatest output: more than rounding
PASSED_ON = ("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Clone", "ToCopy", "Alias", "Select")


def check_outputs(model: nn.Module, example: torch.Tensor, classes: int) -> torch.Tensor:
    """Run a network on an example, in eval mode, and stop where it does not give a logit per class.

    Returns
    -------
    What it gives, N x classes, without its graph.

    Raises
    ------
    InputError
        If it refuses the example, gives another shape than N x classes, ends in a sigmoid, or gives other numbers in a
        second pass.
    """
    name = type(model).__name__
    with evaluating(model), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # what is random in eval mode is told with the same number each time
        try:
            output = model(example.clone().requires_grad_())
        except (RuntimeError, ValueError, IndexError, AssertionError) as error:
            shape = " x ".join(map(str, example.shape[1:]))
            raise InputError(
                f"network '{name}' refuses images of {shape} (channels x height x width): {first_line(error)[:200]}; "
                "check input.size (frames are square) and input.channels"
            ) from error
    if not isinstance(output, torch.Tensor) or output.ndim != 2 or len(output) != len(example):
        raise InputError(f"network '{name}' gives {described(output)}; a classifier must give N x classes logits")
    if output.shape[1] != classes:
        raise InputError(
            f"network '{name}' gives {output.shape[1]} outputs, and the data set has {classes} classes: "
            f"{advice(output.shape[1], classes)}"
        )
    if "Sigmoid" in _last_step(output):
        raise InputError(
            f"network '{name}' ends in a sigmoid, so that an image may have several classes at once: lucidag examines "
            "classes that exclude each other; if yours do, let the factory leave out the sigmoid and give logits"
        )
    _check_steady(model, example, output.detach())
    return output.detach()


def _check_steady(model: nn.Module, example: torch.Tensor, first: torch.Tensor) -> None:
    """Run the network again: what is random in eval mode makes every measure of it one of chance."""
    with evaluating(model), torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        apart = float((model(example.clone()) - first).abs().max())
    if apart > UNSTEADY * max(float(first.abs().max()), torch.finfo(first.dtype).tiny):
        raise InputError(
            f"network '{type(model).__name__}' gives other outputs when it sees the same image again (by {apart:.2g}), "
            "although it is in eval mode: something in it is random, such as F.dropout(x) without "
            "training=self.training"
        )


def _last_step(output: torch.Tensor) -> str:
    """Return what torch calls the last step of a network that changes values, such as ``AddmmBackward0``."""
    step: Any = output.grad_fn
    while step is not None and step.name().startswith(PASSED_ON) and step.next_functions:
        step = step.next_functions[0][0]
    return "" if step is None else step.name()


def advice(outputs: int, classes: int) -> str:
    """Say what to do about a network whose outputs and the classes of its data set differ in number."""
    fresh = "; or train a new last layer, with new_head: true and `train:`"
    listed = f"name a text file with all {outputs} names in the network's order as the data set's `classes`"
    if outputs == 1:
        return f"one logit says yes or no: {_of_one_logit(classes)}"
    if outputs == IMAGENET and classes == IMAGENET + 1:
        return (
            "the network does not know all of them; if it lacks the background class alone, leave 'background' out of "
            f"the data set's `classes`{fresh}"
        )
    if outputs < classes:
        return (
            "the network does not know all of them: leave out the images of the others and list those that it knows, "
            f"in its order, as the data set's `classes`{fresh}"
        )
    if outputs in (IMAGENET, IMAGENET + 1) and classes < IMAGENET:
        first = ", 'background' in the first line" if outputs == IMAGENET + 1 else ""
        return (
            f"these are ImageNet's{' and a background class' if first else ''}: {listed}{first} "
            f"(config/imagenet.yaml shows one), and images of the few are graded among all{fresh}"
        )
    if outputs in LARGE:
        return f"these are {LARGE[outputs]}'s: {listed}, and images of the few are graded among all{fresh}"
    if outputs == classes + 1:
        return f"one more may be a background class, or one without an image here: {listed}{fresh}"
    return f"the network knows more: {listed}{fresh}"


def _of_one_logit(classes: int) -> str:
    if classes == 2:
        return "let the factory build the network with that one output, and its logit is taken for those of two classes"
    return "it serves two classes; let the data set list these two as its `classes`, or give one logit per class"

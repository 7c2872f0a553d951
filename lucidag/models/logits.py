"""Networks that end in probabilities or their logarithms, made to give logits."""

import torch
from torch import nn

from lucidag.models.ending import MOVING, change_ending, last_steps
from lucidag.models.head import evaluating
from lucidag.models.steps import Step, Steps, steps_of

SUMS = 1e-4  # how near to 1 the outputs of an image must add up
LEAST = 1e-38  # of a probability, before its logarithm


def gives_probabilities(output: torch.Tensor) -> bool:
    """Tell whether the rows of an output (N x C) are probabilities: from 0 to 1, and 1 together."""
    sums = output.sum(1)
    return output.shape[1] > 1 and bool((output >= 0).all() and ((sums - 1).abs() < SUMS).all())


def gives_logarithms(output: torch.Tensor) -> bool:
    """Tell whether the rows of an output (N x C) are logarithms of probabilities."""
    return bool((output <= 0).all()) and gives_probabilities(output.exp())


def with_logits(model: nn.Module, example: torch.Tensor) -> str | None:
    """Make a network that gives probabilities give logits, in place, and say so; leave any other as it is.

    A softmax of probabilities is nearly flat: .9996 becomes .73. Where the network's last step is a softmax, that
    step is left out; else the logarithm of the probabilities is taken, whose softmax they are. A log-softmax as last
    step is left out too: its numbers are logits, but each depends on all that the layer before it gives.

    Parameters
    ----------
    model
        A classifier that gives N x C numbers.
    example
        A batch that it takes.

    Returns
    -------
    str or None
        A sentence, or None if the network was left as it is.
    """
    with evaluating(model), torch.no_grad():
        output = model(example)
    if not gives_probabilities(output) and not gives_logarithms(output):
        return None
    what, function = ("probabilities", "softmax")
    if gives_logarithms(output):
        what, function = ("logarithms of probabilities", "log_softmax")
    skipped = _last(steps_of(model, example), function)
    if skipped is None and function == "log_softmax":
        return None
    change_ending(model, [] if skipped is None else [skipped], _logarithm if skipped is None else None)
    how = "its logarithm is" if skipped is None else f"the input of its last {function.replace('_', '-')} is"
    return f"network '{type(model).__name__}' gives {what}: {how} taken for logits"


def _logarithm(probabilities: torch.Tensor) -> torch.Tensor:
    return probabilities.clamp(min=LEAST).log()


def _last(steps: Steps, function: str) -> Step | None:
    """Return the step of a function that a network ends in, if it does."""
    for step in last_steps(steps):
        if step.function not in MOVING:
            return step if step.function == function else None
    return None

"""Networks that end in probabilities, made to give logits."""

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


def with_logits(model: nn.Module, example: torch.Tensor) -> str | None:
    """Make a network that gives probabilities give logits, in place, and say so; leave any other as it is.

    A softmax of probabilities is nearly flat: .9996 becomes .73. Where the network's last step is a softmax, that
    step is left out; else the logarithm of the probabilities is taken, whose softmax they are.

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
        if not gives_probabilities(model(example)):
            return None
    skipped = _last_softmax(steps_of(model, example))
    change_ending(model, [] if skipped is None else [skipped], _logarithm if skipped is None else None)
    how = "its logarithm is" if skipped is None else "the input of its last softmax is"
    return f"network '{type(model).__name__}' gives probabilities: {how} taken for logits"


def _logarithm(probabilities: torch.Tensor) -> torch.Tensor:
    return probabilities.clamp(min=LEAST).log()


def _last_softmax(steps: Steps) -> Step | None:
    """Return the softmax that a network ends in, if it does."""
    for step in last_steps(steps):
        if step.function not in MOVING:
            return step if step.function == "softmax" else None
    return None

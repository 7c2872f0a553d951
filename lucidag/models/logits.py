"""Networks that end in probabilities, made to give logits."""

from math import prod
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from lucidag.models.head import evaluating
from lucidag.models.steps import Steps, steps_of

SUMS = 1e-4  # how near to 1 the outputs of an image must add up
LEAST = 1e-38  # of a probability, before its logarithm
MOVING = ("squeeze", "unsqueeze", "flatten", "view", "reshape", "contiguous", "float", "to", "getitem")


def gives_probabilities(output: torch.Tensor) -> bool:
    """Tell whether the rows of an output (N x C) are probabilities: from 0 to 1, and 1 together."""
    sums = output.sum(1)
    return output.shape[1] > 1 and bool((output >= 0).all() and ((sums - 1).abs() < SUMS).all())


def with_logits(model: nn.Module, example: torch.Tensor) -> str | None:
    """Make a network that gives probabilities give logits, in place, and say so; leave any other as it is.

    A softmax of probabilities is nearly flat: .9996 becomes .73. Where the network's last step is a softmax, that
    step is left out; else the logarithm of the probabilities is taken, whose softmax they are. The class of the
    network is replaced by a subclass of the same name, as torch's `parametrize` does with layers; the names of its
    tensors stay.

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
    kind, skipped = type(model), _last_softmax(steps_of(model, example))

    def forward(self: nn.Module, *arguments: Any, **named: Any) -> torch.Tensor:  # noqa: ANN401 (as torch has it)
        if skipped is None:
            found: torch.Tensor = kind.forward(self, *arguments, **named)
            return found.clamp(min=LEAST).log()
        with _WithoutSoftmax(skipped):
            logits: torch.Tensor = kind.forward(self, *arguments, **named)
        return logits

    model.__class__ = type(kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__})
    how = "its logarithm is" if skipped is None else "the input of its last softmax is"
    return f"network '{kind.__name__}' gives probabilities: {how} taken for logits"


def _last_softmax(steps: Steps) -> int | None:
    """Count the softmaxes of a network that ends in one, by the way that this one is reached; None for another."""
    place = steps.logits
    count = prod(steps.steps[place].shape)
    while steps.steps[place].function in MOVING and prod(steps.steps[place].shape) == count:
        place = steps.steps[place].sources[0]
    if steps.steps[place].function != "softmax":
        return None
    return sum(step.function == "softmax" for step in steps.steps[: place + 1])


class _WithoutSoftmax(TorchFunctionMode):
    """Passes the input of the n-th softmax on as its output."""

    def __init__(self, which: int) -> None:
        super().__init__()
        self._which, self._seen = which, 0

    def __torch_function__(
        self,
        func: Any,  # noqa: ANN401 (as torch calls it)
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        if getattr(func, "__name__", "") == "softmax":
            self._seen += 1
            if self._seen == self._which:
                return args[0] if args else (kwargs or {})["input"]
        return func(*args, **(kwargs or {}))

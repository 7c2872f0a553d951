"""Model-parameter randomisation: whether an explanation notices that the network has forgotten what it learned.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim, *Sanity checks for saliency maps* (NeurIPS 2018): cascading
randomisation, from the last layer to the first. Binder et al. (CVPR 2023) show that a low correlation alone does not
make an explanation good: a noisy one has it too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.faithfulness.metrics import Measured, shows_nothing
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.correlation import spearman
from lucidag.models.fast import copied
from lucidag.models.forgetting import forget
from lucidag.models.head import evaluating
from lucidag.models.recorder import recording
from lucidag.models.reproducible import mix, seeded


@dataclass(frozen=True)
class Stage:
    """A network that has forgotten part of what it learned.

    Attributes
    ----------
    model
        A copy, in eval mode.
    layer
        The last layer that was randomised, counted from the end of the network.
    share
        The share of the tensors of parameters that are randomised.
    """

    model: nn.Module
    layer: str
    share: float


def layers(model: nn.Module, example: torch.Tensor) -> list[str]:
    """Name the modules with parameters of their own, in the order in which `example` reaches them.

    A module that is not called, as its owner uses its tensors itself (``qkv`` of a Swin), stands where its owner is
    called.

    Raises
    ------
    InputError
        If there is none.
    """
    named = [name for name, each in model.named_modules() if any(True for _ in each.parameters(recurse=False))]
    if not named:
        raise InputError(f"network '{type(model).__name__}' has no layer with parameters: nothing can be randomised")
    with evaluating(model), recording(model, before=True) as calls, torch.no_grad():
        model(example)
    first = {call.name: -place for place, call in reversed(list(enumerate(calls)))}

    def reached(name: str) -> int:
        while name not in first:
            name = name.rpartition(".")[0]
        return -first[name]

    return sorted(named, key=reached)


def cascade(model: nn.Module, example: torch.Tensor, randomisation_steps: int, seed: int) -> Iterator[Stage]:
    """Randomise a network from its last layer to its first; each stage keeps what the one before it has drawn.

    Layers are drawn anew by `lucidag.models.forgetting.forget`. The draws are the same on any device.

    Parameters
    ----------
    model
        It is left as it is.
    example
        A batch that it takes.
    randomisation_steps
        How many networks: the first without its last layer alone, the last without any, the others between in equal
        steps; fewer where there are fewer layers.
    seed
        Of the draws.
    """
    names = layers(model, example)[::-1]
    device = next(model.parameters()).device
    forgetting = copied(model).cpu().eval()
    modules, done = dict(forgetting.named_modules()), 0
    tensors = [sum(1 for _ in modules[name].parameters(recurse=False)) for name in names]
    for count in np.unique(np.linspace(1, len(names), randomisation_steps).round().astype(int)):
        for index in range(done, count):
            with seeded(mix(seed, index)), torch.no_grad():
                forget(modules[names[index]])
        done = int(count)
        yield Stage(copied(forgetting).to(device), names[done - 1], sum(tensors[:done]) / sum(tensors))


def untrained(model: nn.Module, example: torch.Tensor, seed: int) -> nn.Module:
    """Return a copy of a network of which no layer is left as it was; see `cascade`."""
    *_, last = cascade(model, example, 2, seed)
    return last.model


def correlation(values: NDArray[np.floating], other: NDArray[np.floating]) -> float | None:
    """Return the rank correlation of two maps; None if one of them shows nothing."""
    if shows_nothing(values) or shows_nothing(other):
        return None
    return spearman(values, other)


def randomisation(values: NDArray[np.floating], correlations: Sequence[float | None]) -> Measured:
    """Return the mean absolute rank correlation with the original map over the steps: 1 if the network is ignored.

    Absolute, as a map whose sign turns still shows the same.

    Parameters
    ----------
    values
        S x S: the original map.
    correlations
        Of each stage, see `correlation`.
    """
    if nothing := shows_nothing(values):
        return Measured(None, nothing)
    known = [abs(each) for each in correlations if each is not None]
    if not known:
        return Measured(None, "the map of each randomised network shows nothing")
    missing = len(correlations) - len(known)
    note = f"the map shows nothing in {missing} of {len(correlations)} randomised networks" if missing else ""
    return Measured(float(np.mean(known)), note)

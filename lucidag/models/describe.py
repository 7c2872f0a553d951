"""Describe the layers of a network, by running it once."""

from collections.abc import Mapping

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.layers import IMAGE, Layer, Layers
from lucidag.models.layout import channel_axis
from lucidag.models.steps import Steps, steps_of


def describe(model: nn.Module, example: torch.Tensor) -> Layers:
    """Say what each step of a network gives, which of them lead to the logits, and which module gives what.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored. Tensors on the ``meta`` device will do.
    example
        A batch that it takes.

    Returns
    -------
    Where torch does not show the steps, as of a network that is one compiled script, there is a ``fault`` and no step.
    """
    modules = [name for name, _ in model.named_modules() if name]
    try:
        steps = steps_of(model, example)
    except InputError as error:
        return Layers(type(model).__name__, (), dict.fromkeys(modules, ()), fault=str(error))
    names = _module_names(steps)
    found = tuple(_layer(steps, place, names) for place in range(len(steps.steps)))
    return Layers(type(model).__name__, found, {name: steps.outputs.get(name, ()) for name in modules})


def _layer(steps: Steps, place: int, names: Mapping[int, str]) -> Layer:
    step = steps.steps[place]
    return Layer(
        name=names.get(place, step.name),
        step=step.name,
        place=place,
        function=step.function,
        sources=step.sources,
        shape=step.shape,
        axis=channel_axis(steps, place),
        trunk=place in steps.trunk,
        leads=place in steps.between,
    )


def _module_names(steps: Steps) -> dict[int, str]:
    """Give by place the outermost module that gives a step's output and runs once."""
    found: dict[int, str] = {}
    for name, places in steps.outputs.items():
        if len(places) == 1 and places[0] not in (None, IMAGE):
            found[places[0]] = min(found.get(places[0], name), name, key=lambda each: each.count("."))
    return found

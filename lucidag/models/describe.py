"""Describe the layers of a network, by running it once."""

from collections.abc import Mapping

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.layers import IMAGE, Layer, Layers
from lucidag.models.layout import channel_axis
from lucidag.models.steps import Steps, steps_of
from lucidag.models.token_grid import Places, places_in
from lucidag.models.token_ways import leading


def describe(model: nn.Module, example: torch.Tensor) -> Layers:
    """Say what each step of a network gives, which of them lead to the logits, and which module gives what.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored. Tensors on the ``meta`` device will do. Where it
        has an attribute ``named_grid`` (rows, columns, and how many tokens stand in front), this counts more than what
        is found of its tokens.
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
    known = places_in(model, steps, example)
    read = leading(steps, known.grids)
    found = tuple(_layer(steps, place, names, known, read) for place in range(len(steps.steps)))
    return Layers(type(model).__name__, found, {name: steps.outputs.get(name, ()) for name in modules})


def _layer(steps: Steps, place: int, names: Mapping[int, str], known: Places, read: frozenset[int]) -> Layer:
    step, axis = steps.steps[place], channel_axis(steps, place)
    grid = known.grids.get(place)
    by_token = axis == 2 and grid is not None and step.shape[1 - grid.axis] == 1
    return Layer(
        name=names.get(place, step.name),
        step=step.name,
        place=place,
        function=step.function,
        sources=step.sources,
        shape=step.shape,
        axis=axis,
        trunk=place in steps.trunk,
        leads=place in steps.between,
        grid=grid if by_token else None,
        read=place in read or not by_token,
        cut=place in known.cut,
    )


def _module_names(steps: Steps) -> dict[int, str]:
    """Give by place the outermost module that gives a step's output and runs once."""
    found: dict[int, str] = {}
    for name, calls in steps.outputs.items():
        if len(calls) == 1 and calls[0] not in (None, IMAGE):
            found[calls[0]] = min(found.get(calls[0], name), name, key=lambda each: each.count("."))
    return found

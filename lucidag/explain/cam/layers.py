"""The layers of a network that have a map: which one is taken where none is named."""

from dataclasses import replace

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.models.layers import Layer, layer_at, layers_of
from lucidag.models.steps import Steps, steps_of

SHOWN = 8


def default_layer(model: nn.Module, example: torch.Tensor) -> Layer:
    """Give the last layer of a network that says where.

    That is the last step, other than a pooling, that gives N x K x H x W with H * W > 1 and that every path from the
    image to the logits goes through: a step inside of a branch shows a part of the evidence only. It is named after
    the outermost module that gives this very tensor, or as `lucidag.models.steps.Step` says: ``layer4`` of a ResNet,
    ``features`` of a MobileNet, the ReLU before the last pooling of a VGG, the function ``relu`` of a DenseNet.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored.
    example
        A batch that it takes.

    Raises
    ------
    InputError
        If no layer gives such maps, or the network goes on with tokens (N x T x D) after the last that does.
    """
    layers = _on_trunk(steps_of(model, example))
    found = [layer for layer in layers if layer.gives_maps()]
    if not found:
        raise InputError(
            f"network '{type(model).__name__}': no layer gives maps (N x K x H x W with H * W above 1), so it has no "
            "class activation maps"
        )
    if any(layer.gives_tokens() for layer in layers if layer.place > found[-1].place):
        raise InputError(
            f"network '{type(model).__name__}' goes on with tokens (N x T x D) after '{found[-1].name}', its last "
            "layer with maps: name the layer to be explained yourself, if one will do"
        )
    return found[-1]


def find_layer(model: nn.Module, example: torch.Tensor, name: str) -> Layer:
    """Find a layer that can be explained.

    Raises
    ------
    InputError
        If it does not exist, is not called exactly once in a forward pass, or gives no N x K x H x W with
        H * W above 1.
    """
    steps = steps_of(model, example)
    place = next((place for place, step in enumerate(steps.steps) if step.name == name), None)
    if name not in dict(model.named_modules()):
        if place is None:
            names = [each for each, _ in model.named_modules() if each] + [step.name for step in steps.steps]
            raise InputError(f"layer '{name}' does not exist{nearest(name, names)}; {_choices(steps)}")
    elif len(places := steps.outputs.get(name, ())) != 1:
        times = f"called {len(places)} times" if places else "not called"
        raise InputError(f"layer '{name}' is {times} in a forward pass; it must be called once; {_choices(steps)}")
    else:
        place = places[0]
    found = None if place is None else layer_at(steps, place)
    if found is None or not found.gives_maps():
        what = "no tensor that depends on the image" if found is None else found.described()
        raise InputError(
            f"layer '{name}' gives {what}; it must give N x K x H x W with H * W above 1; {_choices(steps)}"
        )
    return replace(found, name=name)


def _on_trunk(steps: Steps) -> list[Layer]:
    return [layer for layer in layers_of(steps) if layer.trunk and not layer.pooling]


def _choices(steps: Steps) -> str:
    names = [layer.name for layer in _on_trunk(steps) if layer.gives_maps()]
    if not names:
        return "no layer of this network will do"
    more = f" and {len(names) - SHOWN} before these" if len(names) > SHOWN else ""
    return f"layers that will do: {', '.join(names[-SHOWN:])}{more}"

"""The layers of a network that have a map: what each gives, which one is taken where none is named."""

from collections.abc import Sequence

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.models.head import evaluating
from lucidag.models.recorder import Call, described, is_map, recording

SHOWN = 8


def default_layer(model: nn.Module, example: torch.Tensor) -> str:
    """Name the last layer of a network that says where.

    That is the last module in forward order, other than a pooling, that gives N x K x H x W with H * W > 1 and is
    called once; of several modules that give that very tensor, the outermost: ``layer4`` of a ResNet, ``features`` of
    a MobileNet, the ReLU before the last pooling of a VGG.

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
    calls = run_recorded(model, example)
    found = map_layers(calls)
    if not found:
        raise InputError(
            f"network '{type(model).__name__}': no layer gives maps (N x K x H x W with H * W above 1), so it has no "
            "class activation maps"
        )
    last = max(place for place, call in enumerate(calls) if call.name == found[-1])
    if any(isinstance(call.output, torch.Tensor) and call.output.ndim == 3 for call in calls[last + 1 :]):
        raise InputError(
            f"network '{type(model).__name__}' goes on with tokens (N x T x D) after '{found[-1]}', its last layer "
            "with maps: name the layer to be explained yourself, if one will do"
        )
    return found[-1]


def check_layer(model: nn.Module, example: torch.Tensor, layer: str) -> None:
    """Make sure that a layer can be explained.

    Raises
    ------
    InputError
        If it does not exist, is not called exactly once in a forward pass, or gives no N x K x H x W with
        H * W above 1.
    """
    calls = run_recorded(model, example)
    choices = _choices(map_layers(calls))
    try:
        module = model.get_submodule(layer)
    except AttributeError:
        names = [name for name, _ in model.named_modules() if name]
        raise InputError(f"layer '{layer}' does not exist{nearest(layer, names)}; {choices}") from None
    outputs = [call.output for call in calls if call.module is module]
    if len(outputs) != 1:
        times = f"called {len(outputs)} times" if outputs else "not called"
        raise InputError(f"layer '{layer}' is {times} in a forward pass; it must be called once; {choices}")
    if not is_map(outputs[0]):
        raise InputError(
            f"layer '{layer}' gives {described(outputs[0])}; it must give N x K x H x W with H * W above 1; {choices}"
        )


def run_recorded(model: nn.Module, example: torch.Tensor) -> list[Call]:
    """Run a network once in eval mode and give the calls of its modules, each when it returns."""
    with evaluating(model), recording(model) as calls, torch.no_grad():
        model(example)
    return calls


def map_layers(calls: Sequence[Call]) -> list[str]:
    """Name the layers that give maps and are called once, in forward order; of one tensor's, the last to return."""
    times: dict[nn.Module, int] = {}
    pooled: set[int] = set()
    last: dict[int, str] = {}
    for call in calls:
        times[call.module] = times.get(call.module, 0) + 1
        if type(call.module).__name__.lower().endswith("pool2d"):
            pooled.add(id(call.output))
    for call in calls:
        if call.name and is_map(call.output) and times[call.module] == 1 and id(call.output) not in pooled:
            # An outer module returns after those in it, and so stays; taken out first to keep forward order.
            last.pop(id(call.output), None)
            last[id(call.output)] = call.name
    return list(last.values())


def _choices(names: Sequence[str]) -> str:
    if not names:
        return "no layer of this network will do"
    more = f" and {len(names) - SHOWN} before these" if len(names) > SHOWN else ""
    return f"layers that will do: {', '.join(names[-SHOWN:])}{more}"

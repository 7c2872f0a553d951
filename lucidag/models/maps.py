"""The layers of a network whose units are looked at where none are named."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from lucidag.models.head import evaluating
from lucidag.models.recorder import Call, is_map, recording

BLOCKS = 3
PASSING = (nn.Flatten, nn.Dropout, nn.Identity)


def own_layers(model: nn.Module, example: torch.Tensor, head: str | None) -> tuple[list[str], str | None]:
    """Name the layers of a network whose units are looked at where none are named.

    These are its last blocks with maps: of the modules beside the last that says where (its maps have more than one
    pixel) those that are made of others, as ``layer2``, ``layer3`` and ``layer4`` of a ResNet; where there are fewer
    than two, for each size of the maps the last of the outermost modules, as the ReLUs before the last three poolings
    of a VGG. A network without maps has the last layer of N x K numbers before its head. What a network has added to a
    published one (``additions``) is none of its blocks.

    Parameters
    ----------
    model, example
        A classifier, which is run in eval mode with its modes restored, and a batch that it takes.
    head
        The last linear layer, which is the last of them; None: there is none.

    Returns
    -------
    layers, block
        At most three and the head, in forward order; and the last of them that is not the head, None if there is none.
    """
    calls = run_recorded(model, example)
    added = tuple(getattr(model, "additions", ()))
    calls = [call for call in calls if not added or call.name.split(".")[0] not in added]
    found = map_layers(calls)
    if not found or _tokens_after(calls, found[-1]):
        blocks = _vectors(calls, head)
    else:
        blocks = _siblings(calls, found[-1]) or _by_size(calls, found)
    return blocks + ([head] if head is not None else []), blocks[-1] if blocks else None


def run_recorded(model: nn.Module, example: torch.Tensor) -> list[Call]:
    """Run a network once in eval mode and give the calls of its modules, each when it returns."""
    with evaluating(model), recording(model) as calls, torch.no_grad():
        model(example)
    return calls


def map_layers(calls: Sequence[Call], wanted: Callable[[object], bool] = is_map) -> list[str]:
    """Name the layers that give maps and are called once, in forward order; of one tensor's, the last to return."""
    times: dict[nn.Module, int] = {}
    pooled: set[int] = set()
    last: dict[int, str] = {}
    for call in calls:
        times[call.module] = times.get(call.module, 0) + 1
        if type(call.module).__name__.lower().endswith("pool2d"):
            pooled.add(id(call.output))
    for call in calls:
        if call.name and wanted(call.output) and times[call.module] == 1 and id(call.output) not in pooled:
            # An outer module returns after those in it, and so stays; taken out first to keep forward order.
            last.pop(id(call.output), None)
            last[id(call.output)] = call.name
    return list(last.values())


def _tokens_after(calls: Sequence[Call], layer: str) -> bool:
    last = max(place for place, call in enumerate(calls) if call.name == layer)
    return any(isinstance(call.output, torch.Tensor) and call.output.ndim == 3 for call in calls[last + 1 :])


def _siblings(calls: Sequence[Call], last: str) -> list[str]:
    """Return the last blocks beside a layer, it among them; a block of small images may have maps of one pixel."""
    modules = {call.name: call.module for call in calls}
    outer = last.rpartition(".")[0]
    found = [
        name
        for name in map_layers(calls, lambda output: isinstance(output, torch.Tensor) and output.ndim == 4)
        if name.rpartition(".")[0] == outer and any(True for _ in modules[name].children())
    ]
    return found[-BLOCKS:] if last in found and len(found) > 1 else []


def _by_size(calls: Sequence[Call], names: Sequence[str]) -> list[str]:
    """Return the last of the outermost layers of each size of map, as long as maps are square as frames are."""
    sizes = {call.name: tuple(call.output.shape[2:]) for call in calls if call.name in names}
    square = [name for name in names if sizes[name][0] == sizes[name][1]] or list(names)
    last: dict[tuple[int, ...], str] = {}
    for name in square:
        before = last.get(sizes[name])
        if before is None or name.count(".") <= before.count("."):
            last[sizes[name]] = name
    return sorted(last.values(), key=list(names).index)[-BLOCKS:]


def _vectors(calls: Sequence[Call], head: str | None) -> list[str]:
    """Return the last layer of N x K numbers before the head."""
    names = [call.name for call in calls]
    before = calls[: names.index(head)] if head in names else calls
    working = [call for call in before if not isinstance(call.module, PASSING)]
    return map_layers(working, lambda output: isinstance(output, torch.Tensor) and output.ndim == 2)[-1:]

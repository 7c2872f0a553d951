"""The end of a network, changed in place: some of its last steps left out, and a step of another kind added."""

from collections.abc import Callable, Collection
from contextlib import nullcontext
from functools import wraps
from math import prod
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from lucidag.models.layers import IMAGE
from lucidag.models.steps import Step, Steps, function_name

MOVING = (
    *("squeeze", "unsqueeze", "flatten", "view", "reshape", "ravel", "contiguous", "float", "to", "getitem", "select"),
)


def last_steps(steps: Steps) -> list[Step]:
    """List the steps at the end of a network that keep how many numbers there are, the last one first.

    Each takes the output of the next one in the list and nothing else.
    """
    place, found = steps.logits, list[Step]()
    while steps.steps[place].sources != () and steps.steps[place].sources[0] != IMAGE:
        step = steps.steps[place]
        source = steps.steps[step.sources[0]]
        if len(step.sources) > 1 or prod(source.shape) != prod(step.shape):
            break
        found.append(step)
        place = step.sources[0]
    return found


def change_ending(
    model: nn.Module, left_out: Collection[Step], last: Callable[[Any], torch.Tensor] | None = None
) -> None:
    """Let a network pass on what some of its steps take, and do something with what it gives.

    A module that does nothing but such a step gives way to an identity. For others the class of the network is replaced
    by a subclass of the same name, as torch's `parametrize` does with layers. The names of its tensors stay.
    """
    whole = [step for step in left_out if step.module and step.name == step.module]
    for step in whole:
        _replace(model, model.get_submodule(step.module), nn.Identity())
    kind, skipped = type(model), frozenset((each.function, each.before) for each in left_out if each not in whole)
    if not skipped and last is None:
        return

    @wraps(kind.forward)  # torch.fx looks at the names of its arguments
    def forward(self: nn.Module, *arguments: Any, **named: Any) -> torch.Tensor:  # noqa: ANN401 (as torch has it)
        with _Without(skipped) if skipped else nullcontext():
            found = kind.forward(self, *arguments, **named)
        given: torch.Tensor = found if last is None else last(found)
        return given

    model.__class__ = type(kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__})


def _replace(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    for parent in model.modules():
        for name, child in list(parent._modules.items()):
            if child is old:
                setattr(parent, name, new.train(old.training))


class _Without(TorchFunctionMode):
    """Passes on the first argument of some calls, each a function's name and how many calls of it come before."""

    def __init__(self, skipped: Collection[tuple[str, int]]) -> None:
        super().__init__()
        self._skipped = skipped
        self._calls = dict.fromkeys((name for name, _ in skipped), 0)

    def __torch_function__(
        self,
        func: Any,  # noqa: ANN401 (as torch calls it)
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        name = function_name(func)
        if name in self._calls:
            self._calls[name] += 1
            if (name, self._calls[name] - 1) in self._skipped:
                return args[0] if args else (kwargs or {})["input"]
        return func(*args, **(kwargs or {}))

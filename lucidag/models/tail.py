"""A 1 x 1 convolution as the last layer of a classifier: what the network makes of its maps.

Its units are the maps that it takes. Each of its outputs is summed up over places, one class like the other; where
nothing else happens, that is a linear layer on the summed-up units. Where a function is applied to each number of the
maps, such as the ReLU of SqueezeNet, logits are not linear in the units.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import nn
from torch.nn import functional

from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating, linear_head
from lucidag.models.recorder import watching
from lucidag.models.steps import IMAGE, Step, Steps, steps_of

ELEMENTWISE = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "sigmoid", "tanh"),
    *("hardswish", "hardsigmoid", "hardtanh"),
)
SAME = 1e-4  # of the greatest logit
LEVEL = 0.5  # where all of these functions have a slope
DIGITS = 5  # of a sum over places


@dataclass(frozen=True)
class Tail:
    """What follows the units of a network whose last layer is a 1 x 1 convolution.

    Attributes
    ----------
    layer
        Its name.
    functions
        Those that are applied to each number of its maps, in order; none where logits are linear in the units.
    places
        float64 h x w: how much each place of a map counts, 1 / (h w) each in an average.
    padding, stride
        Of the convolution: which places of its input it sees.
    """

    layer: str
    functions: tuple[Callable[[torch.Tensor], torch.Tensor], ...]
    places: torch.Tensor
    padding: tuple[int, int]
    stride: tuple[int, int]

    @property
    def linear(self) -> bool:
        """Whether logits are linear in the units."""
        return not self.functions

    def seen(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the places that the convolution sees, N x K x h x w in float64, of its input."""
        down, across = self.padding
        padded = functional.pad(maps, (across, across, down, down))
        return padded[:, :, :: self.stride[0], :: self.stride[1]].double()

    def summed(self, maps: torch.Tensor) -> torch.Tensor:
        """Sum maps of h x w (the last two axes) up over their places."""
        return (maps * self.places.to(maps.device)).sum((-2, -1))

    def logits(self, maps: torch.Tensor) -> torch.Tensor:
        """Give the logits, ... x C, of what the convolution gives: ... x C x h x w in float64."""
        for function in self.functions:
            maps = function(maps)
        return self.summed(maps)


def find_tail(model: nn.Module, example: torch.Tensor) -> Tail | None:
    """Find the 1 x 1 convolution that classifies, and what follows it.

    The steps behind it must be functions of single numbers, then a weighted sum over places that is the same for all
    classes (poolings, means, moves). The latter is measured: by a gradient, and by a second batch of maps.

    Parameters
    ----------
    model
        A classifier that gives N x C logits. It is run in eval mode; its modes are restored.
    example
        A batch that it takes.

    Returns
    -------
    Tail or None
        None where the network ends in something else.
    """
    steps = steps_of(model, example)
    found = _last_convolution(model, steps)
    if found is None:
        return None
    layer, after = found
    functions = tuple(map(_function, (step for step in after if step.function in ELEMENTWISE)))
    convolution = model.get_submodule(layer)
    assert isinstance(convolution, nn.Conv2d)
    padding = (0, 0) if isinstance(convolution.padding, str) else convolution.padding
    shape = (len(example), *steps.steps[_place(steps, layer)].shape[1:])
    level = torch.full(shape, LEVEL, device=example.device, requires_grad=True)
    given = _with_maps(model, example, layer, level)
    if given.ndim != 2 or given.shape[1] != shape[1]:
        return None
    (slope,) = torch.autograd.grad(given[0, 0], level)
    places = _rounded(slope[0, 0].double().cpu() / _rise(functions))
    tail = Tail(layer, functions, places, padding, convolution.stride)  # type: ignore[arg-type]
    return tail if _holds(tail, model, example, shape) else None


def _rise(functions: Sequence[Callable[[torch.Tensor], torch.Tensor]]) -> torch.Tensor:
    """Return the slope of functions, one after the other, at `LEVEL`."""
    level = torch.tensor(LEVEL, dtype=torch.float64, requires_grad=True)
    value = level
    with torch.enable_grad():
        for function in functions:
            value = function(value)
        (rise,) = torch.autograd.grad(value, level)
    return rise


def _rounded(places: torch.Tensor) -> torch.Tensor:
    """Free a plain mean, or a plain sum, from the rounding of float32."""
    total = round(float(places.sum()), DIGITS)
    even = torch.full_like(places, total / places.numel())
    return even if bool((places - even).abs().max() <= 10.0**-DIGITS * even.abs().max()) else places


def _last_convolution(model: nn.Module, steps: Steps) -> tuple[str, list[Step]] | None:
    """Go back from the logits, as long as steps have one source; return the convolution and the steps after it."""
    place, after = steps.logits, list[Step]()
    while place != IMAGE:
        step = steps.steps[place]
        if step.function == "conv2d":
            return (step.name, after[::-1]) if _classifies(model, step, after) else None
        if len(set(step.sources)) != 1:
            return None
        after.append(step)
        place = step.sources[0]
    return None


def _classifies(model: nn.Module, step: Step, after: Sequence[Step]) -> bool:
    """Tell whether a step is a module that computes its outputs from the units of one place each."""
    if step.name != step.module:
        return False
    layer = model.get_submodule(step.module)
    if not isinstance(layer, nn.Conv2d) or layer._forward_pre_hooks or layer._forward_hooks:
        return False
    plain = isinstance(layer._parameters.get("weight"), nn.Parameter) and layer.padding_mode == "zeros"
    whole = layer.kernel_size == (1, 1) and layer.groups == 1
    early = [each.function in ELEMENTWISE for each in after]  # logits first
    # Once numbers of several places are summed up, no function may follow.
    alone = early == sorted(early) or prod(step.shape[2:]) == 1
    return plain and whole and alone and not any(_learns(model, each) for each in after)


def _learns(model: nn.Module, step: Step) -> bool:
    """Tell whether a step is of a module with values of its own, which are others once weights are loaded."""
    module = model.get_submodule(step.module)
    return bool(step.module) and (bool(module._parameters) or bool(module._buffers))


def _place(steps: Steps, layer: str) -> int:
    (place,) = steps.outputs[layer]
    assert place is not None
    return place


def _function(step: Step) -> Callable[[torch.Tensor], torch.Tensor]:
    function = getattr(functional, step.function)
    positional, named = step.arguments
    more = {key: value for key, value in named.items() if key not in ("inplace", "input")}
    rest = [value for value in positional[1:] if not (step.function == "relu" and isinstance(value, bool))]
    return lambda values: function(values, *rest, **more)


def _with_maps(model: nn.Module, example: torch.Tensor, layer: str, maps: torch.Tensor) -> torch.Tensor:
    """Run a network with maps of one's own in the place of what a layer gives."""
    with evaluating(model), torch.enable_grad(), watching(model, lambda _: maps.clone(), [layer]):
        logits: torch.Tensor = model(example)
    return logits


def _holds(tail: Tail, model: nn.Module, example: torch.Tensor, shape: Sequence[int]) -> bool:
    maps = 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(example.device)
    given = _with_maps(model, example, tail.layer, maps).detach().double()
    found = tail.logits(maps.double())
    return given.shape == found.shape and bool((given - found).abs().max() <= SAME * given.abs().max())


def last_layer(model: nn.Module, example: torch.Tensor) -> tuple[str | None, Tail | None]:
    """Find the layer whose inputs are the penultimate units, and what follows it if it is a convolution.

    Raises
    ------
    InputError
        See `lucidag.models.head.linear_head`.
    """
    head = linear_head(model, example)
    tail = None if head is not None else find_tail(model, example)
    return (head if tail is None else tail.layer), tail


def find_last_layer(model: nn.Module, example: torch.Tensor) -> tuple[str, Tail | None]:
    """Find the last layer as `last_layer` does.

    Raises
    ------
    InputError
        If there is none: then the network has no penultimate units.
    """
    head, tail = last_layer(model, example)
    if head is None:
        raise InputError(
            f"network '{type(model).__name__}' ends neither in a linear layer nor in a 1 x 1 convolution whose maps "
            "are averaged, so it has no penultimate units: choose an architecture that does (such as 'resnet18'), or "
            "switch off the analyses of units for it"
        )
    return head, tail

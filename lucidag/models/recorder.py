"""What the modules of a network take and give in its forward passes; the hooks are gone when a block ends."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known

SHAPES = {2: "N x K", 3: "N x T x D", 4: "N x K x H x W"}  # vectors, tokens, maps


@dataclass(frozen=True)
class Call:
    """One call of a module in a forward pass.

    Attributes
    ----------
    name, module
        The module and its name; of several names of one module, the first.
    inputs
        Its positional arguments.
    output
        What it gave; None where calls are shown before they run.
    """

    name: str
    module: nn.Module
    inputs: tuple[Any, ...]
    output: Any


@contextmanager
def watching(
    model: nn.Module, see: Callable[[Call], Any], layers: Iterable[str] | None = None, before: bool = False
) -> Iterator[None]:
    """Show each call of some modules to a function while the block lasts.

    A deep copy made in the block takes the hooks with it: its calls are shown as well, until the block ends.

    Parameters
    ----------
    model
        The network.
    see
        Is given each call. What it returns, if not None, replaces the output (with `before`, the inputs).
    layers
        Names of modules, ``""`` the network itself; None: all of them.
    before
        Whether a call is shown when it begins rather than when it returns: an outer module then comes before those
        in it, and not after.
    """
    names = [name for name, _ in model.named_modules()] if layers is None else layers
    modules = {name: model.get_submodule(name) for name in names}
    lasts = True

    def hook_for(name: str) -> Callable[..., Any]:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any = None) -> Any:  # noqa: ANN401 (as torch calls it)
            return see(Call(name, module, inputs, output)) if lasts else None

        return hook

    with ExitStack() as stack:
        for name, module in modules.items():
            register = module.register_forward_pre_hook if before else module.register_forward_hook
            stack.enter_context(register(hook_for(name)))
        try:
            yield
        finally:
            lasts = False  # copies keep the hooks


@contextmanager
def recording(model: nn.Module, layers: Iterable[str] | None = None, before: bool = False) -> Iterator[list[Call]]:
    """Collect the calls of some modules while the block lasts, in the order in which `watching` shows them."""
    calls: list[Call] = []
    with watching(model, calls.append, layers, before):
        yield calls


def taken_apart(call: Call) -> tuple[Any, tuple[Any, ...]]:
    """Give what a module gives, and what it gives beside it: torch's attention also gives its weights, or None."""
    if isinstance(call.module, nn.MultiheadAttention) and isinstance(call.output, tuple):
        return call.output[0], call.output[1:]
    return call.output, ()


class _ReachedError(Exception):
    """All layers have run; what is behind them need not."""


@contextmanager
def layer_outputs(
    model: nn.Module, layers: Sequence[str], graph: bool = False, stop: bool = False
) -> Iterator[dict[str, Any]]:
    """Keep what each of `layers` gives in a pass; clear the dict before the next pass.

    What follows a layer may change its output in place, as the ReLU after a BatchNorm does in ResNets, or
    ``out += identity``: so one of the two is a copy, what is kept or what the network goes on with.

    Parameters
    ----------
    model
        The network.
    layers
        Names of its modules.
    graph
        Whether the output itself is kept, with its graph; if not, a copy in float32.
    stop
        Whether the pass, and with it the block, ends once all of the layers have run.

    Raises
    ------
    InputError
        If a layer does not exist, is listed twice, or runs twice in a pass.
    """
    names = [name for name, _ in model.named_modules() if name]
    for place, layer in enumerate(layers):
        check_known("layer", layer, names)
        if layer in layers[:place]:
            raise InputError(f"layers: '{layer}' is listed twice")
    seen: dict[str, Any] = {}

    def see(call: Call) -> Any:  # noqa: ANN401 (as the module has it)
        if call.name in seen:
            raise InputError(
                f"layer '{call.name}' runs more than once in a pass, so it has no one output: name the module before "
                "it or the block around it"
            )
        output, others = taken_apart(call)
        copied = isinstance(output, torch.Tensor)
        seen[call.name] = output.detach().to(torch.float32, copy=True) if copied and not graph else output
        if stop and len(seen) == len(layers):
            raise _ReachedError
        if not (copied and graph):
            return None
        return (output.clone(), *others) if others else output.clone()

    with suppress(_ReachedError), watching(model, see, layers):
        yield seen


def checked_output(
    layer: str, seen: Mapping[str, Any], count: int, dimensions: Sequence[int] = (2, 4), images: int = 0
) -> torch.Tensor:
    """Return a layer's output for a batch.

    Parameters
    ----------
    layer, seen
        The layer, and what `layer_outputs` kept.
    count
        How many images the batch has.
    dimensions
        How many dimensions the output may have: see `SHAPES`.
    images
        Which of its axes has one entry an image.

    Raises
    ------
    InputError
        If the layer did not run or gives something else.
    """
    if layer not in seen:
        raise InputError(f"layer '{layer}' does not run in a forward pass, so it has no activations")
    output, wanted = seen[layer], " or ".join(SHAPES[each] for each in dimensions)
    if not isinstance(output, torch.Tensor):
        raise InputError(f"layer '{layer}' gives a {type(output).__name__}; it must give {wanted} numbers")
    if output.ndim not in dimensions or output.shape[images] != count or 0 in output.shape:
        raise InputError(
            f"layer '{layer}' gives shape {tuple(output.shape)} for a batch of {count}; it must give {wanted}"
        )
    return output


def by_place(values: torch.Tensor) -> torch.Tensor:
    """Give N x K x H x W as N x K x (H * W), and N x K as N x K x 1."""
    return values.flatten(2) if values.ndim == 4 else values[:, :, None]


def described(output: object) -> str:
    """Say what an output is, for an error: its shape, or its type and the shapes of its tensors if it is no tensor."""
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    shapes = [str(tuple(each.shape)) for each in tree_leaves(output) if isinstance(each, torch.Tensor)]
    return f"{type(output).__name__} of tensors of shapes {', '.join(shapes)}" if shapes else type(output).__name__

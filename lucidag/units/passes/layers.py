"""The outputs of named layers of a network, pass by pass."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.models.head import evaluating
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

Forward = Callable[[torch.Tensor], dict[str, torch.Tensor]]


@contextmanager
def capture_outputs(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Keep a copy of what each of `layers` gives in a pass; clear the dict before the next pass.

    It is a copy because what follows may change it in place: in ResNets the ReLU behind a BatchNorm does.

    Raises
    ------
    InputError
        If a layer does not exist, is named twice, or runs twice in a pass.
    """
    modules = dict(model.named_modules())
    for index, layer in enumerate(layers):
        if layer not in modules or not layer:
            raise InputError(unknown("layer", layer, [name for name in modules if name]))
        if layer in layers[:index]:
            raise InputError(f"layers: '{layer}' is named twice")
    seen: dict[str, Any] = {}

    def hook_for(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_: nn.Module, arguments: Any, output: Any) -> None:  # noqa: ANN401 (as torch calls it)
            if name in seen:
                raise InputError(f"layer '{name}' runs more than once in a pass: it has no one output")
            is_tensor = isinstance(output, torch.Tensor)
            seen[name] = output.detach().to(torch.float32, copy=True) if is_tensor else output

        return hook

    handles = [modules[layer].register_forward_hook(hook_for(layer)) for layer in layers]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def forward(network: Network, layers: Sequence[str], device: str, threads: int) -> Iterator[Forward]:
    """Give a function that runs the network over a batch of frames and returns the outputs of `layers`.

    Parameters
    ----------
    network
        The network; it is moved to `device` and held in eval mode inside the block.
    layers
        Names of its modules.
    device, threads
        How to compute; they change the numbers by rounding only.

    Yields
    ------
    A function from uint8 frames (N x channels x S x S) to float32 outputs by layer, each N x K or N x K x H x W.
    It raises InputError if a layer did not run or gives something else.
    """
    network.model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    with (
        reproducible(device, threads),
        evaluating(network.model),
        torch.inference_mode(),
        capture_outputs(network.model, layers) as seen,
    ):

        def outputs_of(frames: torch.Tensor) -> dict[str, torch.Tensor]:
            seen.clear()
            network.model(network.inputs.normalise(frames.to(device)).to(memory_format=torch.channels_last))
            return {layer: _checked(layer, seen, len(frames)) for layer in layers}

        yield outputs_of


def layer_shapes(outputs_of: Forward, network: Network) -> dict[str, tuple[int, ...]]:
    """Give (K,) or (K, H, W) of each layer, by running the network over an empty image."""
    inputs = network.inputs
    frames = torch.zeros((1, inputs.channels, inputs.size, inputs.size), dtype=torch.uint8)
    return {layer: tuple(output.shape[1:]) for layer, output in outputs_of(frames).items()}


def check_finite(layer: str, summary: torch.Tensor, images: Sequence[str]) -> None:
    """Stop at the first image of a batch with NaN or infinity in its row of `summary` (N x K).

    Raises
    ------
    InputError
        It names the layer and the image.
    """
    bad = ~torch.isfinite(summary).all(dim=1)
    if bad.any():
        raise InputError(
            f"layer '{layer}' gives NaN or infinite activations for image '{images[int(bad.nonzero()[0])]}'"
        )


def _checked(layer: str, seen: Mapping[str, Any], count: int) -> torch.Tensor:
    if layer not in seen:
        raise InputError(f"layer '{layer}' does not run in a forward pass, so it has no activations")
    output = seen[layer]
    if not isinstance(output, torch.Tensor):
        raise InputError(
            f"layer '{layer}' gives a {type(output).__name__}; it must give N x K or N x K x H x W numbers"
        )
    if output.ndim not in (2, 4) or len(output) != count or output[0].numel() == 0:
        raise InputError(
            f"layer '{layer}' gives shape {tuple(output.shape)} for a batch of {count}; "
            "it must give N x K or N x K x H x W"
        )
    return output

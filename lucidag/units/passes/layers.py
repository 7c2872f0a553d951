"""The outputs of named layers of a network, pass by pass."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.head import evaluating
from lucidag.models.layers import Layer, find_layer
from lucidag.models.memory_format import settled
from lucidag.models.network import Network
from lucidag.models.portions import portion, portions
from lucidag.models.recorder import checked_output, layer_outputs
from lucidag.models.reproducible import reproducible
from lucidag.models.steps import watching_steps
from lucidag.units.takes import TAKES

Forward = Callable[[torch.Tensor], dict[str, torch.Tensor]]


@contextmanager
def forward(network: Network, layers: Sequence[str], device: str, threads: int) -> Iterator[Forward]:
    """Give a function that runs the network over a batch of frames and returns the outputs of `layers`.

    Parameters
    ----------
    network
        The network; it is moved to `device` and held in eval mode inside the block.
    layers
        Names of its modules, or of functions that their code calls (`lucidag.models.steps.Step`).
    device, threads
        How to compute; they change the numbers by rounding only.

    Yields
    ------
    A function from uint8 frames (N x channels x S x S) to float32 outputs by layer, each N x K or N x K x H x W.
    The units are in axis 1, wherever the network has them, and tokens are maps, without those that stand for no place.
    It raises InputError if a layer did not run or gives something else.
    """
    network.model.to(device)
    known = describe(network.model, network.inputs.example(1).to(device))
    form = settled(network.model, network.inputs.example(1).to(device))
    most = portion(network.model, network.inputs.example(1).to(device))
    steps = {each.step for each in known.steps}
    hooked = all(layer in known.modules or layer not in steps for layer in layers)
    kept: AbstractContextManager[dict[str, Any]] = nullcontext({})
    if hooked:
        kept = layer_outputs(network.model, layers)
    with reproducible(device, threads), evaluating(network.model), torch.inference_mode(), kept as seen:
        named = [layer for layer in layers if not hooked or known.of_module(layer) is not None]
        views = {layer: find_layer(known, layer, TAKES) for layer in named}

        def portion_of(frames: torch.Tensor) -> dict[str, torch.Tensor]:
            seen.clear()
            batch = network.inputs.normalise(frames.to(device)).to(memory_format=form)
            with nullcontext() if hooked else _watched(network.model, batch, views, seen):
                network.model(batch)
            return {layer: _shown(layer, views.get(layer), seen, len(frames)) for layer in layers}

        def outputs_of(frames: torch.Tensor) -> dict[str, torch.Tensor]:
            found = [portion_of(part) for part in portions([frames], most)]
            return {layer: torch.cat([each[layer] for each in found]) for layer in layers}

        yield outputs_of


def _shown(layer: str, view: Layer | None, seen: Mapping[str, Any], count: int) -> torch.Tensor:
    """Give what a layer gave of so many images, with its units in axis 1."""
    if view is None:
        return checked_output(layer, seen, count)
    sizes = (3,) if view.gives_tokens() else (2, 4)
    return view.units_first(checked_output(layer, seen, count, sizes, view.images))


def _watched(
    model: nn.Module, batch: torch.Tensor, views: Mapping[str, Layer], seen: dict[str, Any]
) -> AbstractContextManager[object]:
    """Keep what layers, functions among them, give in the passes of a batch, as `layer_outputs` does of modules alone.

    All go by their steps: what a hook computes would count as a step of the network.
    """

    def see(place: int, output: torch.Tensor) -> None:
        for layer in [layer for layer, view in views.items() if view.place == place]:
            seen[layer] = output.detach().to(torch.float32, copy=True)

    return watching_steps(model, batch, see)


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

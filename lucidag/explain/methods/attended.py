"""What methods share that explain by the attention of a network whose tokens all attend to each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.cam.maps import image_map
from lucidag.explain.methods.base import Method, Need
from lucidag.explain.store import Kind
from lucidag.ground.errors import InputError
from lucidag.models.attention_maps import Attention, watching_attention
from lucidag.models.grids import TokenGrid
from lucidag.models.head import evaluating
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.steps import steps_of
from lucidag.models.token_grid import places_in


@dataclass(frozen=True)
class Attended:
    """One forward pass of N images.

    Attributes
    ----------
    layers
        The attention of each layer, in the graph of the pass.
    logits
        N x C.
    grid
        How the T tokens lie on the image.
    size
        Of the image, in pixels.
    """

    layers: list[Attention]
    logits: torch.Tensor
    grid: TokenGrid
    size: tuple[int, int]

    @property
    def weights(self) -> list[torch.Tensor]:
        """The attention of each layer, N x heads x T x T."""
        return [each.by_head(each.weights.detach(), len(self.logits)) for each in self.layers]

    def gradients(self, of: torch.Tensor, layers: slice = slice(None)) -> list[torch.Tensor]:
        """Give the gradients of a number after the attention of some layers, each N x heads x T x T."""
        asked = self.layers[layers]
        found = torch.autograd.grad(of, [each.weights for each in asked], allow_unused=True)
        return [
            each.by_head(torch.zeros_like(each.weights) if values is None else values, len(self.logits))
            for each, values in zip(asked, found, strict=True)
        ]

    def maps(self, tokens: torch.Tensor) -> NDArray[np.float32]:
        """Give the maps (N x S x S, from 0 to 1) of numbers for each token, N x T."""
        coarse = self.grid.places(tokens, 1)
        # `image_map` takes what is far below 1 for nothing.
        shares = coarse / coarse.amax(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(coarse.dtype).tiny)
        return np.stack([image_map(each, self.size) for each in shares.float().cpu().numpy()])


def read_rows(last: torch.Tensor) -> torch.Tensor:
    """Tell which tokens the network reads behind its last attention: of T those with a gradient there.

    Parameters
    ----------
    last
        The gradient after the last layer's attention, N x heads x T x T: behind it no token is mixed with another.

    Returns
    -------
    T numbers that sum to 1: the share of each token, equal for all that are read. Where nothing is read, as behind a
    last layer of zeros, the first token is taken.
    """
    rows = (last != 0).any(dim=3).any(dim=1).any(dim=0)
    if not bool(rows.any()):
        rows[0] = True
    return rows.to(last.dtype) / rows.sum()


class AttentionMethod(Method):
    """A method that works on the attention of every layer."""

    kind: ClassVar[Kind] = "graded"
    needs: ClassVar[Need] = "attention"
    asked_twice: ClassVar[bool] = True

    def __init__(self, inputs: Inputs | None = None, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(inputs, options)
        self._grids: dict[tuple[int, ...], TokenGrid] = {}  # by the shape of an image; no weights change it

    @classmethod
    def takes(cls, network: Network) -> bool:
        """Say whether the network has attention; where it has, but not what the method needs, it raises InputError."""
        x = network.inputs.example(1).to(next((each.device for each in network.model.parameters()), "cpu"))
        with evaluating(network.model), torch.no_grad(), watching_attention(network.model) as layers:
            network.model(x)
        if not layers:
            return False
        cls.check_layers(network.model, x, layers)
        return True

    @classmethod
    def check_layers(cls, model: nn.Module, x: torch.Tensor, layers: list[Attention]) -> None:
        """Make sure that the method can use the attention of a pass of one image; raises InputError."""
        grid_of(model, x, layers)

    def attended(
        self, model: nn.Module, x: torch.Tensor, forward: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> Attended:
        """Run images, and give the attention of each layer.

        Parameters
        ----------
        model, x
            As `maps` has them.
        forward
            How the network is run, if not plainly.

        Raises
        ------
        InputError
            If not all tokens attend to all others in each layer, or their places on the image are not known.
        """
        with watching_attention(model) as layers:
            logits = (forward or model)(x.detach().requires_grad_().clone())
        shape = tuple(x.shape[1:])
        if shape not in self._grids:
            self._grids[shape] = grid_of(model, x[:1], layers, len(x))
        return Attended(layers, logits, self._grids[shape], (x.shape[2], x.shape[3]))


def grid_of(model: nn.Module, x: torch.Tensor, layers: list[Attention], images: int = 1) -> TokenGrid:
    """Find how the tokens that attend to each other lie on the image.

    Parameters
    ----------
    model, x
        The network in eval mode, and an image (1 x C x S x S).
    layers
        What it attended to in a pass.
    images
        How many images this pass had.

    Raises
    ------
    InputError
        If there is no attention, or a layer has none of all T tokens to all T tokens of an image, or the places of the
        tokens cannot be told.
    """
    name = f"network '{type(model).__name__}'"
    if not layers:
        raise InputError(f"{name} has no attention that could be shown")
    tokens = layers[-1].weights.shape[-1]
    for each in layers:
        if fault := _fault(each.weights, images, tokens):
            raise InputError(
                f"{name}: the attention of {each.where()} {fault}, so what a token attends to cannot be followed "
                "through the layers to the image; leave the model out of such methods by `explain.without`"
            )
    grids = places_in(model, steps_of(model, x), x).grids
    found = [grids[place] for place in sorted(grids) if grids[place].tokens == tokens]
    if not found:
        raise InputError(
            f"{name}: which place of the image each of its {tokens} tokens stands for cannot be told; name their rows "
            "and columns by `models.NAME.token_grid`, and `class_tokens`, or leave the model out of methods that show "
            "attention by `explain.without`"
        )
    return found[-1]


def _fault(weights: torch.Tensor, images: int, tokens: int) -> str:
    """Say why a layer's attention is not that of all tokens of an image to all of them; empty if it is."""
    *front, queries, keys = weights.shape
    if queries != keys:
        return f"is of {queries} tokens to {keys} others"
    within = len(front) > 2 or (len(front) == 2 and front[0] != images)
    if within or (len(front) == 1 and front[0] % images):
        return f"stays within windows of {keys} tokens"
    if keys != tokens:
        return f"is of {keys} tokens and that of the last layer of {tokens}"
    return ""

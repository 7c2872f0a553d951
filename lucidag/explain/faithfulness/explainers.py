"""An explanation method as a function, so that it can be asked about a changed image or a changed network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from lucidag.explain.agreement.baselines import CENTRE, RANDOM, centre, random
from lucidag.explain.cam.explainer import CamExplainer
from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.neighbourhood import Classify
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.lime.stage import classifier
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network

Maps = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Explainer:
    """One or several methods that explain the same images in one go.

    Attributes
    ----------
    methods
        Their names.
    function
        From normalised images (float B x C x S x S) and a class to one map an image (B x S x S) of each method, more
        where the evidence for the class is greater. Methods that share forward passes belong in one such function.
    """

    methods: tuple[str, ...]
    function: Callable[[torch.Tensor, int], Mapping[str, ArrayLike | torch.Tensor]]

    def __call__(self, x: torch.Tensor, target: int) -> Maps:
        """Explain images: float64 B x S x S by method.

        Gradients are on whatever the caller has set, because there are callers (captum) that switch them off.

        Raises
        ------
        InputError
            If a method gives no map, one of another size, or NaN or infinity.
        """
        with torch.enable_grad():
            found = self.function(x.clone(), target)
        return {method: _checked(method, found.get(method), (len(x), *x.shape[2:])) for method in self.methods}


def single(method: str, function: Callable[[torch.Tensor, int], Any]) -> Explainer:
    """Make an explainer of one method from a function that gives its maps (B x S x S)."""
    return Explainer((method,), lambda x, target: {method: function(x, target)})


def one_by_one(function: Callable[[torch.Tensor, int], Any]) -> Callable[[torch.Tensor, int], NDArray[np.float64]]:
    """Lift a function from one image (1 x C x S x S) to a map (S x S), or 1 x S x S, to batches."""

    def batched(x: torch.Tensor, target: int) -> NDArray[np.float64]:
        return np.stack([_plain(function(each[None], target)).reshape(x.shape[2:]) for each in x])

    return batched


def cam(
    model: nn.Module,
    example: torch.Tensor,
    methods: Sequence[str],
    layer: str | None = None,
    device: str = "cpu",
    batch_size: int = 32,
) -> Explainer:
    """Make an explainer of class activation maps, all from one forward pass an image.

    Parameters
    ----------
    model, example, layer, device, batch_size
        See `lucidag.explain.cam.explainer.CamExplainer`.
    methods
        Of `lucidag.explain.cam.explainer.METHODS`.
    """
    explainer = CamExplainer(model, example, layer, device, batch_size)

    def function(x: torch.Tensor, target: int) -> Mapping[str, NDArray[np.float32]]:
        found = [explainer.explain(each[None], methods, target).maps for each in x]
        return {method: np.stack([maps[method] for maps in found]) for method in methods}

    return Explainer(tuple(methods), function)


def lime(network: Network, settings: LimeSettings, device: str = "cpu", batch_size: int = 32) -> Explainer:
    """Make an explainer of LIME. Each map costs ``settings.num_samples`` images that go through the network.

    Parameters
    ----------
    network
        The network and how images reach it: LIME sees images of 8 bits, so the normalisation is undone and rounded.
    settings, device, batch_size
        See `lucidag.explain.lime.explain.explain`.
    """
    return limes(network, [settings], device, batch_size)[0]


def limes(
    network: Network, settings: Sequence[LimeSettings], device: str = "cpu", batch_size: int = 32
) -> list[Explainer]:
    """Make an explainer of LIME for each of some settings; the network is made ready only once. See `lime`."""
    classify = classifier(network, device)
    return [_lime(classify, network.inputs, each, device, batch_size) for each in settings]


def _lime(classify: Classify, inputs: Inputs, settings: LimeSettings, device: str, batch_size: int) -> Explainer:
    def function(x: torch.Tensor, target: int) -> NDArray[np.float32]:
        frames = frames_of(x, inputs).cpu().numpy()
        return np.stack([explain(classify, each, settings, target, batch_size, device).map for each in frames])

    return single("lime", function)


def frames_of(x: torch.Tensor, inputs: Inputs) -> torch.Tensor:
    """Undo `Inputs.normalise`: uint8 N x C x S x S, rounded, and cut off at black and white."""
    mean, std = (torch.tensor(each, device=x.device).view(-1, 1, 1) for each in (inputs.mean, inputs.std))
    return ((x * std + mean) * 255).round().clamp(0, 255).to(torch.uint8)


def controls(size: int, seed: int, image: str) -> Explainer:
    """Make an explainer that looks at neither image nor network: a blob in the centre, and smooth noise.

    Parameters
    ----------
    size
        S, the side of the image.
    seed, image
        Each image has a random map of its own, which stays the same whatever happens to the image.
    """
    maps = {CENTRE: centre(size), RANDOM: random(size, seed, image, draws=1)[0]}

    def function(x: torch.Tensor, _: int) -> Mapping[str, NDArray[np.float32]]:
        return {method: np.repeat(values[None], len(x), axis=0) for method, values in maps.items()}

    return Explainer(tuple(maps), function)


def _checked(method: str, values: ArrayLike | torch.Tensor | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if values is None:
        raise InputError(f"method '{method}' gave no map")
    plain = _plain(values)
    if plain.shape != shape:
        words = " x ".join(map(str, plain.shape))
        raise InputError(f"method '{method}' gave maps of {words}; it must give {' x '.join(map(str, shape))}")
    if not np.isfinite(plain).all():
        raise InputError(f"method '{method}' gave a map with NaN or infinity")
    return plain


def _plain(values: ArrayLike | torch.Tensor) -> NDArray[np.float64]:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)

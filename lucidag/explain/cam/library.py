"""What pytorch-grad-cam gives of an image, asked as its users do; it is imported when it is asked, for its imports."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import AblationCAM, EigenCAM, GradCAM, GradCAMPlusPlus, LayerCAM, ScoreCAM
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from lucidag.explain.cam.layers import explained_layer
from lucidag.explain.reference import Case, NoReferenceError
from lucidag.models.describe import describe
from lucidag.models.layers import Layer

KINDS: dict[str, type[BaseCAM]] = {
    each.__name__: each for each in (AblationCAM, EigenCAM, GradCAM, GradCAMPlusPlus, LayerCAM, ScoreCAM)
}


def library_map(kind: str, case: Case) -> NDArray[np.float32]:
    """Explain an image by a class of pytorch-grad-cam.

    Raises
    ------
    NoReferenceError
        If the layer is not a module that the library could watch.
    """
    module, layer = layer_of(case)
    return _asked(KINDS[kind](case.model, [module], reshape_transform=layer.units_first), module, case)


def library_ablation(case: Case, channels: Sequence[int], to_zero: bool, turned: bool) -> NDArray[np.float32]:
    """Explain an image by pytorch-grad-cam's Ablation-CAM.

    Parameters
    ----------
    case
        The image.
    channels
        Those that are ablated; all others have the weight 0.
    to_zero
        Whether a channel is ablated to 0, as in the paper, where the layer's least activation is another number.
    turned
        Whether the signs of the weights are turned, as they must be where the class's logit is below zero.

    Raises
    ------
    NoReferenceError
        As `library_map`.
    """
    module, layer = layer_of(case)
    ablating = _Ablating(np.asarray(channels, np.int32), None if layer.axis == 1 and not to_zero else layer)
    cam = _Ablation(case.model, [module], layer.units_first, ablating, case.batch_size)
    cam.sign = -1 if turned else 1
    return _asked(cam, module, case)


def library_scores(case: Case, channels: Sequence[int]) -> NDArray[np.float32]:
    """Explain an image by pytorch-grad-cam's Score-CAM with these channels alone; raises as `library_map`."""
    module, layer = layer_of(case)
    cam = _Scores(case.model, [module], layer.units_first)
    cam.channels, cam.batch_size = list(channels), case.batch_size
    return _asked(cam, module, case)


def library_components(case: Case) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Explain an image by pytorch-grad-cam's EigenCAM, and by the same with the sign of the component turned.

    Raises
    ------
    NoReferenceError
        As `library_map`.
    """
    module, layer = layer_of(case)
    turned = _Turned(case.model, [module], reshape_transform=layer.units_first)
    return library_map("EigenCAM", case), _asked(turned, module, case)


def layer_of(case: Case) -> tuple[nn.Module, Layer]:
    """Return the module that is explained, and what is known of its output.

    Raises
    ------
    NoReferenceError
        If the layer is a function that the network's code calls, or gives more than a tensor.
    """
    name = str(case.record["layer"])
    found = dict(case.model.named_modules()).get(name)
    if found is None:
        raise NoReferenceError(
            f"pytorch-grad-cam explains modules, and layer '{name}' is a function that the network's code calls"
        )
    if isinstance(found, nn.MultiheadAttention):
        raise NoReferenceError(f"pytorch-grad-cam explains one tensor, and layer '{name}' gives its weights as well")
    return found, explained_layer(describe(case.model, case.x), name)


def _asked(cam: BaseCAM, layer: nn.Module, case: Case) -> NDArray[np.float32]:
    try:
        with _kept(layer), torch.enable_grad():
            # Gradients of the image, so that the layer has some even if all parameters are frozen; of a copy, as the
            # network may change it in place.
            found = cam(case.x.requires_grad_().clone(), [ClassifierOutputTarget(case.target)])
    finally:
        cam.activations_and_grads.release()
    return np.asarray(found[0], np.float32)


@contextmanager
def _kept(layer: nn.Module) -> Iterator[None]:
    """Let the network go on with a copy of what a layer gives: on a CPU the library keeps none of its own.

    What works in place after the layer would else change what the library saw.
    """
    handle = layer.register_forward_hook(lambda _, __, output: output.clone())
    try:
        yield
    finally:
        handle.remove()


class _Ablating(AblationLayer):
    """Ablates chosen channels: to 0 those of a layer that is given, else to what the library takes."""

    def __init__(self, channels: NDArray[np.int32], to_zero: Layer | None) -> None:
        super().__init__()
        self.channels, self.to_zero = channels, to_zero
        self.indices = channels
        self.activations = torch.empty(0)

    def set_next_batch(self, input_batch_index: int, activations: torch.Tensor, num_channels_to_ablate: int) -> None:
        images = 0 if self.to_zero is None else self.to_zero.images
        one = activations.narrow(images, input_batch_index, 1)  # of tokens, too, which may come first
        self.activations = one.repeat_interleave(num_channels_to_ablate, images)

    def activations_to_be_ablated(
        self, activations: NDArray[np.float32], ratio_channels_to_ablate: float = 1.0
    ) -> NDArray[np.int32]:
        self.indices = self.channels
        return self.channels

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self.to_zero is None:
            found: torch.Tensor = super().__call__(x)
            return found
        units_first = self.to_zero.units_first(self.activations)
        units_first[range(len(units_first)), self.indices[: len(units_first)]] = 0
        return self.activations


class _Ablation(AblationCAM):
    """Ablation-CAM whose weights can be turned, and which keeps its own copy of the activations."""

    sign = 1

    def save_activation(self, module: nn.Module, given: object, output: torch.Tensor) -> None:
        self.activations = output.detach().clone()

    def get_cam_weights(self, *asked: object) -> NDArray[np.float32]:
        weights: NDArray[np.float32] = super().get_cam_weights(*asked)
        return self.sign * weights


class _Turned(EigenCAM):
    """EigenCAM with the other sign of the component."""

    def get_cam_image(self, *asked: object) -> NDArray[np.float32]:
        image: NDArray[np.float32] = super().get_cam_image(*asked)
        return -image


class _Scores(ScoreCAM):
    """Score-CAM with some of the channels; all others have the weight 0."""

    channels: Sequence[int] = ()
    batch_size = 16

    def get_cam_weights(
        self,
        images: torch.Tensor,
        layer: nn.Module,
        targets: object,
        activations: NDArray[np.float32],
        gradients: object,
    ) -> NDArray[np.float32]:
        weights = np.zeros(activations.shape[:2], np.float32)
        chosen = np.ascontiguousarray(activations[:, self.channels])
        weights[:, self.channels] = super().get_cam_weights(images, layer, targets, chosen, gradients)
        return weights

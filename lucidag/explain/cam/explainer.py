"""Class activation maps of a network: prepared once, then one forward pass an image for all methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.cam import library
from lucidag.explain.cam.layers import check_layer, default_layer
from lucidag.explain.cam.maps import image_map, weighted_sum
from lucidag.explain.cam.scorecam import scorecam_weights
from lucidag.explain.cam.split import Point, split
from lucidag.explain.cam.weights import (
    ablation_drops,
    ablation_weights,
    gradcam_weights,
    gradients,
    pooled_ablation_drops,
    pooled_gradcam_weights,
)
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.models.fast import accelerate, frozen

METHODS = ("gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam")


@dataclass(frozen=True)
class CamResult:
    """The class activation maps of one image.

    Attributes
    ----------
    maps
        By method, S x S in 0..1.
    weights
        By method, one number for each of the layer's K channels, for methods that weigh channels.
    layer
        The layer's name.
    target, predicted
        The class that is explained, and the one with the greatest logit.
    logits
        C numbers.
    notes
        By method, what a reader of the map should know; methods of which there is nothing to say are not in it.
    """

    maps: dict[str, NDArray[np.float32]]
    weights: dict[str, NDArray[np.float32]]
    layer: str
    target: int
    predicted: int
    logits: NDArray[np.float32]
    notes: dict[str, str]


class CamExplainer:
    """A network and a layer, ready for class activation maps.

    Parameters
    ----------
    model
        A classifier. It is left as it is; a copy is prepared.
    example
        A float batch that it takes, N x C x S x S.
    layer
        The layer's name; None takes `lucidag.explain.cam.layers.default_layer`.
    device
        Where to compute.
    batch_size
        How many images (Score-CAM) or activations (Ablation-CAM) run at once. It changes the maps by rounding only.

    Raises
    ------
    InputError
        If the layer does not exist or has no maps, or the network gives no N x classes logits.
    """

    def __init__(
        self, model: nn.Module, example: torch.Tensor, layer: str | None, device: str = "cpu", batch_size: int = 32
    ) -> None:
        self._device = device
        self._batch_size = batch_size
        self._model = frozen(model).to(device)
        self._example = self._placed(example[:1])
        if layer is None:
            layer = default_layer(self._model, self._example)
        else:
            check_layer(self._model, self._example, layer)
        self._split = split(self._model, self._example, layer)

    @property
    def layer(self) -> str:
        """The layer's name."""
        return self._split.layer

    def explain(self, x: torch.Tensor, methods: Sequence[str], target: int | None = None) -> CamResult:
        """Explain one image by each of `methods`.

        Parameters
        ----------
        x
            The normalised image, float 1 x C x S x S.
        methods
            Of `METHODS`.
        target
            The class; None takes the predicted one.

        Raises
        ------
        InputError
            For an unknown method, a target that is no class, logits that are not finite, a batch of more than one.
        """
        for method in methods:
            if method not in METHODS:
                raise InputError(unknown("method", method, METHODS))
        if x.ndim != 4 or len(x) != 1:
            raise InputError(f"an image to be explained must be 1 x C x S x S, not {tuple(x.shape)}")
        placed = self._placed(x)
        seen = _Seen(placed, self._split.at(placed), target)
        maps, weights, notes = {}, {}, {}
        for method in methods:
            found = self._explain(method, seen)
            if not np.isfinite(found.coarse).all():
                raise InputError(f"method '{method}': its map has NaN or infinite values")
            maps[method] = image_map(found.coarse, (x.shape[2], x.shape[3]))
            if found.weights is not None:
                weights[method] = found.weights
            nothing = None if maps[method].any() else "the map is constant: there is nothing to show"
            if found.note or nothing:
                notes[method] = "; ".join(each for each in (found.note, nothing) if each)
        return CamResult(maps, weights, self.layer, seen.target, seen.predicted, seen.logits, notes)

    def _explain(self, method: str, seen: "_Seen") -> "_Found":
        by_method = {
            "gradcam": self._gradcam,
            "ablationcam": self._ablationcam,
            "scorecam": self._scorecam,
            "gradcam++": self._gradcam_plus_plus,
            "layercam": self._layercam,
            "eigencam": self._eigencam,
        }
        return by_method[method](seen)

    def _gradcam(self, seen: "_Seen") -> "_Found":
        head = self._split.head
        if head is not None:
            weights = pooled_gradcam_weights(head, seen.target, seen.activations[0, 0].size)
        else:
            weights = gradcam_weights(seen.gradients)
        return seen.weighted(weights)

    def _ablationcam(self, seen: "_Seen") -> "_Found":
        head, score = self._split.head, float(seen.logits[seen.target])
        if head is not None:
            drops = pooled_ablation_drops(seen.activations, head, seen.target)
        else:
            drops = ablation_drops(seen.point, seen.target, score, self._batch_size)
        weights, note = ablation_weights(drops, score)
        return seen.weighted(weights, note)

    def _scorecam(self, seen: "_Seen") -> "_Found":
        weights = scorecam_weights(self._network, seen.x, seen.point.activations, seen.target, self._batch_size)
        return seen.weighted(weights)

    def _gradcam_plus_plus(self, seen: "_Seen") -> "_Found":
        signed = (seen.activations < 0).any()
        note = (
            "the layer has activations below 0, for which the weights of Grad-CAM++ are not stable" if signed else None
        )
        return seen.weighted(library.gradcam_plus_plus_weights(seen.activations, seen.gradients), note)

    def _layercam(self, seen: "_Seen") -> "_Found":
        return _Found(library.layercam(seen.activations, seen.gradients))

    def _eigencam(self, seen: "_Seen") -> "_Found":
        note = "EigenCAM does not depend on the class, and the sign of its map is arbitrary"
        return _Found(library.eigencam(seen.activations), note=note)

    @cached_property
    def _network(self) -> nn.Module:
        """The whole network in its fastest form, made when Score-CAM first asks for it."""
        return accelerate(self._model, self._example)

    def _placed(self, x: torch.Tensor) -> torch.Tensor:
        return x.to(self._device, torch.float32).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class _Found:
    """What a method says at the layer: H x W, the weights of the channels if it has such, and a note."""

    coarse: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None
    note: str | None = None


class _Seen:
    """One image's forward pass, and what several methods share of it.

    Raises
    ------
    InputError
        For logits that are not finite, or a target that is no class.
    """

    def __init__(self, x: torch.Tensor, point: Point, target: int | None) -> None:
        with torch.inference_mode():
            logits = point.tail(point.activations)[0]
        self.x, self.point = x, point
        self.logits: NDArray[np.float32] = logits.float().cpu().numpy()
        if not np.isfinite(self.logits).all():
            raise InputError("the network gives NaN or infinite logits for an image: there is nothing to explain")
        self.predicted = int(self.logits.argmax())
        self.target = self.predicted if target is None else int(target)
        if not 0 <= self.target < len(self.logits):
            raise InputError(f"target is {target}; it must be a class of the network, 0 to {len(self.logits) - 1}")

    @cached_property
    def activations(self) -> NDArray[np.float32]:
        """1 x K x H x W."""
        return np.ascontiguousarray(self.point.activations.float().cpu().numpy())

    @cached_property
    def gradients(self) -> NDArray[np.float32]:
        """1 x K x H x W."""
        return np.ascontiguousarray(gradients(self.point, self.target))

    def weighted(self, weights: NDArray[np.float32], note: str | None = None) -> _Found:
        """Give the sum of the channels, each times its weight."""
        return _Found(weighted_sum(weights, self.activations), weights, note)

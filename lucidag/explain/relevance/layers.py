"""The outputs of layers in a pass whose relevance is asked for, and the relevance that they get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from zennit.core import Composite

from lucidag.explain.relevance.takes import TAKES
from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.head import evaluating
from lucidag.models.layers import Layer, find_layer
from lucidag.models.recorder import checked_output, layer_outputs


@dataclass(frozen=True)
class LayerRelevance:
    """The relevance of the units of some layers for N images.

    Attributes
    ----------
    logits
        N x classes.
    targets
        int64 N: the class that was explained for each image.
    activations, relevance
        By layer, N x U or N x U x H x W. The relevance of all units of a layer that every path goes through, together,
        is that of the logit, if the rules conserve it; a layer inside a residual block has that of its branch; of
        tokens, those that stand for no place are left out with what they have.
    views
        By layer, where its output was turned into these shapes, how.
    """

    logits: torch.Tensor
    targets: torch.Tensor
    activations: Mapping[str, torch.Tensor]
    relevance: Mapping[str, torch.Tensor]
    views: Mapping[str, Layer] = field(default_factory=dict)


def layer_relevance(
    model: nn.Module,
    composite: Composite,
    batch: torch.Tensor,
    layers: Sequence[str],
    targets: torch.Tensor | Sequence[int] | None = None,
    views: Mapping[str, Layer] = MappingProxyType({}),
) -> LayerRelevance:
    """Propagate each image's logit back to some layers, with no condition on any of them.

    zennit-crp 0.6.0 records the relevance of a layer with a condition after the mask on torch 2.15, and doubles it with
    `exclude_parallel`; so it is taken from a run without conditions here.

    Parameters
    ----------
    model
        A classifier; it is held in eval mode, and is otherwise as it was afterwards.
    composite
        The rules, such as `lucidag.explain.relevance.composites.composite_for` gives.
    batch
        N images as the network takes them.
    layers
        Names of modules that give N x U or N x U x H x W and run once in a pass.
    targets
        The class of each image; None: the predicted ones.
    views
        What is known of layers (`views_of`) that give something else: units in the last axis, tokens.

    Raises
    ------
    InputError
        If a layer does not exist, is listed twice, runs more than once or not at all, or gives something else; if a
        class does not exist; if relevance is not finite.
    """
    leaf = batch.detach().clone().requires_grad_()
    # The layers' hooks come behind those of the composite.
    recorded = layer_outputs(model, layers, graph=True)
    with evaluating(model), composite.context(model), recorded as seen, torch.enable_grad():
        logits = model(leaf)
        kept = [reached(layer, seen, len(batch), views.get(layer)) for layer in layers]
        chosen = chosen_targets(logits, targets)
        start = torch.zeros_like(logits)
        rows = torch.arange(len(logits), device=logits.device)
        start[rows, chosen] = logits.detach()[rows, chosen]
        found = torch.autograd.grad(logits, kept, start, allow_unused=True)
    relevance = {}
    for layer, output, own in zip(layers, kept, found, strict=True):
        relevance[layer] = shown(torch.zeros_like(output) if own is None else own, views.get(layer))
        check_finite(layer, relevance[layer])
    activations = {layer: shown(output.detach(), views.get(layer)) for layer, output in zip(layers, kept, strict=True)}
    used = {layer: views[layer] for layer in layers if layer in views}
    return LayerRelevance(logits.detach(), chosen, activations, relevance, used)


def views_of(model: nn.Module, example: torch.Tensor, layers: Sequence[str]) -> dict[str, Layer]:
    """Say how layers that give their units in the last axis, as tokens or maps, are turned; others are not there.

    Parameters
    ----------
    model
        A classifier. It is run in eval mode; its modes are restored.
    example
        A batch that it takes.
    layers
        Names of modules.

    Raises
    ------
    InputError
        If a layer gives tokens that lie nobody knows where on the image.
    """
    known = describe(model, example)
    found = {layer: known.of_module(layer) for layer in layers}
    turned = [layer for layer, each in found.items() if each is not None and each.kind in ("channels last", "tokens")]
    return {layer: find_layer(known, layer, TAKES) for layer in turned}


def shown(values: torch.Tensor, view: Layer | None) -> torch.Tensor:
    """Give what a layer has with its units in axis 1."""
    return values if view is None else view.units_first(values)


def as_given(values: torch.Tensor, view: Layer | None) -> torch.Tensor:
    """Undo `shown`, with zero for the tokens that stand for no place."""
    return values if view is None else view.as_given(values)


def output_at(model: nn.Module, leaf: torch.Tensor, layer: str, view: Layer | None = None) -> torch.Tensor:
    """Run a network up to a layer and give that layer's output as the network has it, with its graph."""
    with layer_outputs(model, [layer], graph=True, stop=True) as seen:
        model(leaf)
    return reached(layer, seen, len(leaf), view)


def reached(layer: str, seen: Mapping[str, Any], count: int, view: Layer | None = None) -> torch.Tensor:
    """Return what a layer gave of so many images; raises InputError where no relevance would come to it."""
    sizes, images = ((2, 4), 0) if view is None else ((len(view.shape),), view.images)
    output = checked_output(layer, seen, count, sizes, images)
    if not output.requires_grad:
        raise InputError(
            f"layer '{layer}' does not depend on the image, or relevance does not reach it: it is used as a constant"
        )
    return output


def chosen_targets(logits: torch.Tensor, targets: torch.Tensor | Sequence[int] | None) -> torch.Tensor:
    """Return the classes to be explained: int64 N; the predicted ones where none are given.

    Raises
    ------
    InputError
        If the network gives no N x classes, or a class does not exist.
    """
    if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
        raise InputError("the network must give N x classes logits to be explained")
    if targets is None:
        return logits.detach().argmax(dim=1)
    chosen = torch.as_tensor(targets, dtype=torch.int64, device=logits.device)
    classes = logits.shape[1]
    wrong = chosen[(chosen < 0) | (chosen >= classes)]
    if chosen.shape != logits.shape[:1] or len(wrong):
        what = f"target {int(wrong[0])}" if len(wrong) else f"{chosen.numel()} targets for {len(logits)} images"
        raise InputError(f"{what}: each image needs one class of 0 to {classes - 1}")
    return chosen


def check_finite(layer: str, relevance: torch.Tensor) -> None:
    """Stop at relevance that is NaN or infinite.

    Raises
    ------
    InputError
        It names the layer.
    """
    if not bool(torch.isfinite(relevance).all()):
        raise InputError(f"layer '{layer}': its relevance is not finite; choose another composite")

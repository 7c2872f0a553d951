"""The outputs of layers in a pass whose relevance is asked for, and the relevance that they get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from zennit.core import Composite

from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating
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
        is that of the logit, if the rules conserve it; a layer inside a residual block has that of its branch.
    """

    logits: torch.Tensor
    targets: torch.Tensor
    activations: Mapping[str, torch.Tensor]
    relevance: Mapping[str, torch.Tensor]


def layer_relevance(
    model: nn.Module,
    composite: Composite,
    batch: torch.Tensor,
    layers: Sequence[str],
    targets: torch.Tensor | Sequence[int] | None = None,
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
        kept = [reached(layer, seen, len(batch)) for layer in layers]
        chosen = chosen_targets(logits, targets)
        start = torch.zeros_like(logits)
        rows = torch.arange(len(logits), device=logits.device)
        start[rows, chosen] = logits.detach()[rows, chosen]
        found = torch.autograd.grad(logits, kept, start, allow_unused=True)
    relevance = {}
    for layer, output, own in zip(layers, kept, found, strict=True):
        relevance[layer] = torch.zeros_like(output) if own is None else own
        check_finite(layer, relevance[layer])
    activations = {layer: output.detach() for layer, output in zip(layers, kept, strict=True)}
    return LayerRelevance(logits.detach(), chosen, activations, relevance)


def output_at(model: nn.Module, leaf: torch.Tensor, layer: str) -> torch.Tensor:
    """Run a network up to a layer and give that layer's output, with its graph."""
    with layer_outputs(model, [layer], graph=True, stop=True) as seen:
        model(leaf)
    return reached(layer, seen, len(leaf))


def reached(layer: str, seen: Mapping[str, Any], count: int) -> torch.Tensor:
    """Return what a layer gave of so many images; raises InputError where no relevance would come to it."""
    output = checked_output(layer, seen, count)
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

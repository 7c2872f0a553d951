"""Where in an image the relevance of single units of a layer comes from (CRP), and where their activation does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import torch
from torch import nn
from zennit.core import Composite

from lucidag.explain.relevance.layers import (
    LayerRelevance,
    as_given,
    check_finite,
    chosen_targets,
    output_at,
    reached,
    shown,
)
from lucidag.explain.relevance.shared import SharedComposite
from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating
from lucidag.models.layers import Layer
from lucidag.models.recorder import by_place, layer_outputs

BATCH = 8

Descend = Callable[[torch.Tensor], torch.Tensor]


def conditional_maps(
    model: nn.Module,
    composite: Composite,
    image: torch.Tensor,
    layer: str,
    behind: LayerRelevance,
    selections: Sequence[Sequence[int]] | None = None,
    batch_size: int = BATCH,
) -> torch.Tensor:
    """Compute a heat map for each selection of units of a layer.

    Concept relevance propagation (Achtibat et al. 2023, Nature Machine Intelligence 5) with the condition "this class,
    these units of this layer": the relevance of all other units of the layer is set to zero, and only what then flows
    on from the layer counts. Of a layer inside a residual block that excludes the skip connection beside it, as
    zennit-crp does with `exclude_parallel`; the maps of all units add up to that of their branch. What is behind
    the layer runs backwards once, and what is before it once for a batch of selections (`SharedComposite`).

    Parameters
    ----------
    model, composite
        As for `lucidag.explain.relevance.layers.layer_relevance`.
    image
        1 x C x H x W, as the network takes it.
    layer
        A module that gives N x U or N x U x h x w and runs once in a pass.
    behind
        What `lucidag.explain.relevance.layers.layer_relevance` gives of this image, for the class to be explained.
    selections
        The units of each map; none at all give a map of zeros. None: each unit on its own.
    batch_size
        How many maps are computed at a time; it changes them by rounding only.

    Returns
    -------
    tensor
        A map of each selection, n x H x W, summed over the channels of the image.

    Raises
    ------
    InputError
        If a unit does not exist, relevance is not finite, or there is not one image.
    """
    if image.ndim != 4 or len(image) != 1:
        raise InputError(f"conditional relevance takes one image at a time, 1 x C x H x W, not {tuple(image.shape)}")
    relevance = behind.relevance[layer][0]
    units = len(relevance)
    chosen = [[unit] for unit in range(units)] if selections is None else selections
    for unit in (unit for selected in chosen for unit in selected):
        if not 0 <= unit < units:
            raise InputError(f"layer '{layer}' has units 0 to {units - 1}, not {unit}")
    count = even_batch(len(chosen), batch_size)
    maps = []
    with descent(model, composite, image, layer, count, behind.views.get(layer)) as descend:
        for start in range(0, len(chosen), count):
            selected = chosen[start : start + count]
            masks = relevance.new_zeros(len(selected), units, *[1] * (relevance.ndim - 1))
            for mask, own in zip(masks, selected, strict=True):
                mask[list(own)] = 1
            maps.append(descend(masks * relevance))
    found = torch.cat(maps) if maps else image.new_zeros((0, *image.shape[2:]))
    check_finite(layer, found)
    return found


def conditioned_map(
    model: nn.Module,
    composite: Composite,
    image: torch.Tensor,
    target: int,
    conditions: Mapping[str, Sequence[int]],
    views: Mapping[str, Layer] = MappingProxyType({}),
) -> torch.Tensor:
    """Compute the heat map of a class under conditions on several layers: what flows through units of each.

    At each layer in turn, from the logits on, the relevance of all other units is set to zero, and only what then flows
    on from the layer counts; of one layer that is a map of `conditional_maps`.

    Parameters
    ----------
    model, composite, image
        As for `conditional_maps`.
    target
        The class.
    conditions
        Layer to its units; the layer that is last in a pass first.
    views
        As for `lucidag.explain.relevance.layers.layer_relevance`.

    Returns
    -------
    tensor
        H x W, summed over the channels of the image.

    Raises
    ------
    InputError
        If a layer does not exist or does not come before the one above it, or relevance is not finite.
    """
    leaf = image.detach().clone().requires_grad_()
    recorded = layer_outputs(model, list(conditions), graph=True)
    with evaluating(model), composite.context(model), recorded as seen, torch.enable_grad():
        logits = model(leaf)
        relevance = torch.zeros_like(logits)
        relevance[0, chosen_targets(logits, [target])] = logits.detach()[0, target]
        above = logits
        for layer, units in conditions.items():
            view = views.get(layer)
            output = reached(layer, seen, 1, view)
            (found,) = torch.autograd.grad(above, output, relevance, retain_graph=True, allow_unused=True)
            if found is None:
                raise InputError(f"layer '{layer}' does not come before the layer that is named before it")
            mask = torch.zeros_like(shown(found, view))
            mask[:, list(units)] = 1
            above, relevance = output, found * as_given(mask, view)
        (pixels,) = torch.autograd.grad(above, leaf, relevance)
    check_finite(list(conditions)[-1], pixels)
    return pixels.sum(dim=1)[0]


def unit_maps(
    model: nn.Module,
    composite: Composite,
    batch: torch.Tensor,
    layer: str,
    units: Sequence[int],
    places: Sequence[int] | None = None,
    view: Layer | None = None,
) -> torch.Tensor:
    """Propagate a unit's activation back to each image: what of the image the unit responds to.

    The relevance starts at the unit's own activation and no class has a say in it, so that a reference image of a
    unit can be shown with the unit's region (Achtibat et al. 2023; zennit-crp's `start_layer`).

    Parameters
    ----------
    model, composite
        As for `conditional_maps`.
    batch
        N images as the network takes them.
    layer
        A module that gives N x U or N x U x h x w and runs once in what leads to it.
    units
        The unit of each image.
    places
        Where each unit's activation is taken (row * w + column): then the map ends at the receptive field of that
        place. None: everywhere.
    view
        What is known of a layer (`lucidag.explain.relevance.layers.views_of`) that gives something else.

    Returns
    -------
    tensor
        N x H x W, summed over the channels of the images.

    Raises
    ------
    InputError
        If the layer does not exist or gives something else; if a unit or a place does not exist.
    """
    leaf = batch.detach().clone().requires_grad_()
    with evaluating(model), composite.context(model), torch.enable_grad():
        output = output_at(model, leaf, layer, view)
        start = as_given(_own_activation(shown(output.detach(), view), layer, units, places), view)
        (found,) = torch.autograd.grad(output, leaf, start)
    check_finite(layer, found)
    return found.sum(dim=1)


@contextmanager
def descent(
    model: nn.Module,
    composite: Composite,
    image: torch.Tensor,
    layer: str,
    batch_size: int,
    view: Layer | None = None,
) -> Iterator[Descend]:
    """Give a function from relevance at a layer to heat maps.

    Parameters
    ----------
    model, composite, image, layer
        As for `conditional_maps`.
    batch_size
        The most that is asked for at a time.
    view
        As for `unit_maps`.

    Yields
    ------
    A function from relevance (n x U or n x U x h x w, n at most `batch_size`) to maps (n x H x W). It is linear.
    """
    leaf = image.detach().repeat(batch_size, 1, 1, 1).requires_grad_()
    with evaluating(model), SharedComposite(composite).context(model), torch.enable_grad():
        output = output_at(model, leaf, layer, view)

        def descend(relevance: torch.Tensor) -> torch.Tensor:
            count = len(relevance)
            filled = torch.cat([relevance, relevance.new_zeros((batch_size - count, *relevance.shape[1:]))])
            filled = as_given(filled, view)
            (found,) = torch.autograd.grad(output, leaf, filled, retain_graph=True)
            return found[:count].sum(dim=1)

        yield descend


def even_batch(count: int, batch_size: int) -> int:
    """Return the batch size, at most `batch_size`, that splits `count` into as few batches of nearly equal size."""
    batches = -(-count // max(1, batch_size))
    return -(-count // max(1, batches)) or 1


def _own_activation(
    output: torch.Tensor, layer: str, units: Sequence[int], places: Sequence[int] | None
) -> torch.Tensor:
    maps = by_place(output)
    for what, chosen, count in (("unit", units, maps.shape[1]), ("place", places, maps.shape[2])):
        if chosen is None:
            continue
        wrong = [one for one in chosen if not 0 <= one < count]
        if len(chosen) != len(output) or wrong:
            said = f"{what} {wrong[0]}" if wrong else f"{len(chosen)} {what}s for {len(output)} images"
            raise InputError(f"layer '{layer}': {said}; each image needs one {what} of 0 to {count - 1}")
    start = torch.zeros_like(maps)
    at = (range(len(maps)), list(units), *([] if places is None else [list(places)]))
    start[at] = maps[at]
    return start.view_as(output)

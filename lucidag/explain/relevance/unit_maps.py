"""Where in each of several images the activation of a unit comes from."""

from collections.abc import Sequence

import torch
from torch import nn
from zennit.core import Composite

from lucidag.explain.relevance.layers import check_finite, output_at
from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating
from lucidag.models.recorder import by_place


def unit_maps(
    model: nn.Module,
    composite: Composite,
    batch: torch.Tensor,
    layer: str,
    units: Sequence[int],
    places: Sequence[int] | None = None,
) -> torch.Tensor:
    """Propagate a unit's activation back to each image: what of the image the unit responds to.

    The relevance starts at the unit's own activation and no class has a say in it, so that a reference image of a
    unit can be shown with the unit's region (Achtibat et al. 2023; zennit-crp's `start_layer`).

    Parameters
    ----------
    model, composite
        As for `lucidag.explain.relevance.conditional.conditional_maps`.
    batch
        N images as the network takes them.
    layer
        A module that gives N x U or N x U x h x w and runs once in what leads to it.
    units
        The unit of each image.
    places
        Where each unit's activation is taken (row * w + column): then the map ends at the receptive field of that
        place. None: everywhere.

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
        output = output_at(model, leaf, layer)
        start = _own_activation(output.detach(), layer, units, places)
        (found,) = torch.autograd.grad(output, leaf, start)
    check_finite(layer, found)
    return found.sum(dim=1)


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
    every = range(len(maps))
    if places is None:
        start[every, list(units)] = maps[every, list(units)]
    else:
        start[every, list(units), list(places)] = maps[every, list(units), list(places)]
    return start.view_as(output)

"""Layer-wise relevance propagation: how much each pixel adds to the logit of a class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from zennit.core import Composite

from lucidag.explain.relevance.layers import chosen_targets
from lucidag.ground.errors import InputError
from lucidag.models.head import evaluating, linear_head
from lucidag.models.recorder import recording

EXPLODED = 100.0
STEADIEST = "epsilon_plus_flat"
CHANGED = 0.01


@dataclass(frozen=True)
class Relevance:
    """The relevance of N images.

    Attributes
    ----------
    maps
        float32 N x S x S: relevance of the pixels, summed over their channels; against the class where negative.
    totals
        float64 N: the sum of each image's relevance. In a network without biases it is the logit, as far as the
        rules conserve relevance (`lucidag.explain.relevance.composites`); biases keep some of it.
    logits
        float32 N: the logit of each image's class.
    growth
        float64 N: the sum of the pixels' absolute relevance, over that of the parts that make up the logit in the last
        linear layer (over the greatest absolute logit where the network does not end in one). On ResNet-18 and 50 with
        ImageNet weights, ten images of 224 x 224, it was 0.02 to 0.17 by ``epsilon_plus_flat``, 0.03 to 0.11 by
        ``epsilon_alpha2_beta1``, and 4.9e3 to 1.8e8 by ``epsilon_unsigned_gamma_box``, whose denominators come near
        zero.
    exploded
        bool N: where the growth is not finite or above the limit. Such a map shows rounding errors.
    """

    maps: NDArray[np.float32]
    totals: NDArray[np.float64]
    logits: NDArray[np.float32]
    growth: NDArray[np.float64]
    exploded: NDArray[np.bool_]


@dataclass(frozen=True)
class Ending:
    """What a network ends in, whose canonical form gives the same logits.

    Attributes
    ----------
    head
        The name of the linear layer that gives the logits; None: it ends in something else.
    """

    head: str | None


def ending_of(model: nn.Module, example: torch.Tensor, composites: Iterable[Composite]) -> Ending:
    """Look at a network's end once for many calls of `lrp`, which spares each of them a forward pass.

    Parameters
    ----------
    model
        A classifier, on any device; it is left as it is.
    example
        A batch that it takes, on the same device: its first image is run.
    composites
        Its rules, of one or several kinds.

    Raises
    ------
    InputError
        If the canonizers of one change what the network gives.
    """
    first = example[:1]
    with evaluating(model):
        head, plain = _end(model, first)
        for composite in composites:
            with composite.context(model), torch.no_grad():
                _check_same(model, plain, model(first))
    return Ending(head)


def lrp(
    model: nn.Module,
    frames: torch.Tensor,
    targets: Sequence[int] | NDArray[np.int64] | None,
    composite: Composite,
    batch_size: int | None = None,
    limit: float = EXPLODED,
    ending: Ending | None = None,
) -> Relevance:
    """Compute the relevance of pixels to the logit of a class (Bach et al. 2015, PLOS ONE).

    The relevance of units is given by `lucidag.explain.relevance.layers.layer_relevance`.

    Parameters
    ----------
    model
        A classifier, on any device; it is left as it is.
    frames
        N x C x S x S, normalised, on the same device.
    targets
        The class of each image; None: the predicted ones.
    composite
        What `lucidag.explain.relevance.composites.composite_for` gives for this network.
    batch_size
        How many images run at once; None: all.
    limit
        The greatest growth (`Relevance.growth`) that is no explosion.
    ending
        What `ending_of` found of this network with this composite; None: it is looked at anew, with the first image.

    Raises
    ------
    InputError
        If there is no image, the targets do not fit, or the composite's canonizers change what the network gives
        (one of its modules is a subclass of torchvision's, but computes something else).
    """
    if len(frames) == 0:
        raise InputError("relevance: there is no image to explain")
    size = batch_size or len(frames)
    with evaluating(model):
        head, plain = _end(model, frames[:1]) if ending is None else (ending.head, None)
        wanted = None if targets is None else torch.as_tensor(np.asarray(targets), device=frames.device)
        if wanted is not None and len(wanted) != len(frames):
            raise InputError(f"{len(wanted)} targets for {len(frames)} images: each image needs one class")
        parts = []
        for start, batch in zip(range(0, len(frames), size), frames.split(size), strict=True):
            own_targets = None if wanted is None else wanted[start : start + len(batch)]
            parts.append(_propagate(model, batch, own_targets, composite, head, plain if start == 0 else None))
    pixels, logits, sizes = (torch.cat(each) for each in zip(*parts, strict=True))
    least = torch.finfo(torch.float32).tiny
    growth = (pixels.double().abs().sum((1, 2, 3)) / sizes.double().clamp(min=least)).cpu().numpy()
    return Relevance(
        maps=pixels.sum(1).float().cpu().numpy(),
        totals=pixels.double().sum((1, 2, 3)).cpu().numpy(),
        logits=logits.float().cpu().numpy(),
        growth=growth,
        exploded=~(growth <= limit),
    )


def refuse_exploded(
    relevance: Relevance, composite: str, images: Sequence[str] = (), error: type[InputError] = InputError
) -> None:
    """Raise an `error` if relevance exploded; it names the composite, and the images whose ids are given."""
    bad = np.flatnonzero(relevance.exploded)
    if not len(bad):
        return
    of = ""
    if images:
        rest = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        of = " of " + ", ".join(f"'{images[row]}'" for row in bad[:3]) + rest
    other = "leave this network out" if composite == STEADIEST else f"choose '{STEADIEST}' for this network"
    raise error(
        f"composite '{composite}': the relevance{of} explodes (it grows {relevance.growth[bad[0]]:.3g} times "
        f"from the logit to the pixels): {other}"
    )


def _end(model: nn.Module, first: torch.Tensor) -> tuple[str | None, torch.Tensor]:
    """Give the last linear layer, and the logits of one image."""
    with recording(model, [""]) as own:
        head = linear_head(model, first)
    plain: torch.Tensor = own[-1].output
    return head, plain


def _propagate(
    model: nn.Module,
    frames: torch.Tensor,
    targets: torch.Tensor | None,
    composite: Composite,
    head: str | None,
    plain: torch.Tensor | None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give of a batch the input's relevance (N x C x S x S), the logits, and the size of what adds up to them.

    The first image's logits must be `plain`, those of the network as it is.
    """
    leaf = frames.detach().clone().requires_grad_()
    with torch.enable_grad(), composite.context(model), recording(model, [head] if head else []) as calls:
        logits = model(leaf)
        if plain is not None:
            _check_same(model, plain, logits.detach()[:1])
        chosen = chosen_targets(logits, targets)
        own = nn.functional.one_hot(chosen, logits.shape[1]).to(logits) * logits.detach()
        (pixels,) = torch.autograd.grad(logits, leaf, own)
    sizes = logits.detach().abs().amax(1)
    if calls:
        last = calls[-1]
        weight: torch.Tensor = last.module.weight  # type: ignore[assignment]
        sizes = (last.inputs[0].detach().abs() * weight.detach()[chosen].abs()).sum(1)
    return pixels, own.sum(1), sizes


def _check_same(model: nn.Module, plain: torch.Tensor, canonical: torch.Tensor) -> None:
    """Make sure that the canonizers leave the network's function as it is."""
    apart = float((canonical - plain).abs().max() / plain.abs().max().clamp(min=torch.finfo(plain.dtype).tiny))
    if apart > CHANGED:
        raise InputError(
            f"network '{type(model).__name__}': in canonical form it gives other logits (by {apart:.1g} of the "
            "greatest), so one of its modules is a subclass of torchvision's that computes something else: "
            "give that module a class of its own and a canonizer"
        )

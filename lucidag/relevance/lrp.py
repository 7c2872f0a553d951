"""Layer-wise relevance propagation: how much each pixel and each unit adds to a class's logit."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from zennit.core import Composite

from lucidag.errors import InputError
from lucidag.models.head import capture_input, evaluating, linear_head
from lucidag.relevance.canonizers import gate_factors

EXPLODED = 100.0
CHANGED = 0.01


@dataclass(frozen=True)
class Relevance:
    """The relevance of N pictures.

    Attributes
    ----------
    maps
        float32 N x S x S: relevance of the pixels, summed over their channels; against the class where negative.
    totals
        float64 N: the sum of each picture's relevance. In a network without biases the rules conserve it, and it is
        the logit; biases keep some of it.
    logits
        float32 N: the logit of each picture's class.
    growth
        float64 N: the sum of the pixels' |relevance|, over that of the parts that make up the logit in the last
        linear layer (over the greatest |logit| where the network does not end in one). The z+ rule keeps it below
        1; on ResNet-18 and 50 with ImageNet weights alpha-beta gave up to 3, ``epsilon_gamma_box`` 1.4e3 to 2.3e7.
    exploded
        bool N: where the growth is not finite or above the limit. Such a map shows rounding errors.
    layers
        By layer, float32 N x K: the relevance of its units at its output, summed over places.
    """

    maps: NDArray[np.float32]
    totals: NDArray[np.float64]
    logits: NDArray[np.float32]
    growth: NDArray[np.float64]
    exploded: NDArray[np.bool_]
    layers: Mapping[str, NDArray[np.float32]]


def lrp(
    model: nn.Module,
    pictures: torch.Tensor,
    targets: Sequence[int] | NDArray[np.int64],
    composite: Composite,
    layers: Sequence[str] = (),
    batch_size: int = 16,
    limit: float = EXPLODED,
) -> Relevance:
    """Compute the relevance of pixels, and of the units of layers, to the logit of a class.

    Layer-wise relevance propagation is due to Bach et al. (2015, PLOS ONE). The relevance of units is what one run
    without any condition gives at the layer's output, so it adds up to all that passes the layer: the whole of it
    where the layer is on every way through the network, its branch's part where it stands in a residual branch.

    Parameters
    ----------
    model
        A classifier, on any device; it is left as it is.
    pictures
        N x C x S x S, normalised, on the same device.
    targets
        The class of each picture.
    composite
        What `lucidag.relevance.composites.composite_for` gives for this network.
    layers
        Names of modules that give N x K or N x K x H x W and are called once.
    batch_size
        How many pictures run at once.
    limit
        The greatest growth (`Relevance.growth`) that is no explosion.

    Raises
    ------
    InputError
        If the targets do not fit, a layer does not exist or is not called once, or the composite's canonizers change
        what the network gives (its modules bear the names of torchvision's, but compute something else).
    """
    wanted = torch.as_tensor(np.asarray(targets, dtype=np.int64), device=pictures.device)
    if len(pictures) == 0 or wanted.shape != (len(pictures),):
        raise InputError(f"targets: {len(pictures)} pictures need one class each, and {wanted.numel()} are given")
    with evaluating(model):
        _check_same(model, pictures[:1], composite)
        head = linear_head(model, pictures[:1])
        batches = zip(pictures.split(batch_size), wanted.split(batch_size), strict=True)
        parts = [_propagate(model, batch, classes, composite, layers, head) for batch, classes in batches]
    return _joined(parts, layers, limit)


def refuse_exploded(relevance: Relevance, composite: str, images: Sequence[str]) -> None:
    """Raise an InputError that names the pictures whose relevance exploded, if there are any."""
    bad = np.flatnonzero(relevance.exploded)
    if len(bad):
        first = bad[0]
        names = ", ".join(f"'{images[row]}'" for row in bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        raise InputError(
            f"composite '{composite}': the relevance of {names} explodes (it grows {relevance.growth[first]:.3g} times "
            "from the logit to the pixels): choose 'epsilon_plus_flat' for this network"
        )


def without_biases(model: nn.Module) -> nn.Module:
    """Copy a network and set to zero all that adds a constant on the way from input to logits.

    That is the biases of linear layers and convolutions, and of each BatchNorm its bias and its running mean. What
    computes the factors of a gate keeps its biases, since the factors are constants to relevance.
    """
    bare = copy.deepcopy(model)
    inside = {part for module in bare.modules() if gate_factors(module) for part in module.modules()}
    with torch.no_grad():
        for module in bare.modules():
            if module in inside:
                continue
            if isinstance(getattr(module, "bias", None), torch.Tensor):
                module.get_parameter("bias").zero_()
            if isinstance(module, _BatchNorm) and module.running_mean is not None:
                module.running_mean.zero_()
    return bare


@dataclass(frozen=True)
class _Part:
    """A batch: relevance of the input (N x C x S x S) and of the layers, logits of the classes, size of their parts."""

    pixels: torch.Tensor
    layers: dict[str, torch.Tensor]
    logits: torch.Tensor
    sizes: torch.Tensor


def _propagate(
    model: nn.Module,
    pictures: torch.Tensor,
    targets: torch.Tensor,
    composite: Composite,
    layers: Sequence[str],
    head: str | None,
) -> _Part:
    x = pictures.detach().clone().requires_grad_()
    last = model.get_submodule(head) if head else nn.Identity()
    with (
        torch.enable_grad(),
        composite.context(model),
        _outputs(model, layers) as seen,
        capture_input(last) as features,
    ):
        logits = model(x)
        if not 0 <= int(targets.min()) <= int(targets.max()) < logits.shape[1]:
            raise InputError(f"targets: {targets.tolist()} are not all among the network's {logits.shape[1]} classes")
        own = nn.functional.one_hot(targets, logits.shape[1]).to(logits)
        outputs = [_only(name, seen[name]) for name in layers]
        # On the very tensors, so that every way behind a layer is counted; hooks on modules miss those around them.
        pixels, *units = torch.autograd.grad(logits, [x, *outputs], own * logits.detach())
    sizes = logits.detach().abs().amax(1)
    if isinstance(last, nn.Linear):
        sizes = (features[-1].abs() * last.weight.detach()[targets].abs()).sum(1)
    chosen = (own * logits.detach()).sum(1)
    return _Part(pixels, dict(zip(layers, units, strict=True)), chosen, sizes)


def _joined(parts: Sequence[_Part], layers: Sequence[str], limit: float) -> Relevance:
    pixels = torch.cat([part.pixels for part in parts])
    sizes = torch.cat([part.sizes for part in parts]).double().clamp(min=torch.finfo(pixels.dtype).tiny)
    growth = (pixels.double().abs().sum((1, 2, 3)) / sizes).cpu().numpy()
    units = {name: torch.cat([_by_unit(part.layers[name]) for part in parts]) for name in layers}
    return Relevance(
        maps=pixels.sum(1).cpu().numpy(),
        totals=pixels.double().sum((1, 2, 3)).cpu().numpy(),
        logits=torch.cat([part.logits for part in parts]).cpu().numpy(),
        growth=growth,
        exploded=~(growth <= limit),
        layers={name: value.cpu().numpy() for name, value in units.items()},
    )


def _by_unit(relevance: torch.Tensor) -> torch.Tensor:
    return relevance if relevance.ndim == 2 else relevance.flatten(2).sum(2)


def _check_same(model: nn.Module, picture: torch.Tensor, composite: Composite) -> None:
    """Make sure that the canonizers leave the network's function as it is."""
    with torch.no_grad():
        plain = model(picture)
        with composite.context(model):
            canonical = model(picture)
    apart = float((canonical - plain).abs().max() / plain.abs().max().clamp(min=torch.finfo(plain.dtype).tiny))
    if apart > CHANGED:
        raise InputError(
            f"network '{type(model).__name__}': in canonical form it gives other logits (by {apart:.1g} of the "
            "greatest), so one of its modules is a subclass of torchvision's that computes something else: "
            "give that module a class of its own and a canonizer"
        )


@contextmanager
def _outputs(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, list[torch.Tensor]]]:
    """Collect what layers give while the block lasts; inside a composite's context, so behind its hooks."""
    seen: dict[str, list[torch.Tensor]] = {name: [] for name in layers}

    def hook_for(name: str) -> Any:  # noqa: ANN401 (torch's hooks have no common type)
        def hook(_: nn.Module, __: tuple[Any, ...], output: torch.Tensor) -> None:
            seen[name].append(output)

        return hook

    handles: list[torch.utils.hooks.RemovableHandle] = []
    try:
        for name in layers:
            try:
                module = model.get_submodule(name)
            except AttributeError as error:
                raise InputError(f"layer '{name}' does not exist in network '{type(model).__name__}'") from error
            handles.append(module.register_forward_hook(hook_for(name)))
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _only(name: str, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
    if len(outputs) != 1:
        raise InputError(f"layer '{name}' is called {len(outputs)} times in a forward pass; it must be called once")
    if outputs[0].ndim not in (2, 4):
        raise InputError(f"layer '{name}' gives shape {tuple(outputs[0].shape)}; it must give N x K or N x K x H x W")
    return outputs[0]

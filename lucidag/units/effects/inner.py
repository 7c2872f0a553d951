"""What a network loses without a unit of a layer inside of it: only what is behind the layer runs.

Each unit is set to a value at all places of an image, and the pass goes on from there, many units at a time. The cut is
that of Ablation-CAM (`lucidag.explain.cam.split`). Of tokens, those that stand for no place (of a class, registers)
stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.explain.cam.ablated import ablated_logits, changing
from lucidag.explain.cam.seen import cut
from lucidag.explain.cam.split import Point, Split, split
from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.fast import frozen
from lucidag.models.layers import find_layer
from lucidag.models.memory_format import settled
from lucidag.models.network import Network
from lucidag.models.recorder import by_place
from lucidag.units.effects.exact import Floats, Without, judged
from lucidag.units.takes import INSIDE

ZERO, MEAN = "zero", "mean"
BASELINES = (ZERO, MEAN)
BLOCK = 20_000_000  # logits that are held at once, of each baseline


@dataclass(frozen=True)
class Cut:
    """A network that is cut at a layer, and how images reach it.

    Attributes
    ----------
    split
        The network in two.
    placed
        From one frame (1 x C x S x S, uint8) to what the network takes, where it is.
    """

    split: Split
    placed: Callable[[torch.Tensor], torch.Tensor]

    def at(self, frame: torch.Tensor) -> Point:
        """Run one image up to the layer."""
        return self.split.at(self.placed(frame))


@dataclass(frozen=True)
class Pooled:
    """What U units do over N images: ``mean``, N x U, over the places of each, and ``least``, U, at any place."""

    mean: Floats
    least: Floats


def open_cut(network: Network, layer: str, device: str) -> Cut:
    """Cut a network at a layer.

    Parameters
    ----------
    network
        With its weights; a copy is cut.
    layer
        A module, or a function that a module's code calls.
    device
        Where to compute.

    Raises
    ------
    InputError
        If there is no such layer, or no unit of it leads to the logits.
    """
    ready, inputs = frozen(network.model).to(device), network.inputs
    form = settled(ready, inputs.example(1).to(device))

    def placed(frame: torch.Tensor) -> torch.Tensor:
        return inputs.normalise(frame.to(device)).contiguous(memory_format=form)

    example = inputs.example(1).to(device).contiguous(memory_format=form)
    return Cut(split(ready, example, find_layer(describe(ready, example), layer, INSIDE)), placed)


def pooled(cut_network: Cut, frames: Iterable[torch.Tensor]) -> Pooled:
    """Average the units over the places of each image.

    Raises
    ------
    InputError
        If an activation is not finite.
    """
    means, least = [], None
    for frame in frames:
        places = by_place(cut_network.at(frame).activations)[0].double()
        means.append(places.mean(dim=1).cpu().numpy())
        own = places.amin(dim=1).cpu().numpy()
        least = own if least is None else np.minimum(least, own)
    found = np.array(means)
    if least is None or not np.isfinite(found).all():
        layer = cut_network.split.layer
        raise InputError(f"layer '{layer}' gives NaN or infinite activations, or there is no image")
    return Pooled(found, least)


def without_units_inside(
    cut_network: Cut,
    frames: Callable[[], Iterable[torch.Tensor]],
    labels: NDArray[np.int64],
    values: Mapping[str, NDArray[np.floating]],
    batch_size: int,
    block: int = BLOCK,
) -> Iterator[tuple[str, Without]]:
    """Set each unit to a value, and say what changes, block by block of units.

    Parameters
    ----------
    cut_network
        The network, cut at the layer.
    frames
        Gives the N images anew, one a time (1 x C x S x S).
    labels
        N class indices.
    values
        By baseline, the U values that units are set to.
    batch_size
        Units that run at once. It changes the numbers by rounding only.
    block
        Logits that are held at once, of each baseline; it changes no number.

    Yields
    ------
    Baseline and changes, each baseline for a block of units before the next.

    Raises
    ------
    InputError
        If a logit is not finite.
    """
    first = cut_network.at(next(iter(frames())))
    classes = first.tail(first.activations).shape[1]
    units = len(next(iter(values.values())))
    given = {name: torch.as_tensor(value).to(first.activations) for name, value in values.items()}
    count = max(1, block // max(1, len(labels) * classes))
    for start in range(0, units, count):
        own = np.arange(start, min(start + count, units))
        found = {name: _nothing(own, len(labels), classes) for name in given}
        for place, frame in enumerate(frames()):
            point = cut_network.at(frame)
            for name, value in given.items():
                _set(point, own, value, labels[place : place + 1], place, found[name], batch_size)
        yield from found.items()


def _nothing(units: NDArray[np.int64], images: int, classes: int) -> Without:
    shapes = ((images, len(units)), (images, classes, len(units)), (images, len(units)))
    return Without(units, *(np.zeros(shape) for shape in shapes))


def _set(
    point: Point,
    units: NDArray[np.int64],
    values: torch.Tensor,
    label: NDArray[np.int64],
    image: int,
    found: Without,
    batch_size: int,
) -> None:
    """Write what changes for one image into its row."""
    live = changing(point, values, units.tolist())
    for channels in cut(live, max(1, batch_size - 1)):
        z = ablated_logits(point, channels, values).T[None]
        if not np.isfinite(z).all():
            raise InputError("the network gives NaN or infinite logits, with a unit taken away or without")
        where = np.asarray(channels) - units[0]
        for kept, judgement in zip((found.loss, found.margin, found.correct), judged(z, label), strict=True):
            kept[image][..., where] = (judgement[..., :-1] - judgement[..., -1:])[0]

"""The untrained twin of a network: its architecture with random weights, as a control of what training brought.

What images and architecture give by themselves an untrained network has too, as units with names and maps with edges
(Adebayo et al. 2018; Ulyanov et al. 2018, *Deep image prior*). What it has is no finding about a trained one.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.data.manifest import Manifest
from lucidag.models.forgetting import forget
from lucidag.models.frames import batches
from lucidag.models.head import evaluating
from lucidag.models.memory_format import settled
from lucidag.models.network import Network, open_network
from lucidag.models.reproducible import mix, reproducible, seeded

BATCH, ADAPTED = 64, 512  # images of a batch, and the most that normalisation is adapted to


def untrained(settings: Mapping[str, Any], classes: int, seed: int) -> Network:
    """Build a network that has learned nothing.

    The weights are those that its architecture begins with. A factory may bring weights of its own: parameters that
    are the same for any seed, and hold more than one value, have been learned, and their modules forget them
    (`lucidag.models.forgetting.forget`).

    Parameters
    ----------
    settings
        See `lucidag.models.network.open_network`.
    classes
        Their number.
    seed
        Of the weights.

    Raises
    ------
    InputError
        As `lucidag.models.network.open_network`.
    """
    network = open_network(settings, classes, mix(seed, 0))
    other = dict(open_network(settings, classes, mix(seed, 1)).model.named_parameters())
    for index, (name, module) in enumerate(network.model.named_modules()):
        known = {f"{name}.{own}".lstrip("."): each for own, each in module.named_parameters(recurse=False)}
        if any(_learned(each, other[where]) for where, each in known.items() if where in other):
            with seeded(mix(seed, 2, index)), torch.no_grad():
                forget(module)
    return network


def _learned(value: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.equal(value, other) and value.numel() > 1 and bool((value != value.flatten()[0]).any())


def adapt(network: Network, frames: Iterable[torch.Tensor], device: str = "cpu", threads: int = 2) -> None:
    """Set the means and variances of batch normalisation to those of some images, in place: no weight changes.

    Without it an untrained network normalises by 0 and 1, and is another one than it would be in training. Each layer
    averages over the batches what it sees while those before it normalise by the batch; all else is in eval mode.

    Parameters
    ----------
    network
        It is moved to `device`; a network without batch normalisation takes no pass.
    frames
        Batches of uint8 images, N x C x S x S, see `lucidag.models.frames.batches`; of a single image none is taken.
    device, threads
        How to compute; they change the numbers by rounding only.
    """
    model = network.model.to(device)
    layers = [each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    layers = [each for each in layers if each.track_running_stats]
    if not layers:
        return
    form = settled(model, network.inputs.example(1).to(device))
    usual = [each.momentum for each in layers]
    with reproducible(device, threads), evaluating(model), torch.no_grad():
        for each in layers:
            each.reset_running_stats()
            each.momentum = None  # the mean over all batches
            each.train()
        for batch in frames:
            if len(batch) > 1:
                model(network.inputs.normalise(batch.to(device)).to(memory_format=form))
    for each, momentum in zip(layers, usual, strict=True):
        each.momentum = momentum


def untrained_twin(
    settings: Mapping[str, Any],
    classes: int,
    manifest: Manifest,
    rows: NDArray[np.int64],
    seed: int,
    device: str = "cpu",
    threads: int = 2,
) -> Network:
    """Build the untrained twin of a network, adapted to images.

    Parameters
    ----------
    settings, classes, seed
        See `untrained`.
    manifest, rows
        A data set, and the row numbers of the images; of more than `ADAPTED` some are taken, evenly spread.
    device, threads
        See `adapt`.
    """
    network = untrained(settings, classes, seed)
    adapt(network, _some(manifest, rows, network, threads), device, threads)
    return network


def _some(manifest: Manifest, rows: NDArray[np.int64], network: Network, threads: int) -> Iterator[torch.Tensor]:
    """Give batches of the images; nothing is read before the first is asked for."""
    taken = rows if len(rows) <= ADAPTED else rows[np.linspace(0, len(rows) - 1, ADAPTED).astype(np.int64)]
    yield from batches(manifest, taken, network.inputs, BATCH, threads, memory_limit=0)

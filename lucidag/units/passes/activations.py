"""One pass of a network over a probe set: pooled activations, the top images and the threshold of every unit."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic
from lucidag.ground.progress import track
from lucidag.ground.shards import WHOLE, Shard
from lucidag.models.frames import batch_sizes, batches
from lucidag.models.network import Network
from lucidag.models.recorder import by_place
from lucidag.units.passes.layers import check_finite, forward, layer_shapes
from lucidag.units.passes.parts import LayerPart, Part, best_of
from lucidag.units.passes.probe_set import top_count
from lucidag.units.passes.quantile import Plan, UpperTail, plan
from lucidag.units.passes.unit_statistics import layer_columns
from lucidag.units.settings import Passes

MEMORY = 256 * 2**20
PART = 2**20  # activations that are sorted into a tail at a time


def collect_part(
    network: Network,
    manifest: Manifest,
    rows: NDArray[np.int64],
    layers: Sequence[str],
    path: str | Path,
    asked: Passes,
    *,
    memory: int = MEMORY,
    device: str = "cpu",
    threads: int = 2,
    shard: Shard = WHOLE,
) -> Part:
    """Run a network over a shard of a probe set, or all of it, and write the pooled activations of some layers.

    Besides the file of activations (memory-mapped while it is written) the memory it takes does not grow with the
    number of images: per layer the best images and what the threshold comes from.
    `lucidag.units.passes.parts.whole_of` makes the statistics of all parts, one or more.

    Parameters
    ----------
    network
        The network with its weights.
    manifest, rows
        The data set, and the N row numbers that make the probe set.
    layers
        Names of modules whose output is N x U or N x U x H x W.
    path
        Gets the activations as .npy: float32, images x all units, the layers side by side (see
        `lucidag.units.passes.unit_statistics.read_activations`).
    asked
        ``pooling`` over H x W, where outputs N x U stay as they are; ``top`` images are kept of each unit (see
        `lucidag.units.passes.probe_set.top_count`). The threshold T_u of a unit is the least of its activations with
        P(a > T_u) <= ``quantile`` over all positions of all images (Bau et al. 2017, section 3). A unit that is
        constant has its constant as T_u; one that has its greatest value at more than ``quantile`` of all positions
        has that value, and is never above it.
    memory
        See `lucidag.units.passes.quantile.plan`: where the largest activations take more than `memory` bytes,
        T_u comes from a sample of the positions drawn from ``seed``.
    device, threads
        How to compute; as the batch size they change the numbers by rounding only.
    shard
        Which of the images are shown; there may be none of them.

    Raises
    ------
    InputError
        If a layer does not exist, is listed twice, runs twice, or gives something else; if an activation is not
        finite, or there is no image.
    """
    if len(rows) == 0:
        raise InputError("the probe set has no images")
    own = shard.of_batches(len(rows), asked.batch_size)
    shown = rows[own]
    images = tuple(str(image) for image in manifest.table["image"].iloc[shown])
    with forward(network, layers, device, threads) as outputs_of, atomic(path) as partial:
        shapes = layer_shapes(outputs_of, network)
        size = (len(shown), sum(shape[0] for shape in shapes.values()))
        pooled = np.lib.format.open_memmap(partial, "w+", np.dtype(np.float32), size)
        found = {}
        for layer, columns in layer_columns(shapes).items():
            units, *places = shapes[layer]
            chosen = plan(units, len(rows), math.prod(places), asked.quantile, memory, asked.seed)
            top = top_count(asked.top, len(rows))
            found[layer] = _Layer(layer, pooled[:, columns], units, chosen, asked.pooling, top, own)
        work = batches(manifest, shown, network.inputs, asked.batch_size, threads, memory_limit=0)
        start = 0
        for frames in track(work, "activations", len(batch_sizes(len(shown), asked.batch_size))):
            for layer, output in outputs_of(frames).items():
                found[layer].add(output, start, images[start : start + len(frames)])
            start += len(frames)
        pooled.flush()
    return Part(
        images=images,
        layers={layer: units.result() for layer, units in found.items()},
        ranks={layer: units.plan.rank for layer, units in found.items()},
        top=top_count(asked.top, len(rows)),
        shapes=shapes,
        pooling=asked.pooling,
        quantile=asked.quantile,
        looked_at={layer: units.looked_at for layer, units in found.items()},
    )


class _Layer:
    """What is kept of one layer while the images go by."""

    def __init__(
        self, name: str, pooled: NDArray[np.float32], units: int, plan: Plan, pooling: str, top: int, own: slice
    ) -> None:
        self.plan = plan
        self._name, self._pooled, self._pooling, self._top, self._first = name, pooled, pooling, top, own.start
        self._counts = None if plan.exact else plan.counts()
        seen = plan.positions * (own.stop - own.start) if self._counts is None else int(self._counts[own].sum())
        self._tail = UpperTail(units, min(plan.rank, seen))
        self._best = np.zeros((units, 0), np.int64), np.zeros((units, 0), np.float32)
        self._peak = np.full(units, -np.inf, np.float32)

    @property
    def looked_at(self) -> float:
        """The share of the positions that the thresholds come from."""
        return self.plan.sampled / (self.plan.images * self.plan.positions)

    def add(self, output: torch.Tensor, start: int, images: Sequence[str]) -> None:
        """Take the output for the images from number `start` of the part on."""
        maps = by_place(output)
        peaks, means = maps.amax(dim=2), maps.mean(dim=2)
        check_finite(self._name, peaks + means, images)
        pooled = (means if self._pooling == "mean" else peaks).cpu().numpy()
        self._pooled[start : start + len(pooled)] = pooled
        np.maximum(self._peak, peaks.amax(dim=0).cpu().numpy(), out=self._peak)
        numbers = np.arange(self._first + start, self._first + start + len(pooled))
        self._best = best_of((self._best, (np.broadcast_to(numbers, pooled.T.shape), pooled.T)), self._top)
        step = max(1, PART // maps[0].numel())
        for first in range(0, len(maps), step):
            part = slice(first, first + step)
            floor = torch.from_numpy(self._tail.floor).to(maps.device)
            if self._counts is None:  # most maps of most units have nothing above the floor
                units, stack = (floor[:, None] < peaks[part].T).nonzero(as_tuple=True)
                values = maps[part][stack, units]
            else:
                units = torch.arange(len(floor), device=maps.device)
                values = self._sample(maps[part], self._first + start + first, self._counts)
            which, where = (values > floor[units, None]).nonzero(as_tuple=True)
            self._tail.add(units[which].cpu().numpy(), values[which, where].cpu().numpy())

    def result(self) -> LayerPart:
        """Give what was found once all images went by."""
        return LayerPart(*self._best, self._peak, self._tail.values())

    def _sample(self, maps: torch.Tensor, start: int, counts: NDArray[np.int64]) -> torch.Tensor:
        """Give the values at the positions of the sample, U x positions."""
        drawn = [self.plan.draw(image, int(counts[image])) for image in range(start, start + len(maps))]
        pixels = torch.from_numpy(np.repeat(np.arange(len(maps)), [len(each) for each in drawn])).to(maps.device)
        return maps[pixels, :, torch.from_numpy(np.concatenate(drawn)).to(maps.device)].T

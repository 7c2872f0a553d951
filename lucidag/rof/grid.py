"""The sweep of a network whose logits are not linear in its units: the end of the network runs at a grid of k.

With the first k units of an order on, the last layer, a 1 x 1 convolution, gives W[:, on] x[on] + b at every place of
the maps x. A block of units adds its own part to that, exactly; then what follows in the network (a ReLU, a mean over
places) runs on it. Each of these k is exact, and nothing is known between them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lucidag.data.features import Features
from lucidag.rof.control import LOGIT_BIAS, scales_and_shifts
from lucidag.rof.evaluate import BLOCK_ELEMENTS, Cohort, judged, summed_up
from lucidag.rof.rank import RANDOM, head_of, order_of, orders
from lucidag.rof.result import SweepResult
from lucidag.rof.settings import Rof
from lucidag.rof.stage import SelectionTables, SweepTables, run_selection, run_sweep
from lucidag.rof.sweep import Places

POINTS = 40

Finish = Callable[[Tensor], Tensor]
"""Gives the logits, n x C, of what the last layer gives, n x C x h x w in float64."""
Show = Callable[[str, Callable[[Tensor], None]], None]
"""Given a split, shows the maps that the last layer sees to a function: n x K x h x w, batch by batch, all images."""


def grid(units: int, more: Sequence[int] = ()) -> NDArray[np.int64]:
    """Choose the numbers of units: all up to `POINTS`, else 0, 1, 2, ... in growing steps, K, and `more` of them."""
    if units <= POINTS:
        return np.arange(units + 1)
    steps = np.geomspace(1, units, POINTS).round().astype(np.int64)
    return np.unique([0, *steps.tolist(), *(k for k in more if k <= units)])


def grid_logits(
    maps: Tensor, weight: Tensor, bias: Tensor, order: Places, numbers: NDArray[np.int64], finish: Finish
) -> Iterator[Tensor]:
    """Give the logits (C x n) with the first k units of an order on, for each k of `numbers`.

    Parameters
    ----------
    maps
        float64 n x K x h x w: what the last layer sees.
    weight, bias
        float64 C x K and C: the last layer.
    order, numbers
        The order of the units, and k from 0 on.
    finish
        What follows in the network.
    """
    columns = torch.tensor(order.tolist(), device=maps.device)
    images, _, high, wide = maps.shape
    found = bias[:, None, None].expand(images, -1, high, wide).contiguous()
    for before, after in zip((0, *numbers.tolist()), numbers.tolist(), strict=False):
        if after > before:
            block = columns[before:after]
            found = found + torch.einsum("ck,nkhw->nchw", weight[:, block], maps[:, block])
        yield finish(found.clone()).T.contiguous()


@dataclass
class _Order:
    """What is known of one order: hits and losses (k x images), mean (k x C) and spread (k) of the logits."""

    order: Places
    hits: Tensor
    loss: Tensor
    seen: int
    mean: Tensor
    squares: Tensor

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Take in the logits of more images, k x C x n."""
        steps, classes, images = logits.shape
        # A batch that is already there walks through its k once more.
        found = judged(lambda *_: iter(logits), steps, slice(0, images), images, labels, classes)
        here = slice(self.seen, self.seen + images)
        self.hits[:, here], self.loss[:, here] = (each.cpu() for each in found)
        mean = logits.mean(2).cpu()
        centred = (logits - logits.mean(1, keepdim=True)).cpu()
        own = centred.mean(2)
        # Means and sums of squares of two sets of images, put together (Chan, Golub and LeVeque 1979).
        apart = own - (self.mean - self.mean.mean(1, keepdim=True))
        share = images / (self.seen + images)
        self.squares += ((centred - own[:, :, None]) ** 2).sum((1, 2)) + (apart**2).sum(1) * self.seen * share
        self.mean += (mean - self.mean) * share
        self.seen += images

    @property
    def spreads(self) -> NDArray[np.float64]:
        """The spread of the logits at each k, see `lucidag.rof.control.logit_moments`."""
        return np.sqrt(self.squares.numpy() / self.seen)


class GridSweep:
    """The sweeps of one split in several orders, from one pass over its maps."""

    def __init__(self, content: Features, split: str, wanted: Sequence[Places], numbers: NDArray[np.int64]) -> None:
        self._content, self._numbers = content, numbers
        _, self._weight, self._bias = head_of(content, split)
        images, steps, classes = len(content.labels), len(numbers), len(self._bias)
        self._orders = {
            order.tobytes(): _Order(
                order,
                torch.zeros(steps, images, dtype=torch.bool),
                torch.zeros(steps, images, dtype=torch.float64),
                0,
                torch.zeros(steps, classes, dtype=torch.float64),
                torch.zeros(steps, dtype=torch.float64),
            )
            for order in wanted
        }
        self._seen = 0

    def see(self, maps: Tensor, finish: Finish) -> None:
        """Take in the next images, see `grid_logits`."""
        weight, bias = (torch.from_numpy(each).to(maps.device, torch.float64) for each in (self._weight, self._bias))
        labels = torch.from_numpy(self._content.labels[self._seen : self._seen + len(maps)]).to(maps.device)
        for each in self._orders.values():
            each.add(torch.stack([*grid_logits(maps, weight, bias, each.order, self._numbers, finish)]), labels)
        self._seen += len(maps)

    def result(
        self, order: Places, control: bool, image_weights: NDArray[np.uint8] | None, min_group: int
    ) -> SweepResult:
        """Give the sweep of an order, or the logit-bias control beside it."""
        content, of = self._content, self._orders[order.tobytes()]
        groups = max(1, len(content.group_names))
        cohort = Cohort(content.labels, content.groups, len(self._bias), groups, image_weights, min_group)
        hits, loss = self._control(of) if control else (of.hits, of.loss)
        whole = int(self._numbers[-1]) == len(self._numbers) - 1
        return replace(summed_up(hits, loss, cohort), grid=None if whole else self._numbers)

    def _control(self, of: _Order) -> tuple[Tensor, Tensor]:
        assert self._content.exact is not None
        scales, shifts = scales_and_shifts(of.mean.numpy(), of.spreads)
        full, offsets = torch.from_numpy(self._content.exact).T, torch.from_numpy(shifts)[:, :, None]

        def walk(images: slice, _: Tensor) -> Iterator[Tensor]:
            for scale, offset in zip(scales.tolist(), offsets.unbind(), strict=True):
                yield full[:, images] * scale + offset

        labels = torch.from_numpy(self._content.labels)
        classes, images = len(self._bias), slice(0, len(labels))
        return judged(walk, len(scales), images, max(1, BLOCK_ELEMENTS // classes), labels, classes)


def run_grid(
    contents: Mapping[str, Features],
    rankings: pd.DataFrame,
    settings: Rof,
    min_group: int,
    show: Show,
    finish: Finish,
) -> tuple[SweepTables, SelectionTables]:
    """Sweep every split as `lucidag.rof.stage.run_sweep` and `run_selection` do, at a grid of k.

    Parameters
    ----------
    contents, rankings, settings, min_group
        As there; `settings` has ``points`` too, which become part of the grid.
    show
        Gives the maps of a split.
    finish
        What follows the last layer.
    """
    sweeps = {}
    for split, content in contents.items():
        wanted = [order_of(rankings, split, *each) for each in orders(settings.methods, settings.random_seeds)]
        if split != "train" and "train" in contents:
            wanted += [order_of(rankings, "train", method) for method in settings.methods if method != RANDOM]
        numbers = grid(head_of(content, split)[0].shape[1], settings.points)
        found = sweeps[split] = GridSweep(content, split, wanted, numbers)
        show(split, lambda maps, found=found: found.see(maps, finish))  # type: ignore[misc]

    def swept(
        _: Features,
        split: str,
        method: str,
        order: Places,
        image_weights: NDArray[np.uint8] | None,
        least: int,
        __: str,
    ) -> SweepResult:
        return sweeps[split].result(order, method == LOGIT_BIAS, image_weights, least)

    return (
        run_sweep(contents, rankings, settings, min_group, swept=swept),
        run_selection(contents, rankings, settings, min_group, swept=swept),
    )

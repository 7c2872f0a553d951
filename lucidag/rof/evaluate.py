"""Accuracy and loss of logits that change step by step, summed over images, groups and classes.

The exact sweep and its logit-bias control differ only in the logits they walk through; what is
counted along the way is the same and is written here once.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lucidag.data.features import judged_groups
from lucidag.ground.errors import InputError
from lucidag.rof.result import Draws, SweepResult

Walk = Callable[[slice, Tensor], Iterator[Tensor]]
"""Given a slice of images and a C x n scratch buffer, yields their C x n float64 logits for k = 0..K.

Every step may reuse one buffer. The scratch holds no promise from one step to the next.
"""

TILE_ELEMENTS = 2**16
BLOCK_ELEMENTS = 2**21


@dataclass
class _Totals:
    """Sums over the images seen so far. Hits are whole numbers, so their sums are exact."""

    class_hits: Tensor
    group_hits: Tensor
    loss: Tensor
    drawn_hits: Tensor
    drawn_loss: Tensor

    def add(self, other: "_Totals") -> None:
        for mine, more in zip(vars(self).values(), vars(other).values(), strict=True):
            mine += more


@dataclass(frozen=True)
class Cohort:
    """Who is judged: the labels, groups and bootstrap counts of the N images.

    Attributes
    ----------
    labels, groups
        N class and group indices.
    class_count, group_count
        C and G.
    image_weights
        B x N counts of each image in each bootstrap sample, or None.
    min_group
        A group of fewer images is not called the worst: see `lucidag.data.features.judged_groups`.
    """

    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    class_count: int
    group_count: int
    image_weights: NDArray[np.integer] | None = None
    min_group: int = 1

    def __post_init__(self) -> None:
        if self.class_count < 2:
            raise InputError(f"the last layer has {self.class_count} output; accuracy needs at least 2 classes")
        if len(self.labels) == 0:
            raise InputError("the split holds no images")
        for name, index, count in (("label", self.labels, self.class_count), ("group", self.groups, self.group_count)):
            if len(index) != len(self.labels):
                raise InputError(f"{len(index)} {name}s were given for {len(self.labels)} images")
            if index.min() < 0 or index.max() >= count:
                found = int(index.min()) if index.min() < 0 else int(index.max())
                raise InputError(f"{name} index {found} must be between 0 and {count - 1}")
        if self.image_weights is not None and self.image_weights.shape[1] != len(self.labels):
            raise InputError(
                f"bootstrap weights for {self.image_weights.shape[1]} images were given for {len(self.labels)}"
            )

    def weights(self) -> NDArray[np.integer]:
        """Return the bootstrap counts, with no rows where none were given."""
        return np.empty((0, len(self.labels)), np.uint8) if self.image_weights is None else self.image_weights


def evaluate(
    walk: Walk,
    steps: int,
    cohort: Cohort,
    tile: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> SweepResult:
    """Walk the logits of all images through their steps and sum up accuracy and loss at each.

    Images go through in tiles whose logits stay in the processor's cache. Tiles are added up in
    their order and each is computed by one thread, so the result does not depend on the number of
    threads. Memory is bounded by the block of images at work, whatever N is.

    Parameters
    ----------
    walk
        Gives the logits of some images, step by step.
    steps
        K+1, the number of steps.
    cohort
        Labels, groups and bootstrap weights.
    tile
        Images a tile; by default as many as fill 512 KiB with float64 logits.
    device
        Where the walk's tensors live.
    threads
        Tiles at work at once; by default PyTorch's own number of threads, one on a GPU.
    """
    on_cpu = torch.device(device).type == "cpu"
    images = len(cohort.labels)
    fill = TILE_ELEMENTS if on_cpu else 128 * TILE_ELEMENTS
    tile = min(tile or max(1, fill // cohort.class_count), images)
    slices = _blocks(images, tile, BLOCK_ELEMENTS * (1 if on_cpu else 16) // steps)

    def work(part: slice) -> _Totals:
        return _evaluate_block(walk, steps, part, tile, cohort, torch.device(device))

    with one_thread() as usual:
        parts = _in_order(work, slices, (threads or usual) if on_cpu else 1)
        totals = next(parts)
        for part in parts:
            totals.add(part)
    return _result(totals, cohort)


@contextmanager
def one_thread() -> Iterator[int]:
    """Let PyTorch use one thread an operation, and give the number it used before.

    Operations on a tile take some ten microseconds: sharing one among threads costs more than it
    saves, and would make the order of sums depend on the machine.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)


def _blocks(images: int, tile: int, most: int) -> list[slice]:
    """Cut the images into blocks of about equal size, of at most `most` images.

    Their number depends on the data alone, so that sums do not depend on the machine. It is even from two tiles on, so
    that two threads end together.
    """
    count = max(math.ceil(images / max(1, most)), min(2, math.ceil(images / tile)))
    count += count % 2 if count > 1 else 0
    size = math.ceil(images / count)
    return [slice(start, min(start + size, images)) for start in range(0, images, size)]


def _in_order(work: Callable[[slice], _Totals], parts: list[slice], workers: int) -> Iterator[_Totals]:
    """Yield the results of `parts` in their order, with at most one result a worker waiting."""
    pending: deque[Future[_Totals]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for part in parts:
            pending.append(pool.submit(work, part))
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _evaluate_block(walk: Walk, steps: int, part: slice, tile: int, cohort: Cohort, device: torch.device) -> _Totals:
    labels = torch.from_numpy(cohort.labels[part]).to(device)
    hits, loss = judged(walk, steps, part, tile, labels, cohort.class_count)
    return _sum_up(hits, loss, part, cohort)


def judged(walk: Walk, steps: int, part: slice, tile: int, labels: Tensor, class_count: int) -> tuple[Tensor, Tensor]:
    """Walk the logits of a slice of images, whose labels are given; give hits and losses, one row a step."""
    device = labels.device
    own, rival, mass = (torch.empty(steps, len(labels), dtype=torch.float64, device=device) for _ in range(3))
    tie_won = torch.zeros(steps, len(labels), dtype=torch.bool, device=device)
    for start in range(0, len(labels), tile):
        here = slice(start, min(start + tile, len(labels)))
        there = slice(part.start + here.start, part.start + here.stop)
        scratch = torch.empty(class_count, here.stop - here.start, dtype=torch.float64, device=device)
        _judge(
            walk(there, scratch),
            labels[here],
            scratch,
            own[:, here],
            rival[:, here],
            mass[:, here],
            tie_won[:, here],
        )
    hits = torch.logical_or(own > rival, tie_won)
    # Cross-entropy is log(1 + exp(d)), d the log-sum-exp of the other classes less the own logit;
    # written so that neither a large nor a small d loses digits.
    excess = mass.log_().add_(rival).sub_(own)
    return hits, excess.clamp(min=0).add_(torch.log1p_(torch.exp_(excess.abs_().neg_())))


def summed_up(hits: Tensor, loss: Tensor, cohort: Cohort) -> SweepResult:
    """Give the result of steps whose hits and losses (one row a step, one column an image) `judged` gave."""
    return _result(_sum_up(hits, loss, slice(0, len(cohort.labels)), cohort), cohort)


def _judge(
    logits: Iterator[Tensor],
    labels: Tensor,
    scratch: Tensor,
    own: Tensor,
    rival: Tensor,
    mass: Tensor,
    tie_won: Tensor,
) -> None:
    """Fill, for each step (rows) and image (columns), what accuracy and loss need.

    `own` is the logit of the image's class, `rival` the greatest of the other classes, `mass` the
    sum of exp(logit - rival) over the others, `tie_won` whether own equals rival and its class index
    is lower. The own logit is taken out of the tile for a moment: that makes ties visible without
    another pass over all classes.
    """
    at = labels[None]
    same = torch.empty_like(labels, dtype=torch.bool)
    rows = zip(logits, own.split(1), rival.unbind(), mass.unbind(), tie_won.unbind(), strict=True)
    for z, own_k, rival_k, mass_k, won_k in rows:
        torch.gather(z, 0, at, out=own_k)
        z.scatter_(0, at, -torch.inf)
        torch.amax(z, 0, out=rival_k)
        torch.sub(z, rival_k, out=scratch)
        torch.sum(scratch.exp_(), 0, out=mass_k)
        z.scatter_(0, at, own_k)
        if torch.eq(own_k[0], rival_k, out=same).any():
            tied = same.nonzero()[:, 0]
            won_k[tied] = z[:, tied].argmax(0) == labels[tied]


def _sum_up(hits: Tensor, loss: Tensor, part: slice, cohort: Cohort) -> _Totals:
    """Add up a block's K+1 x n hits and losses."""
    labels = torch.from_numpy(cohort.labels[part]).to(hits.device)
    groups = torch.from_numpy(cohort.groups[part]).to(hits.device)
    steps = len(hits)
    by_image = hits.T.to(torch.int64, memory_format=torch.contiguous_format)
    weights = torch.from_numpy(cohort.weights()[:, part]).to(hits.device, torch.float64)
    right = by_image.to(torch.float64)
    members = [(groups == group).nonzero()[:, 0] for group in range(cohort.group_count)]
    return _Totals(
        class_hits=by_image.new_zeros(cohort.class_count, steps).index_add_(0, labels, by_image),
        group_hits=by_image.new_zeros(cohort.group_count, steps).index_add_(0, groups, by_image),
        loss=loss.sum(1),
        drawn_hits=torch.stack([weights[:, m] @ right[m] for m in members], dim=1),
        drawn_loss=weights @ loss.T,
    )


def _result(totals: _Totals, cohort: Cohort) -> SweepResult:
    images = len(cohort.labels)
    class_hits, group_hits = totals.class_hits.cpu().numpy(), totals.group_hits.cpu().numpy()
    group_sizes = np.bincount(cohort.groups, minlength=cohort.group_count)
    group_accuracy = _share(group_hits, group_sizes[:, None])
    judged = judged_groups(group_sizes, cohort.min_group)
    draws = None
    if cohort.image_weights is not None:
        hits, loss = totals.drawn_hits.cpu().numpy(), totals.drawn_loss.cpu().numpy()
        members = [cohort.groups == group for group in range(cohort.group_count)]
        sizes = np.stack([cohort.image_weights[:, m].sum(1, dtype=np.int64) for m in members], axis=1)
        drawn = _share(hits, sizes[:, :, None])
        total = sizes.sum(1)[:, None]
        draws = Draws(hits.sum(1) / total, loss / total, np.fmin.reduce(drawn[:, judged], axis=1), drawn)
    return SweepResult(
        accuracy=class_hits.sum(0) / images,
        loss=totals.loss.cpu().numpy() / images,
        worst_accuracy=np.nanmin(group_accuracy[judged], axis=0),
        group_accuracy=group_accuracy,
        class_accuracy=_share(class_hits, np.bincount(cohort.labels, minlength=cohort.class_count)[:, None]),
        draws=draws,
    )


def _share(hits: NDArray, size: NDArray) -> NDArray[np.float64]:
    """Divide, and give NaN where there is nothing to divide by."""
    return np.divide(hits, size, out=np.full(hits.shape, np.nan), where=size > 0)

"""The exact sweep: accuracy and loss with the first k units of an order on, for every k.

Switching a unit of the penultimate layer on adds its share to the logits and changes nothing else,
so Z_k = Z_(k-1) + f[:, u] W[:, u] with u the k-th unit, starting from the bias. All K+1 steps together
cost O(N K C) instead of O(N K^2 C) for a masked network at each k. The test is the retrieval of function of
Zhao, Zhang and Hu, "Role Taxonomy of Units in Deep Neural Networks" (arXiv 2011.00789); this way of
computing it is ours.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lucidag.ground.errors import InputError
from lucidag.rof.evaluate import Cohort, Walk, evaluate
from lucidag.rof.result import SweepResult

Floats = NDArray[np.float32]
Places = NDArray[np.int64]
LogitsOf = Callable[[Floats, Floats, Floats, Places, str], Walk]


def sweep(
    features: Floats,
    labels: Places,
    weight: Floats,
    bias: Floats,
    order: Places,
    groups: Places | None = None,
    group_count: int | None = None,
    image_weights: NDArray[np.integer] | None = None,
    min_group: int = 1,
    *,
    logits: LogitsOf | None = None,
    tile: int | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> SweepResult:
    """Switch the units on one after another and give the metrics at every k.

    Logits are summed in float64 in the sweep's order, each product rounded before it is added, so
    an accuracy is that of the same sum in NumPy to the last digit; in a tie the lowest class
    index wins, as with argmax.

    Parameters
    ----------
    features
        N x K input of the last linear layer.
    labels
        N class indices.
    weight, bias
        C x K and C: the last linear layer.
    order
        The K units in the order in which they are switched on.
    groups, group_count
        N group indices and G; one group of all images by default.
    image_weights
        B x N counts of bootstrap samples (`lucidag.rof.bands.weights`).
    min_group
        A group of fewer images is not called the worst (`lucidag.data.features.judged_groups`).
    logits
        Gives the logits that are judged at every k; by default `prefix_logits`.
    tile, device, threads
        See `lucidag.rof.evaluate.evaluate`.

    Raises
    ------
    InputError
        If shapes do not fit together, a value is not finite, or `order` is no permutation of the units.
    """
    check_inputs(features, labels, weight, bias, order)
    if groups is None:
        groups, group_count = np.zeros(len(labels), dtype=np.int64), 1
    cohort = Cohort(
        np.ascontiguousarray(labels, dtype=np.int64),
        np.ascontiguousarray(groups, dtype=np.int64),
        len(bias),
        int(groups.max()) + 1 if group_count is None else group_count,
        image_weights,
        min_group,
    )
    walk = (logits or prefix_logits)(features, weight, bias, order, device)
    return evaluate(walk, len(order) + 1, cohort, tile, device, threads)


def prefix_logits(features: Floats, weight: Floats, bias: Floats, order: Places, device: str = "cpu") -> Walk:
    """Return the walk Z_0, ..., Z_K: the bias, then one unit more at each step."""
    columns = torch.tensor(order.tolist(), device=device)
    inputs = torch.from_numpy(features)
    steps = torch.from_numpy(weight).to(device, torch.float64)[:, columns].T[:, :, None].contiguous()
    start = torch.from_numpy(bias).to(device, torch.float64)[:, None]

    def walk(images: slice, scratch: Tensor) -> Iterator[Tensor]:
        rows = inputs[images].to(device).T[columns].to(torch.float64)
        z = start.repeat(1, rows.shape[1])
        yield z
        for w, f in zip(steps.unbind(), rows.unbind(), strict=True):
            # Two operations, because a fused one rounds differently from processor to processor.
            torch.mul(w, f, out=scratch)
            z.add_(scratch)
            yield z

    return walk


def check_inputs(features: Floats, labels: Places, weight: Floats, bias: Floats, order: Places) -> None:
    """Raise `InputError` unless features, labels, last layer and order fit together and are finite."""
    images, units = features.shape
    if len(labels) != images:
        raise InputError(f"{len(labels)} labels were given for {images} images")
    if weight.shape != (len(bias), units):
        raise InputError(
            f"the last layer's weight is {weight.shape[0]} x {weight.shape[1]}, "
            f"but there are {len(bias)} biases and {units} features"
        )
    if len(order) != units or not np.array_equal(np.sort(order), np.arange(units)):
        raise InputError(f"the order of {len(order)} units is no permutation of the {units} features")
    for name, values in (("features", features), ("weight", weight), ("bias", bias)):
        # One sum sees every NaN and infinity without a second array of the same size.
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite(values.sum(dtype=np.float64))
        if not finite:
            raise InputError(f"the {name} of the last layer hold NaN or infinite values")

"""What the benchmarks share: time, made-up inputs, the plain loop, and a table to print."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional


@dataclass(frozen=True)
class Problem:
    """A made-up last layer and its inputs; the arguments of `lucidag.rof.sweep.sweep`."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    order: NDArray[np.int64]
    groups: NDArray[np.int64]
    group_count: int = 4


def problem(images: int, units: int, classes: int, seed: int = 0) -> Problem:
    """Draw features as after a ReLU, a layer that tells the classes apart to some extent, and four groups."""
    draw = np.random.default_rng(seed)
    features = draw.standard_normal((images, units), dtype=np.float32)
    np.maximum(features, 0, out=features)
    weight = draw.standard_normal((classes, units), dtype=np.float32) / np.float32(units**0.5)
    bias = 0.1 * draw.standard_normal(classes, dtype=np.float32)
    # The label is the layer's own choice for half of the images, so that accuracy is far from chance.
    labels = draw.integers(0, classes, images)
    for start in range(0, images, 8192):
        part = slice(start, start + 8192)
        told = (features[part] @ weight.T + bias).argmax(axis=1)
        labels[part] = np.where(draw.random(len(told)) < 0.5, told, labels[part])
    order = np.argsort(-features.mean(axis=0, dtype=np.float64), kind="stable")
    return Problem(features, labels, weight, bias, order, draw.integers(0, 4, images))


def plain_step(p: Problem, k: int, dtype: torch.dtype = torch.float32) -> tuple[float, float, list[float]]:
    """Mask all units but the first k and run the layer: accuracy, loss and the accuracy of each group."""
    features, weight, bias = (torch.from_numpy(each).to(dtype) for each in (p.features, p.weight, p.bias))
    labels, groups = torch.from_numpy(p.labels), torch.from_numpy(p.groups)
    mask = torch.zeros(len(p.order), dtype=dtype)
    mask[torch.from_numpy(p.order[:k])] = 1
    logits = functional.linear(features * mask, weight, bias)
    hits = logits.argmax(1) == labels
    loss = functional.cross_entropy(logits, labels).item()
    by_group = [hits[groups == group].double().mean().item() for group in range(p.group_count)]
    return hits.double().mean().item(), loss, by_group


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print rows of what and how much."""
    print(f"\n{title}")
    width = max(len(what) for what, _ in rows)
    for what, much in rows:
        print(f"  {what:<{width}}  {much}")

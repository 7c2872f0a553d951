"""Other usual ways to feed a network, tried on some images: does it do clearly better with one of them?"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.models.doubts import MARGIN, clearly_better
from lucidag.models.evaluate import mean_loss
from lucidag.models.frames import batch_sizes, batches
from lucidag.models.head import evaluating
from lucidag.models.inputs import Inputs
from lucidag.models.reproducible import reproducible
from lucidag.models.settings import NORMALISATIONS

IMAGES = 256  # that the claim rests on
SCREENED = 64  # of them, that every way is tried on
USUAL_SIZE = 224
ALIKE = 0.1  # of losses
KNOWING = 0.8  # of the loss of guessing: what a network with its right inputs is below
GAINED = 0.35  # least gain in loss, in nats
BYTES = 1 / 255
OBLONG = 1.05

Logits = Callable[[Inputs, NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Tried:
    """What a network says of some images that are fed in one way.

    Attributes
    ----------
    words
        The way, as keys of `input`; empty: as the configuration says.
    inputs
        The same as settings.
    logits
        N x C.
    hits
        N: whether the decision is right.
    loss
        Mean cross-entropy.
    """

    words: str
    inputs: Inputs
    logits: NDArray[np.float64]
    hits: NDArray[np.bool_]
    loss: float


def sampled(manifest: Manifest, split: str, seed: int) -> NDArray[np.int64]:
    """Draw at most `IMAGES` rows of a split, in random order."""
    rows = manifest.rows(split)
    return np.random.default_rng(seed).permutation(rows)[:IMAGES]


def other_ways(inputs: Inputs, coloured: bool, sizes: Set[tuple[int, int]]) -> Iterator[tuple[str, Inputs]]:
    """Give other usual ways to feed a network, each with its words for the configuration.

    Parameters
    ----------
    inputs
        The way as it is.
    coloured
        Whether images have colours: those of grey ones have no order.
    sizes
        Height and width of the images: see `looked_at`.
    """
    native = {max(size) for size in sizes} if len(sizes) == 1 and not oblong(sizes) else set()
    changes: dict[str, dict[str, Any]] = {}
    for size in native | {USUAL_SIZE}:
        changes[f"size: {size}"] = {"size": size, "shorter_side": None}
    if oblong(sizes):
        changes |= {f"resize: {resize}": {"resize": resize} for resize in ("stretch", "crop")}
    orders = ("rgb", "bgr") if coloured and inputs.channels == 3 else (inputs.order,)
    for order in sorted(orders, key=lambda each: each != inputs.order):
        named = f"order: {order}" if order != inputs.order else ""
        if named:
            changes[named] = {"order": order, "mean": inputs.mean[::-1], "std": inputs.std[::-1]}
        for words, mean, std in _normalisations(inputs.channels, order):
            changes[", ".join(filter(None, (named, words)))] = {"order": order, "mean": mean, "std": std}
    seen = [inputs]
    for words, change in changes.items():
        way = Inputs(**{**inputs.model_dump(), **change})
        if way not in seen:
            seen.append(way)
            yield words, way


def _normalisations(channels: int, order: str) -> Iterator[tuple[str, list[float], list[float]]]:
    """Give usual normalisations of so many channels in this order, each with its words for the configuration."""
    step = -1 if order == "bgr" else 1
    for name, (mean, std) in NORMALISATIONS.items():
        if len(mean) in (1, channels):
            yield f"normalise: {name}", list(mean[::step]), list(std[::step])
    if channels == 3:  # as Caffe's networks take them
        centre = list(NORMALISATIONS["imagenet"][0][::step])
        yield f"mean: {centre}, std: [{BYTES:.6f}]", centre, [BYTES]


def better_way(
    logits: Logits, truth: NDArray[np.int64], inputs: Inputs, ways: Sequence[tuple[str, Inputs]]
) -> tuple[Tried, Tried | None]:
    """Feed a network as it is and in other ways; the second is None where none is clearly better.

    All ways are tried on the first `SCREENED` images; only that with most right decisions among them on the rest.

    Parameters
    ----------
    logits
        From a way and numbers of images to the N x C that the network gives.
    truth
        The output that stands for the class of each image.
    inputs, ways
        The way as it is, and `other_ways`.
    """
    first = np.arange(min(SCREENED, len(truth)))
    rest = np.arange(len(first), len(truth))
    now = _tried("", inputs, logits(inputs, first), truth[first])
    best = None
    if now.hits.mean() <= 1 - MARGIN:
        tried = [_tried(words, way, logits(way, first), truth[first]) for words, way in ways]
        best = _first_of_the_best(tried)
    if len(rest):
        now = _tried("", inputs, np.concatenate([now.logits, logits(inputs, rest)]), truth)
    if best is None or best.hits.mean() <= now.hits[: len(first)].mean():
        return now, None
    if len(rest):
        best = _tried(best.words, best.inputs, np.concatenate([best.logits, logits(best.inputs, rest)]), truth)
    # A network that has learnt little is unsure, and other inputs may by chance shift it to better decisions.
    sure = best.loss <= KNOWING * np.log(best.logits.shape[1]) and now.loss - best.loss >= GAINED
    better = sure and clearly_better(now.hits, best.hits, len(ways))
    return now, best if better else None


def _first_of_the_best(tried: Sequence[Tried]) -> Tried | None:
    """Return the way with most right decisions; of those as good as it, which larger inputs make surer, the first."""
    top = max(tried, key=lambda each: (each.hits.sum(), -each.loss), default=None)
    alike = [each for each in tried if top and each.hits.sum() == top.hits.sum() and each.loss <= top.loss + ALIKE]
    return next(iter(alike), top)


def _tried(words: str, inputs: Inputs, logits: NDArray[np.float64], truth: NDArray[np.int64]) -> Tried:
    return Tried(words, inputs, logits, logits.argmax(axis=1) == truth, mean_loss(logits, truth))


def logits_of(
    model: nn.Module, manifest: Manifest, rows: NDArray[np.int64], batch_size: int, device: str, threads: int
) -> Logits:
    """Return a function from a way and positions in `rows` to logits; a way that the network refuses gives zeros."""
    kept: dict[tuple[object, ...], torch.Tensor] = {}
    model.to(device)

    def logits(inputs: Inputs, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        shape = (inputs.size, inputs.scaled, inputs.resize, inputs.interpolation, inputs.channels, positions.tobytes())
        if shape not in kept:
            kept[shape] = torch.cat(list(batches(manifest, rows[positions], inputs, batch_size, threads)))
        found = []
        with reproducible(device, threads), evaluating(model), torch.inference_mode():
            for batch in kept[shape].split(batch_sizes(len(positions), batch_size)):
                try:
                    found.append(model(inputs.normalise(batch.to(device))).double().cpu().numpy())
                except (RuntimeError, AssertionError, ValueError):  # of another size
                    return np.zeros((len(positions), len(manifest.classes)))
        return np.concatenate(found)

    return logits


def looked_at(manifest: Manifest, rows: NDArray[np.int64]) -> tuple[set[tuple[int, int]], bool]:
    """Give the sizes (height, width) of some images, and whether any has colours."""
    images = [Images(manifest).read(int(row)) for row in rows[:SCREENED]]
    coloured = any(image.shape[2] == 3 and bool((image != image[:, :, :1]).any()) for image in images)
    return {(image.shape[0], image.shape[1]) for image in images}, coloured


def oblong(sizes: Set[tuple[int, int]]) -> bool:
    """Tell whether images are so far from square that it matters how they become so."""
    return any(max(size) > OBLONG * min(size) for size in sizes)

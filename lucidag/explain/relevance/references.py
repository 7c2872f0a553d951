"""Reference images of units: those of a data set where a unit is most relevant (RelMax) or most active (ActMax)."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from zennit.core import Composite

from lucidag.data.manifest import Manifest
from lucidag.explain.relevance.by_class import OfClasses
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.explain.relevance.store import ACTIVATION, KINDS, RELEVANCE, Best, References
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.spelling import check_known
from lucidag.models.frames import batch_sizes, batches
from lucidag.models.network import Network
from lucidag.models.recorder import by_place
from lucidag.models.reproducible import reproducible

MEASURES = ("sum", "max")
TARGETS = ("predicted", "label")
TINY = 1e-10  # as zennit-crp


def find_references(
    network: Network,
    composite: Composite,
    manifest: Manifest,
    rows: NDArray[np.int64],
    layers: Sequence[str],
    *,
    targets: str,
    top: int,
    batch_size: int,
    measure: str = "sum",
    normalised: bool = True,
    device: str = "cpu",
    threads: int = 2,
) -> References:
    """Run over a data set once and keep the best images of each unit, by relevance and by activation, and class means.

    Relevance and activation maximisation of Achtibat et al. (2023, Nature Machine Intelligence 5). The memory that it
    takes does not grow with the number of images, besides the ids and the classes of the images.

    Parameters
    ----------
    network
        The network with its weights.
    composite
        The rules, such as `lucidag.explain.relevance.composites.composite_for` gives for ``network.model``.
    manifest, rows
        The data set, and the N row numbers to look at.
    layers
        Names of modules that give N x U or N x U x H x W and run once in a pass.
    targets
        Whose relevance is taken: of the ``predicted`` class of each image, or of its ``label``.
    measure
        ``sum`` or ``max`` over the places of a unit's map.
    normalised
        Whether a unit's relevance is taken in parts of the sum of absolute relevance over the layer in that image:
        else images with great logits come first. Activations are taken as they are. (zennit-crp has one switch for
        both.)
    top
        How many images are kept for each unit; all where there are fewer.
    device, batch_size, threads
        How to compute; they change the numbers by rounding only.

    Raises
    ------
    InputError
        If a layer does not exist, is listed twice, runs more than once or not at all, or gives something else; if
        relevance is not finite; if `targets`, `measure` or `top` is none of what is allowed.
    """
    _check(targets, measure, top, rows)
    labels = manifest.labels()[rows] if targets == "label" else None
    network.model.to(device)
    explained: list[NDArray[np.int64]] = []
    found: dict[str, dict[str, TopImages]] = {layer: {kind: TopImages(top) for kind in KINDS} for layer in layers}
    by_class = {layer: OfClasses() for layer in layers}
    shapes: dict[str, tuple[int, ...]] = {}
    start = 0
    views = views_of(network.model, network.inputs.example(1).to(device), layers)
    with reproducible(device, threads):
        work = batches(manifest, rows, network.inputs, batch_size, threads, memory_limit=0)
        for frames in track(work, "reference images", len(batch_sizes(len(rows), batch_size))):
            given = None if labels is None else torch.from_numpy(labels[start : start + len(frames)])
            batch = network.inputs.normalise(frames.to(device))
            result = layer_relevance(network.model, composite, batch, layers, given, views)
            explained.append(result.targets.cpu().numpy())
            for layer in layers:
                shapes[layer] = tuple(result.activations[layer].shape[1:])
                relevance, activation = result.relevance[layer], result.activations[layer]
                own, places = measured(relevance, measure, normalised)
                found[layer][RELEVANCE].add(own, places, start)
                by_class[layer].add(own, explained[-1])
                found[layer][ACTIVATION].add(*measured(activation, measure, normalised=False), start)
            start += len(frames)
    best = {layer: {kind: kept.result() for kind, kept in kinds.items()} for layer, kinds in found.items()}
    images = tuple(str(image) for image in manifest.table["image"].iloc[rows])
    settings = {"measure": measure, "normalised": normalised, "targets": targets}
    means = {layer: kept.result(independent=manifest.owners() is None) for layer, kept in by_class.items()}
    return References(images, np.concatenate(explained), best, shapes, settings, means)


def measured(values: torch.Tensor, measure: str, normalised: bool) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give one number per unit, and the place where the unit has the most.

    Parameters
    ----------
    values
        N x U or N x U x H x W.
    measure, normalised
        As for `find_references`.

    Returns
    -------
    values, places
        float32 and int64, N x U.
    """
    maps = by_place(values)
    peak, places = maps.max(dim=2)
    numbers = maps.sum(dim=2) if measure == "sum" else peak
    if normalised:
        numbers = numbers / (numbers.abs().sum(dim=1, keepdim=True) + TINY)
    return numbers.cpu().numpy().astype(np.float32), places.cpu().numpy()


class TopImages:
    """The best images of each unit while batches go by.

    Parameters
    ----------
    top
        How many are kept.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._best: Best | None = None

    def add(self, values: NDArray[np.float32], places: NDArray[np.int64], start: int) -> None:
        """Take the values and places (n x U) of the images from number `start` on."""
        numbers = np.arange(start, start + len(values), dtype=np.int64)
        rows = np.broadcast_to(numbers, values.T.shape)
        every = Best(rows, values.T, places.T)
        if self._best is not None:
            both = (self._best, every)
            every = Best._make(np.concatenate([getattr(each, n) for each in both], axis=1) for n in Best._fields)
        # The sort is stable and earlier images come first: so of equal ones the earlier stays first.
        order = np.argsort(-every.values, axis=1, kind="stable")[:, : self._top]
        self._best = Best._make(np.take_along_axis(getattr(every, n), order, axis=1) for n in Best._fields)

    def result(self) -> Best:
        """Give the best once all images went by."""
        if self._best is None:
            raise InputError("there are no images to find references in")
        return self._best


def _check(targets: str, measure: str, top: int, rows: NDArray[np.int64]) -> None:
    check_known("targets", targets, TARGETS)
    check_known("measure", measure, MEASURES)
    if top < 1:
        raise InputError(f"top is {top}; it must be at least 1 image")
    if len(rows) == 0:
        raise InputError("there are no images to find references in")

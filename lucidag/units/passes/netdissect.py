"""Network Dissection: one pass that compares the regions of units with label maps of concepts.

Bau, Zhou, Khosla, Oliva, Torralba: Network Dissection, CVPR 2017, section 3. Where the paper leaves a choice:
both the activation maps (bilinearly) and the label maps (by the nearest pixel) are brought to the frame that the
network sees, S x S, so that every image weighs the same and what was cropped away counts for nothing; an image
in which nothing of a category is labelled does not count for the unions of that category.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.models.frames import batch_sizes, batches
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.units.names import check_names
from lucidag.units.passes.label_maps import encode, frame_pixels
from lucidag.units.passes.layers import check_finite, forward, layer_shapes
from lucidag.units.passes.overlaps import Overlaps
from lucidag.units.passes.upsample import pixels_above
from lucidag.units.settings import Passes

Tally = list[torch.Tensor]  # pixels by unit and label, one array a category: U x (C + 2), the labels as in `encode`


def count_overlaps(
    network: Network,
    manifest: Manifest,
    rows: NDArray[np.int64],
    thresholds: Mapping[str, NDArray[np.float32]],
    asked: Passes,
    *,
    chosen: NDArray[np.bool_] | None = None,
    device: str = "cpu",
    threads: int = 2,
) -> Overlaps:
    """Count the pixels that the units of some layers share with the concepts of a probe set.

    Parameters
    ----------
    network
        The network with its weights.
    manifest, rows
        The data set, and the row numbers that make the probe set.
    thresholds
        T_u of the units by layer (`lucidag.units.passes.activations.collect_part`), float32 U.
    asked
        How the thresholds were found. A threshold is one of the activations, so batches are of the same size again;
        the quantile is kept with the counts.
    chosen
        Which of `rows` are of the half that chooses labels, whose pixels are counted apart too; None: none.
    device, threads
        How to compute; they change the counts only where rounding moves an activation over its threshold: take the
        same as for that.

    Raises
    ------
    InputError
        If the data set has no label maps or a concept that is called as units without a label are, a layer has no
        maps, or an activation is not finite.
    """
    concepts = {category: tuple(names) for category, names in manifest.concepts.items()}
    if not concepts:
        raise InputError(
            f"{manifest.file}: the images have no label maps of concepts, so there is no IoU; Network Dissection "
            "needs a source that gives them"
        )
    check_names(str(manifest.file), [name for names in concepts.values() for name in names])
    images = tuple(str(image) for image in manifest.table["image"].iloc[rows])
    layers, start = tuple(thresholds), 0
    sizes = [len(names) for names in concepts.values()]
    with forward(network, layers, device, threads) as outputs_of:
        shapes = layer_shapes(outputs_of, network)
        _check(shapes, thresholds)
        tallies = {layer: [_tally(shape[0], sizes, device) for _ in range(2)] for layer, shape in shapes.items()}
        everything = [_tally(1, sizes, device) for _ in range(2)]  # all pixels, as if one unit were always on
        halves = torch.from_numpy(np.zeros(len(rows), np.bool_) if chosen is None else chosen).to(device)
        frames = batches(manifest, rows, network.inputs, asked.batch_size, threads, memory_limit=0)
        maps = label_batches(manifest, rows, network.inputs, asked.batch_size, threads)
        work = zip(frames, maps, strict=True)
        for batch, labels in track(work, "network dissection", len(batch_sizes(len(rows), asked.batch_size))):
            pixels, kinds = encode(torch.from_numpy(labels).to(device), sizes)
            # Pixels of the choosing half get numbers of their own.
            pixels += len(kinds) * halves[start : start + len(batch)].repeat_interleave(labels.shape[-1])
            _add(everything, torch.bincount(pixels, minlength=2 * len(kinds))[None], kinds)
            for layer, output in outputs_of(batch).items():
                peaks = output.amax(dim=(2, 3))
                check_finite(layer, peaks, images[start : start + len(batch)])
                limits = torch.from_numpy(thresholds[layer]).to(device)
                found = _histogram(output, peaks, limits, pixels, 2 * len(kinds), network.inputs.size)
                _add(tallies[layer], found, kinds)
            start += len(batch)
    counts, labelled = _counts(concepts, tallies, everything)
    return Overlaps(counts, concepts, layers, labelled, len(rows), asked.quantile, network.inputs.size)


def label_batches(
    manifest: Manifest, rows: NDArray[np.int64], inputs: Inputs, batch_size: int, threads: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the label maps of `rows` in the frame, batch by batch: categories x images x (S * S)."""
    reader = Images(manifest)
    pixels: dict[tuple[int, ...], NDArray[np.int64]] = {}

    def read(row: int) -> NDArray[np.uint8]:
        maps = reader.read_concepts(row)
        for shape in {each.shape for each in maps.values()} - pixels.keys():
            pixels[shape] = frame_pixels(shape, inputs).ravel()
        return np.stack([maps[category].ravel()[pixels[maps[category].shape]] for category in manifest.concepts])

    with ThreadPoolExecutor(max(1, threads)) as pool:
        for first in range(0, len(rows), batch_size):
            yield np.stack(list(pool.map(read, rows[first : first + batch_size].tolist())), axis=1)


def _histogram(
    output: torch.Tensor, peaks: torch.Tensor, limits: torch.Tensor, codes: torch.Tensor, kinds: int, size: int
) -> torch.Tensor:
    """Count the pixels where each unit is above its threshold, by the code of the pixel: int64 U x J."""
    reader, units = (peaks > limits).nonzero(as_tuple=True)
    differences = output[reader, units] - limits[units, None, None]
    counts = torch.zeros(len(limits) * kinds, dtype=torch.int64, device=output.device)
    for maps, pixels in pixels_above(differences, size):
        code = codes[(reader * size**2)[maps] + pixels]
        counts += torch.bincount((units * kinds)[maps] + code, minlength=len(counts))
    return counts.reshape(len(limits), kinds)


def _tally(units: int, sizes: Sequence[int], device: str) -> Tally:
    return [torch.zeros((units, count + 2), dtype=torch.int64, device=device) for count in sizes]


def _add(tallies: Sequence[Tally], histogram: torch.Tensor, kinds: torch.Tensor) -> None:
    """Add pixels that were counted by code to those of all images, and to those of the choosing half."""
    other, half = histogram.tensor_split(2, dim=1)
    for tally, found in zip(tallies, (other + half, half), strict=True):
        for category, counts in enumerate(tally):
            counts.index_add_(1, kinds[:, category], found)


def _check(shapes: Mapping[str, tuple[int, ...]], thresholds: Mapping[str, NDArray[np.float32]]) -> None:
    for layer, shape in shapes.items():
        if len(shape) != 3:
            raise InputError(f"layer '{layer}' gives one number per unit and no maps, so there is no IoU; leave it out")
        if thresholds[layer].shape != shape[:1]:
            raise InputError(f"layer '{layer}' has {shape[0]} units but {len(thresholds[layer])} thresholds")


def _counts(
    categories: Iterable[str], tallies: Mapping[str, Sequence[Tally]], everything: Sequence[Tally]
) -> tuple[dict[str, NDArray[np.int64]], dict[str, int]]:
    """Make unions of what was counted: units and concepts each, minus what both have."""
    counts: dict[str, NDArray[np.int64]] = {}
    pixels: dict[str, int] = {}
    for place, category in enumerate(categories):
        (total,), (half,) = (tally[place].cpu().numpy() for tally in everything)
        counts[f"area/{category}"] = total[1:-1]
        pixels[category] = int(total[:-1].sum())
        for layer, both in tallies.items():
            for name, tally, area in zip(("", "half/"), both, (total[1:-1], half[1:-1]), strict=True):
                each = tally[place].cpu().numpy()
                shared = counts[f"{layer}/{name}intersection/{category}"] = each[:, 1:-1]
                counts[f"{layer}/{name}union/{category}"] = each[:, :-1].sum(axis=1, keepdims=True) + area - shared
    return counts, pixels

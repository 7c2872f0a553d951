"""Where units are active in the images that activate them most: one pass over these images and no others.

Regions are those of Network Dissection (`lucidag.units.passes.netdissect`): a map is brought to the size of the image,
bilinearly, and the unit's region is where it exceeds T_u. Maps of more than `SIDE` places are averaged down first, so
that a page can hold them; the region of such a map is coarser than that on a sheet of units.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.pairs import check_same
from lucidag.ground.progress import track
from lucidag.models.frames import batches
from lucidag.models.network import Network
from lucidag.units.passes.layers import forward
from lucidag.units.passes.region_maps import RegionMaps
from lucidag.units.passes.unit_statistics import Statistics

BATCH = 64  # images per step
SIDE = 14  # places of a map, in height and width, at most


def collect_regions(
    network: Network,
    manifest: Manifest,
    rows: NDArray[np.int64],
    statistics: Statistics,
    layers: Sequence[str],
    images: int,
    *,
    device: str = "cpu",
    threads: int = 2,
) -> dict[str, RegionMaps]:
    """Return the maps of all units of these layers in their top images; a layer without maps is left out.

    Parameters
    ----------
    network, manifest, rows
        The network with its weights, the data set, and the row numbers of the probe set.
    statistics
        What the pass over the probe set gave.
    layers
        Names of layers of that pass.
    images
        How many of each unit at most.
    device, threads
        How to compute.

    Raises
    ------
    InputError
        If the statistics are of other images.
    """
    check_same(manifest.table["image"].iloc[rows].tolist(), statistics.images, manifest.file, "the statistics of units")
    tops = {name: statistics.layers[name].top[:, :images] for name in layers if statistics.has_maps(name)}
    maps = {name: np.zeros((*top.shape, *_size(statistics.shapes[name])), np.float32) for name, top in tops.items()}
    wanted = np.unique(np.concatenate([top.ravel() for top in tops.values()])) if tops else np.empty(0, np.int64)
    start = 0
    with forward(network, list(tops), device, threads) as outputs_of:
        for batch in track(batches(manifest, rows[wanted], network.inputs, BATCH, threads, memory_limit=0), "regions"):
            places = wanted[start : start + len(batch)]
            start += len(batch)
            for name, output in outputs_of(batch).items():
                small = torch.nn.functional.adaptive_avg_pool2d(output, maps[name].shape[2:]).cpu().numpy()
                units, ranks = np.nonzero(np.isin(tops[name], places))
                maps[name][units, ranks] = small[np.searchsorted(places, tops[name][units, ranks]), units]
    ids = np.asarray(statistics.images, dtype=object)
    return {
        name: RegionMaps(maps[name], statistics.layers[name].threshold, tuple(map(tuple, ids[top].tolist())))
        for name, top in tops.items()
    }


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    return min(SIDE, shape[1]), min(SIDE, shape[2])

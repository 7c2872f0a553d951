"""The rows of a sheet of units: top images, the unit's region in them, its labels."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.pairs import check_same
from lucidag.models.frames import batches
from lucidag.models.network import Network
from lucidag.units.compare.sheet_units import UnitRow, words_of
from lucidag.units.passes.layers import forward
from lucidag.units.passes.unit_statistics import Statistics
from lucidag.units.passes.upsample import region

BATCH = 64  # images per step


def unit_rows(
    network: Network,
    manifest: Manifest,
    rows: NDArray[np.int64],
    statistics: Statistics,
    tables: Mapping[str, pd.DataFrame],
    chosen: Mapping[str, Sequence[int]],
    images: int,
    *,
    device: str = "cpu",
    batch_size: int = BATCH,
    threads: int = 2,
) -> list[UnitRow]:
    """Make the rows of a sheet, running the network over the images that are shown and no others; none without units.

    Parameters
    ----------
    network, manifest, rows
        The network with its weights, the data set, and the row numbers of the probe set.
    statistics
        What the pass over the probe set gave.
    tables
        The labels by layer (see `lucidag.units.labels.unit_tables`).
    chosen
        The units by layer.
    images
        How many of each unit.
    device, batch_size, threads
        How to compute.

    Raises
    ------
    InputError
        If the statistics are of other images.
    """
    check_same(manifest.table["image"].iloc[rows].tolist(), statistics.images, manifest.file, "the statistics of units")
    wanted = sorted(
        {
            int(place)
            for layer, units in chosen.items()
            for place in statistics.layers[layer].top[list(units), :images].flat
        }
    )
    if not wanted:  # no unit has a label
        return []
    with forward(network, list(chosen), device, threads) as outputs_of:
        seen = [
            (batch, {layer: output.cpu() for layer, output in outputs_of(batch).items()})
            for batch in batches(manifest, rows[wanted], network.inputs, batch_size, threads, memory_limit=0)
        ]
    frames = torch.cat([batch for batch, _ in seen]).numpy()
    maps = {layer: torch.cat([outputs[layer] for _, outputs in seen]).numpy() for layer in chosen}
    where = {place: position for position, place in enumerate(wanted)}
    size, found = network.inputs.size, []
    for layer, units in chosen.items():
        known = statistics.layers[layer]
        for unit in units:
            places = [where[int(place)] for place in known.top[unit, :images]]
            threshold = float(known.threshold[unit])
            regions = [
                region(maps[layer][place, unit], threshold, size) if maps[layer].ndim == 4 else None for place in places
            ]
            words = words_of(layer, unit, tables[layer], known)
            captions = [f"{value:.2f}" for value in known.top_values[unit, :images]]
            found.append(UnitRow(*words, [frames[place] for place in places], regions, captions))
    return found

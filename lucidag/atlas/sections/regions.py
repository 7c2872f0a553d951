"""Where a layer's units are active in the images that activate them most, in few places and levels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lucidag.atlas.results import Results
from lucidag.atlas.shrink import LEVELS, coarse, in_letters
from lucidag.atlas.table import rounded
from lucidag.units.passes.region_maps import RegionMaps, read_region_maps


def regions(results: Results, model: str, layer: str, units: Sequence[int], side: int) -> dict[str, Any] | None:
    """Return the maps of these units, side x side places at most in four bits; None where there are no maps.

    A value is a share of the greatest of the unit's maps, and `threshold` is T_u as such a share: a unit's region is
    where a map, brought to the size of the image, exceeds it.
    """
    file = f"units/{model}/regions.safetensors"
    found = read_region_maps(results.path(file)).get(layer) if results.has(file) else None
    if found is None or not len(units):
        return None
    maps, threshold = _small(found, list(units), side)
    return {
        "images": [list(found.images[unit]) for unit in units],
        "height": maps.shape[2],
        "width": maps.shape[3],
        "data": in_letters(maps),
        "threshold": [rounded(float(value)) for value in threshold],
    }


def _small(found: RegionMaps, units: list[int], side: int) -> tuple[Any, Any]:
    own = found.maps[units]
    if own.shape[2] == own.shape[3] and own.shape[2] > side:
        flat = own.reshape(-1, *own.shape[2:])
        own = np.stack([coarse(each, side) for each in flat]).reshape(*own.shape[:2], side, side)
    most = own.max(axis=(1, 2, 3))
    scale = np.where(most > 0, most, 1)
    levels = np.rint(np.clip(own / scale[:, None, None, None], 0, 1) * LEVELS).astype(np.uint8)
    return levels, np.clip(found.threshold[units] / scale, 0, None)

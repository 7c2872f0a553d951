"""Where units are active in their top images: small maps, in one file of a model. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.tensors import read_tensors, write_tensors


@dataclass(frozen=True)
class RegionMaps:
    """The maps of the U units of one layer in their T top images.

    Attributes
    ----------
    maps
        float32 U x T x h x w: activations, each the mean of the places that it stands for.
    threshold
        float32 U: T_u, above which a unit's region lies (see `lucidag.units.passes.unit_statistics`).
    images
        The ids of the T top images of each unit, the first the most active.
    """

    maps: NDArray[np.float32]
    threshold: NDArray[np.float32]
    images: tuple[tuple[str, ...], ...]


def write_region_maps(path: str | Path, layers: Mapping[str, RegionMaps]) -> None:
    """Write layers as safetensors (``{layer}/maps``, ``{layer}/threshold``), whole or not at all."""
    tensors = {f"{name}/{key}": getattr(each, key) for name, each in layers.items() for key in ("maps", "threshold")}
    write_tensors(path, tensors, {"layers": {name: each.images for name, each in layers.items()}})


def read_region_maps(path: str | Path) -> dict[str, RegionMaps]:
    """Read what `write_region_maps` wrote.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "regions of units") as (handle, about):
        return {
            name: RegionMaps(
                handle.get_tensor(f"{name}/maps"),
                handle.get_tensor(f"{name}/threshold"),
                tuple(tuple(ids) for ids in images),
            )
            for name, images in about["layers"].items()
        }

"""Which images of a data set are the references of each unit, in one file. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.tensors import read_tensors, write_tensors

RELEVANCE, ACTIVATION = "relevance", "activation"
KINDS = (RELEVANCE, ACTIVATION)
FIELDS = ("rows", "values", "places")


@dataclass(frozen=True)
class Best:
    """The T best images of each of U units.

    Attributes
    ----------
    rows
        int64 U x T: their numbers 0..N-1, best first, equal ones in their order.
    values
        float32 U x T: the unit's relevance or activation there.
    places
        int64 U x T: where in the layer's map (row * width + column) the unit has the most of it; 0 without maps.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    places: NDArray[np.int64]


@dataclass(frozen=True)
class References:
    """The references of the units of some layers, out of N images.

    Attributes
    ----------
    images
        The ids of the images, in the order of the pass.
    targets
        int64 N: the class whose relevance was taken of each image.
    layers
        By layer and kind (``relevance``: RelMax, ``activation``: ActMax).
    shapes
        (U,) or (U, H, W) by layer.
    settings
        How they were found: ``measure``, ``normalised``, ``targets``, as `find_references` takes them.
    """

    images: tuple[str, ...]
    targets: NDArray[np.int64]
    layers: Mapping[str, Mapping[str, Best]]
    shapes: Mapping[str, tuple[int, ...]]
    settings: Mapping[str, Any]


def write_references(path: str | Path, content: References) -> None:
    """Write references as safetensors (``{layer}/relevance/rows``, ...), whole or not at all."""
    tensors: dict[str, NDArray[Any]] = {"targets": content.targets}
    for layer, kinds in content.layers.items():
        for kind, best in kinds.items():
            for name in FIELDS:
                tensors[f"{layer}/{kind}/{name}"] = getattr(best, name)
    about = {
        "images": content.images,
        "layers": list(content.layers),
        "shapes": content.shapes,
        "settings": content.settings,
    }
    write_tensors(path, tensors, about)


def read_references(path: str | Path) -> References:
    """Read what `write_references` wrote.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "reference images") as (handle, about):
        layers = {
            layer: {
                kind: Best(**{name: handle.get_tensor(f"{layer}/{kind}/{name}") for name in FIELDS}) for kind in KINDS
            }
            for layer in about["layers"]
        }
        return References(
            images=tuple(about["images"]),
            targets=handle.get_tensor("targets"),
            layers=layers,
            shapes={layer: tuple(shape) for layer, shape in about["shapes"].items()},
            settings=about["settings"],
        )

"""What is known of the units of some layers over a probe set: the files that dissection reads."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.tensors import read_tensors, write_tensors


@dataclass(frozen=True)
class LayerStatistics:
    """The U units of one layer over N images.

    Attributes
    ----------
    top, top_values
        int64 and float32 U x T: the T images (see `lucidag.units.passes.probe_set.top_count`) with the greatest
        pooled activation, as numbers 0..N-1, best first, equal ones in their order; and these activations.
    threshold
        float32 U: T_u, the least activation with P(a > T_u) <= quantile over all positions of all images.
    mean, share_active
        float32 U: the mean of the pooled activation, and the share of images where it is above 0.
    peak
        float32 U: the greatest activation at any position.
    """

    top: NDArray[np.int64]
    top_values: NDArray[np.float32]
    threshold: NDArray[np.float32]
    mean: NDArray[np.float32]
    peak: NDArray[np.float32]
    share_active: NDArray[np.float32]


Units = TypeVar("Units")  # what is known of the units of a layer


@dataclass(frozen=True)
class Pass(Generic[Units]):
    """What one pass over images of a probe set gives besides the pooled activations, which are a file.

    Attributes
    ----------
    images
        The ids of the N images, in the order of the pass.
    layers
        What is known of the units, by layer.
    shapes
        (U,) or (U, H, W) by layer.
    pooling
        ``mean`` or ``max`` over H x W.
    quantile
        The share of activations above T_u.
    looked_at
        The share of the positions that T_u comes from, by layer: 1 where it is exact.
    """

    images: tuple[str, ...]
    layers: Mapping[str, Units]
    shapes: Mapping[str, tuple[int, ...]]
    pooling: str
    quantile: float
    looked_at: Mapping[str, float]

    @staticmethod
    def known(about: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a file says of a pass with lists as the tuples that they were."""
        shapes = {layer: tuple(shape) for layer, shape in about["shapes"].items()}
        return {**about, "images": tuple(about["images"]), "shapes": shapes}


@dataclass(frozen=True)
class Statistics(Pass[LayerStatistics]):
    """What one pass over a whole probe set gives."""

    def has_maps(self, layer: str) -> bool:
        """Tell whether the units of a layer have maps, or one number each."""
        return len(self.shapes[layer]) > 1

    def thresholds(self) -> dict[str, NDArray[np.float32]]:
        """Give T_u of the units of every layer with maps."""
        return {layer: units.threshold for layer, units in self.layers.items() if self.has_maps(layer)}


def write_pass(path: str | Path, content: Pass[Any]) -> None:
    """Write a pass as safetensors (``{layer}/top``, ``{layer}/threshold``, ...), whole or not at all."""
    layers = content.layers.items()
    tensors = {f"{layer}/{name}": values for layer, units in layers for name, values in vars(units).items()}
    write_tensors(path, tensors, vars(content) | {"layers": list(content.layers)})


def read_statistics(path: str | Path) -> Statistics:
    """Read what `write_pass` wrote of a whole probe set.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    names = [field.name for field in fields(LayerStatistics)]
    with read_tensors(path, "unit statistics") as (handle, about):
        layers = {
            layer: LayerStatistics(**{name: handle.get_tensor(f"{layer}/{name}") for name in names})
            for layer in about["layers"]
        }
        return Statistics(**Statistics.known(about) | {"layers": layers})


def layer_columns(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, slice]:
    """Give the columns of each layer in the file of activations: layers stand side by side in their order."""
    ends = np.cumsum([shape[0] for shape in shapes.values()]).tolist()
    return {layer: slice(end - shape[0], end) for (layer, shape), end in zip(shapes.items(), ends, strict=True)}


def read_activations(path: str | Path, content: Statistics, layer: str) -> NDArray[np.float32]:
    """Map the pooled activations of a layer into memory: float32 N x U, read as they are used.

    Parameters
    ----------
    path
        The file, N x all units of all layers.
    content
        The statistics of the same pass.
    layer
        One of its layers.

    Raises
    ------
    InputError
        If the file is missing or is something else, or is of another pass.
    """
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} does not hold activations of lucidag: {error}") from error
    wanted = (len(content.images), sum(shape[0] for shape in content.shapes.values()))
    if not isinstance(values, np.ndarray) or values.shape != wanted or values.dtype != np.float32:
        raise InputError(f"{path} does not hold activations of lucidag: it must be float32 {wanted[0]} x {wanted[1]}")
    return values[:, layer_columns(content.shapes)[layer]]

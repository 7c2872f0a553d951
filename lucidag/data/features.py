"""The file of penultimate features that a model gives on one split, and how it is read back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.join import join_tensors
from lucidag.ground.statistics.owners import owners
from lucidag.ground.tensors import metadata, read_tensors, write_tensors

ROWS = ("labels", "groups", "logits", "features", "exact", "owners")  # tensors with one row per image


@dataclass(frozen=True)
class Features:
    """What a model says about the N images of one split.

    Attributes
    ----------
    images
        The N image ids, in the order of the manifest.
    labels
        N class indices (int64).
    groups
        N group indices (int64); all zero where the data set has no groups.
    logits
        N x C float32, as the network itself computes them.
    features
        N x K float32: the input of the last layer, summed up over places if that is a convolution. None where the
        network has no such layer.
    weight, bias
        C x K and C float32: the last layer. None where the network has none.
    classes, group_names
        The names of the indices.
    layer
        The name of the last layer inside the network, such as ``"fc"``.
    exact
        N x C float64: the logits of a network with a last layer in which they are not linear. None for any other.
    owners
        N numbers (int64) of patients or lesions, the same in all splits; None where the data set names none.
    """

    images: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    logits: NDArray[np.float32]
    features: NDArray[np.float32] | None
    weight: NDArray[np.float32] | None
    bias: NDArray[np.float32] | None
    classes: tuple[str, ...]
    group_names: tuple[str, ...]
    layer: str | None
    exact: NDArray[np.float64] | None = None
    owners: NDArray[np.int64] | None = None

    def clusters(self) -> NDArray[np.int64] | None:
        """Number the patients or lesions from 0; None where every image stands for itself."""
        return owners(None if self.owners is None else self.owners.astype(str).tolist(), len(self.labels))


def judged_groups(sizes: NDArray[np.int64], min_group: int) -> NDArray[np.bool_]:
    """Return which of the groups may be called the worst.

    Those with at least `min_group` images; where none has so many, the largest. A group without images never is.
    """
    return np.asarray(sizes >= max(1, min(min_group, int(sizes.max(initial=1)))))


def write_features(path: str | Path, content: Features) -> None:
    """Write one split as safetensors; names, ids and classes go into the metadata as JSON."""
    numbers = {"labels": content.labels, "groups": content.groups}
    tensors = {name: np.asarray(values, dtype=np.int64) for name, values in numbers.items()}
    head = {"features": content.features, "head.weight": content.weight, "head.bias": content.bias}
    kept = head if all(values is not None for values in head.values()) else {}
    tensors |= {
        name: np.asarray(values, dtype=np.float32) for name, values in {"logits": content.logits, **kept}.items()
    }
    if content.exact is not None:
        tensors["exact"] = np.asarray(content.exact, dtype=np.float64)
    if content.owners is not None:
        tensors["owners"] = np.asarray(content.owners, dtype=np.int64)
    write_tensors(
        path, tensors, {name: getattr(content, name) for name in ("images", "classes", "group_names", "layer")}
    )


def join_features(path: str | Path, parts: Sequence[str | Path]) -> None:
    """Write the shards of a split as the one file that `write_features` would have made of all its images.

    Tensors are copied piece by piece; only the image ids of all parts are in memory at a time.

    Parameters
    ----------
    path
        The new file.
    parts
        What `write_features` wrote for each shard, in their order.

    Raises
    ------
    InputError
        If a part is no such file, or is of another model or data set than the first one.
    """
    names = [_names(part) for part in parts]
    for part, other in zip(parts, names, strict=True):
        if {**other, "images": []} != {**names[0], "images": []}:
            raise InputError(f"{part} has other classes, groups or another layer than {parts[0]}")
    images = [image for each in names for image in each["images"]]
    join_tensors(path, parts, ROWS, metadata({**names[0], "images": images}))


def _names(path: str | Path) -> dict[str, Any]:
    """Read the ids, classes and names of a features file."""
    with read_tensors(path, "features") as (_, names):
        return names


def read_features(path: str | Path) -> Features:
    """Read what `write_features` wrote.

    Raises
    ------
    InputError
        If `path` is no such file, has not one row for each image, or holds values that are not finite.
    """
    with read_tensors(path, "features") as (handle, names):
        tensors = {key: handle.get_tensor(key) for key in handle.keys()}  # noqa: SIM118
    for key in ROWS:
        if key in tensors and len(tensors[key]) != len(names["images"]):
            raise InputError(f"{path}: tensor '{key}' has {len(tensors[key])} rows for {len(names['images'])} images")
    for key in ("features", "logits", "head.weight", "head.bias", "exact"):
        if key in tensors and not np.isfinite(tensors[key]).all():
            raise InputError(f"{path}: tensor '{key}' holds NaN or infinite values")
    return Features(
        images=tuple(names["images"]),
        labels=tensors["labels"],
        groups=tensors["groups"],
        logits=tensors["logits"],
        features=tensors.get("features"),
        weight=tensors.get("head.weight"),
        bias=tensors.get("head.bias"),
        classes=tuple(names["classes"]),
        group_names=tuple(names["group_names"]),
        layer=names["layer"],
        exact=tensors.get("exact"),
        owners=tensors.get("owners"),
    )


def read_splits(paths: Iterable[str | Path], required: Sequence[str] = ()) -> dict[str, Features]:
    """Read the features files of several splits, by the name of the split; those without images are left out.

    Raises
    ------
    InputError
        If a file cannot be used, or a split of `required` has no images.
    """
    files = {Path(path).stem: path for path in paths}
    contents = {split: read_features(path) for split, path in files.items()}
    for split in required:
        if split not in contents or not contents[split].images:
            raise InputError(
                f"{files.get(split, split)}: split '{split}' has no images, but {', '.join(required)} are needed"
            )
    return {split: content for split, content in contents.items() if content.images}

"""References of units, and the units that a decision rests on with theirs: each in one file. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.tensors import read_tensors, write_tensors

RELEVANCE, ACTIVATION = "relevance", "activation"
KINDS = (RELEVANCE, ACTIVATION)


class Best(NamedTuple):
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


class ClassMeans(NamedTuple):
    """The mean relevance of U units over the images of each explained class.

    Attributes
    ----------
    classes, images
        int64 C: the classes of which there are images, ascending, and how many.
    mean, error
        float32 C x U: the signed mean, and its standard error over images; NaN where it is not known.
    """

    classes: NDArray[np.int64]
    images: NDArray[np.int64]
    mean: NDArray[np.float32]
    error: NDArray[np.float32]


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
    by_class
        By layer, the mean relevance for each class over all N images.
    """

    images: tuple[str, ...]
    targets: NDArray[np.int64]
    layers: Mapping[str, Mapping[str, Best]]
    shapes: Mapping[str, tuple[int, ...]]
    settings: Mapping[str, Any]
    by_class: Mapping[str, ClassMeans] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """One reference image of a unit.

    Attributes
    ----------
    image
        Its id.
    frame
        uint8 C x S x S, C 1 or 3: the image as the network gets it, before normalisation.
    map
        float32 S x S: where the unit's activation comes from.
    value
        The relevance or activation that it was chosen for.
    """

    image: str
    frame: NDArray[np.uint8]
    map: NDArray[np.float32]
    value: float


@dataclass(frozen=True)
class UnitConcept:
    """One unit of a decision.

    Attributes
    ----------
    unit
        Its number in the layer.
    share
        Its relevance, in parts of the sum of absolute relevance over the layer; negative where it speaks against.
    map
        float32 S x S: its conditional relevance.
    references
        By kind (``relevance``, ``activation``), best first.
    """

    unit: int
    share: float
    map: NDArray[np.float32]
    references: Mapping[str, tuple[Reference, ...]]


@dataclass(frozen=True)
class Decision:
    """One image, the class that was explained, and the units of a layer that it rests on.

    Attributes
    ----------
    image, frame
        As of `Reference`.
    record
        What else is known, as plain values: ``layer``, ``target``, ``target_name``, ``logit``, ...
    units
        The most relevant first.
    """

    image: str
    frame: NDArray[np.uint8]
    record: Mapping[str, Any]
    units: tuple[UnitConcept, ...] = ()


def write_references(path: str | Path, content: References) -> None:
    """Write references as safetensors (``{layer}/relevance/rows``, ...), whole or not at all."""
    tensors: dict[str, NDArray[Any]] = {"targets": content.targets}
    for layer, kinds in content.layers.items():
        for kind, best in kinds.items():
            tensors |= {f"{layer}/{kind}/{name}": values for name, values in best._asdict().items()}
    for layer, means in content.by_class.items():
        tensors |= {f"{layer}/by_class/{name}": values for name, values in means._asdict().items()}
    about = {name: getattr(content, name) for name in ("images", "layers", "shapes", "settings")}
    write_tensors(path, tensors, {**about, "layers": list(content.layers), "by_class": list(content.by_class)})


def read_references(path: str | Path) -> References:
    """Read what `write_references` wrote.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "reference images") as (handle, about):

        def best(where: str) -> Best:
            return Best(*(handle.get_tensor(f"{where}/{name}") for name in Best._fields))

        means = {
            layer: ClassMeans(*(handle.get_tensor(f"{layer}/by_class/{name}") for name in ClassMeans._fields))
            for layer in about["by_class"]
        }
        layers = {layer: {kind: best(f"{layer}/{kind}") for kind in KINDS} for layer in about["layers"]}
        shapes = {layer: tuple(shape) for layer, shape in about["shapes"].items()}
        targets = handle.get_tensor("targets")
        return References(tuple(about["images"]), targets, layers, shapes, about["settings"], means)


def write_decision(path: str | Path, decision: Decision) -> None:
    """Write a decision as safetensors, whole or not at all."""
    tensors: dict[str, NDArray[Any]] = {"frame": decision.frame}
    units = []
    for place, unit in enumerate(decision.units):
        tensors[f"{place}/map"] = unit.map
        known: dict[str, Any] = {"unit": unit.unit, "share": unit.share}
        for kind in KINDS:
            given = unit.references.get(kind, ())
            known[kind] = [{"image": each.image, "value": each.value} for each in given]
            for number, each in enumerate(given):
                tensors[f"{place}/{kind}/{number}/frame"] = each.frame
                tensors[f"{place}/{kind}/{number}/map"] = each.map
        units.append(known)
    write_tensors(path, tensors, {"image": decision.image, "record": decision.record, "units": units})


def read_decision(path: str | Path) -> Decision:
    """Read what `write_decision` wrote; raises as `read_references`."""
    with read_tensors(path, "the units of a decision") as (handle, about):
        tensor = handle.get_tensor

        def reference(where: str, known: Mapping[str, Any]) -> Reference:
            return Reference(known["image"], tensor(f"{where}/frame"), tensor(f"{where}/map"), known["value"])

        def references(place: int, kind: str) -> tuple[Reference, ...]:
            listed = enumerate(about["units"][place][kind])
            return tuple(reference(f"{place}/{kind}/{number}", known) for number, known in listed)

        units = tuple(
            UnitConcept(
                unit["unit"], unit["share"], tensor(f"{place}/map"), {kind: references(place, kind) for kind in KINDS}
            )
            for place, unit in enumerate(about["units"])
        )
        return Decision(about["image"], tensor("frame"), about["record"], units)

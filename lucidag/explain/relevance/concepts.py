"""The units that a decision rests on, with their maps and reference images, in one file. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.explain.relevance.reference_store import KINDS
from lucidag.ground.tensors import read_tensors, write_tensors


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
    units: tuple[UnitConcept, ...] = field(default_factory=tuple)


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
    about = {"image": decision.image, "record": decision.record, "units": units}
    write_tensors(path, tensors, about)


def read_decision(path: str | Path) -> Decision:
    """Read what `write_decision` wrote.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "the units of a decision") as (handle, about):
        units = tuple(_unit(handle, place, known) for place, known in enumerate(about["units"]))
        return Decision(about["image"], handle.get_tensor("frame"), about["record"], units)


def _unit(handle: Any, place: int, known: Mapping[str, Any]) -> UnitConcept:  # noqa: ANN401
    references = {
        kind: tuple(
            Reference(
                image=each["image"],
                frame=handle.get_tensor(f"{place}/{kind}/{number}/frame"),
                map=handle.get_tensor(f"{place}/{kind}/{number}/map"),
                value=each["value"],
            )
            for number, each in enumerate(known[kind])
        )
        for kind in KINDS
    }
    return UnitConcept(known["unit"], known["share"], handle.get_tensor(f"{place}/map"), references)

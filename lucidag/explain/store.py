"""Explanations of some images in one file: the seam between what explains and what compares or draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.files import atomic
from lucidag.ground.tensors import read_tensors, write_tensors

Kind = Literal["graded", "signed", "selection"]


class About(NamedTuple):
    """What tables and figures have to know of a method: its name for readers, what its maps are, and of what.

    A map that is not `per_class` is the same for every class.

    The kinds are told apart in `lucidag.explain.methods.base.Method`.
    """

    title: str
    kind: Kind
    per_class: bool = True


@dataclass(frozen=True)
class Explained:
    """One image with its explanations, everything in the frame that the network sees (S x S pixels).

    Attributes
    ----------
    image
        Its id.
    frame
        uint8 C x S x S, C 1 or 3: the image as the network gets it, before normalisation.
    mask
        bool S x S: where the truth is, or None where there is no mask.
    maps
        float32 S x S by method.
    segments
        int32 S x S: the superpixels 0..n-1 (LIME only).
    record
        What else is known, as plain values: ``label``, ``target``, ``target_name``, ...
    about
        By method, what is to be known of its maps; one that is not named is called by its own name, and graded.
    """

    image: str
    frame: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    maps: Mapping[str, NDArray[np.float32]]
    segments: NDArray[np.int32] | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, About] = field(default_factory=dict)

    def kind(self, method: str) -> Kind:
        """Return what the maps of a method are."""
        return self.about[method].kind if method in self.about else "graded"

    def without(self, method: str) -> "Explained":
        """Return the image with an empty map of a method that has nothing to say about its network."""
        record = {**self.record, "notes": [f"there is nothing in this network that {method} could show"]}
        empty = np.zeros(self.frame.shape[1:], np.float32)
        return Explained(self.image, self.frame, self.mask, {method: empty}, record=record)


def write_explained(path: str | Path, images: Sequence[Explained]) -> None:
    """Write explanations as safetensors, whole or not at all; the records go into the metadata as JSON."""
    tensors: dict[str, NDArray[Any]] = {}
    for explained in images:
        tensors[f"{explained.image}/frame"] = explained.frame
        if explained.mask is not None:
            tensors[f"{explained.image}/mask"] = explained.mask.astype(np.uint8)
        if explained.segments is not None:
            tensors[f"{explained.image}/segments"] = explained.segments
        for method, values in explained.maps.items():
            tensors[f"{explained.image}/map/{method}"] = values
    known = {
        explained.image: {
            "record": explained.record,
            "methods": {
                method: explained.about.get(method, About(method, "graded"))._asdict() for method in explained.maps
            },
        }
        for explained in images
    }
    write_tensors(path, tensors, known)


def read_explained(path: str | Path) -> list[Explained]:
    """Read what `write_explained` wrote, in its order.

    Raises
    ------
    InputError
        If the file is missing or is something else.
    """
    with read_tensors(path, "explanations") as (handle, about):
        keys = set(handle.keys())
        return [_image(handle, keys, image, known) for image, known in about.items()]


def _image(handle: Any, keys: set[str], image: str, known: Mapping[str, Any]) -> Explained:  # noqa: ANN401
    def tensor(name: str) -> NDArray[Any] | None:
        key = f"{image}/{name}"
        return handle.get_tensor(key) if key in keys else None

    mask = tensor("mask")
    return Explained(
        image=image,
        frame=handle.get_tensor(f"{image}/frame"),
        mask=None if mask is None else mask > 0,
        maps={method: handle.get_tensor(f"{image}/map/{method}") for method in known["methods"]},
        segments=tensor("segments"),
        record=known["record"],
        about={method: About(**words) for method, words in known["methods"].items()},
    )


def titles_of(images: Sequence[Explained]) -> dict[str, str]:
    """Return the names for readers of the methods that any of `images` has a map of."""
    return {method: about.title for explained in images for method, about in explained.about.items()}


def read_titles(paths: Sequence[str | Path]) -> dict[str, str]:
    """Return `titles_of` the explanations in files, without reading any map."""
    titles: dict[str, str] = {}
    for path in paths:
        with read_tensors(path, "explanations") as (_, about):
            for known in about.values():
                titles |= {method: words["title"] for method, words in known["methods"].items()}
    return titles


def write_map(path: str | Path, values: NDArray[np.float32]) -> None:
    """Write a map as .npy (float32 S x S), whole or not at all."""
    with atomic(path) as partial:
        np.save(partial, values.astype(np.float32), allow_pickle=False)

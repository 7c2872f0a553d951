"""The images that a job explains, in the frame that the network sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.images import Images, decode, decode_mask
from lucidag.data.manifest import Manifest, read_manifest
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known, unknown
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.trained import open_trained


@dataclass(frozen=True)
class Subject:
    """An image to explain.

    Attributes
    ----------
    image, label
        Its id and its class.
    target
        The class to explain, as an index; None is the predicted one.
    frame
        uint8 C x S x S: what the network gets, before normalisation.
    mask
        bool S x S: where the truth is, or None where there is no mask.
    """

    image: str
    label: str
    target: int | None
    frame: torch.Tensor
    mask: NDArray[np.bool_] | None


def open_job(
    settings: Mapping[str, Any], checkpoint: str, files: Sequence[str]
) -> tuple[Network, list[str], list[Subject]]:
    """Open a network with its weights, the names of its classes, and the images of a job.

    Parameters
    ----------
    settings
        The network's ``architecture``, ``options``, ``input`` and ``head``, and ``images``: see `read_subjects`.
    checkpoint
        The weights, as lucidag writes them.
    files
        The images' own files, or those of a data set with a manifest, whose folder the first one is in.
    """
    network, classes = open_trained(settings, checkpoint)
    folder = Path(files[0]).parent
    return network, classes, read_subjects(settings["images"], folder, network.inputs, classes)


def read_subjects(
    rows: Sequence[Mapping[str, str | None]], folder: str | Path | None, inputs: Inputs, classes: Sequence[str]
) -> list[Subject]:
    """Read the images of a job.

    Parameters
    ----------
    rows
        Of each image its id ``image`` and ``target`` (a class name or None); where it is a file of its own also
        ``path``, ``mask`` (empty: none) and ``label``.
    folder
        The data set's folder with its manifest, for images without a path.
    inputs
        How an image becomes a frame.
    classes
        The classes of the network.

    Raises
    ------
    InputError
        If an id is not in the data set, a file cannot be read, a mask has another size than its image, or a
        target is none of `classes`.
    """
    listed = folder is not None and not all(row.get("path") for row in rows)
    manifest = read_manifest(str(folder)) if listed else None
    return [_subject(row, manifest, inputs, classes) for row in rows]


def _subject(
    row: Mapping[str, str | None], manifest: Manifest | None, inputs: Inputs, classes: Sequence[str]
) -> Subject:
    image = str(row["image"])
    if row.get("path"):
        pixels = decode(str(row["path"]))
        mask = decode_mask(str(row["mask"])) if row["mask"] else None
        label = str(row["label"])
    else:
        pixels, mask, label = _from_manifest(image, manifest)
    if mask is not None and mask.shape != pixels.shape[:2]:
        raise InputError(
            f"image '{image}': its mask is {mask.shape[1]} x {mask.shape[0]} pixels, "
            f"the image {pixels.shape[1]} x {pixels.shape[0]}"
        )
    target = row["target"]
    if target is not None and target not in classes:
        raise InputError(f"image '{image}', target: {unknown('class', target, classes)}")
    return Subject(
        image=image,
        label=label,
        target=None if target is None else list(classes).index(target),
        frame=inputs.prepare(pixels),
        mask=None if mask is None else inputs.prepare_mask(mask),
    )


def _from_manifest(image: str, manifest: Manifest | None) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None, str]:
    if manifest is None:
        raise InputError(f"image '{image}' has neither a file nor a data set")
    ids = manifest.table["image"].tolist()
    check_known("image", image, ids, manifest.file)
    row = ids.index(image)
    reader = Images(manifest)
    return reader.read(row), reader.read_mask(row), str(manifest.table["label"].iloc[row])

"""The units that a decision rests on: chosen by relevance, each with its map and its reference images."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from zennit.core import Composite

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.explain.relevance.composites import name_of
from lucidag.explain.relevance.conditional import conditional_maps, unit_maps
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.explain.relevance.lrp import lrp, refuse_exploded
from lucidag.explain.relevance.store import KINDS, Decision, Reference, References, UnitConcept
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

UNITS, EXAMPLES = 6, 4


def explain_decision(
    network: Network,
    composite: Composite,
    subject: Subject,
    layer: str,
    references: References,
    manifest: Manifest,
    rows: NDArray[np.int64],
    *,
    classes: Sequence[str] = (),
    units: int = UNITS,
    examples: int = EXAMPLES,
    device: str = "cpu",
    threads: int = 2,
) -> Decision:
    """Find the units of a layer with the most relevance for an image's class, and what each of them stands for.

    Units without any relevance are left out.

    Parameters
    ----------
    network, composite, device, threads
        As for `lucidag.explain.relevance.references.find_references`.
    subject
        The image, and the class to be explained (None: the predicted one).
    layer
        One of the layers of `references`.
    references
        What `lucidag.explain.relevance.references.find_references` gave.
    manifest, rows
        The data set and the row numbers that it was given.
    classes
        The names of the classes, where they have any.
    units, examples
        How many units are shown, and how many references of each kind for each.

    Raises
    ------
    InputError
        If the references are of another layer or other images; if the image's relevance explodes (then maps of
        units show rounding errors); as `conditional_maps`.
    """
    _check(layer, references, manifest, rows)
    network.model.to(device)
    pixels = network.inputs.normalise(subject.frame[None].to(device))
    views = views_of(network.model, pixels, [layer])
    with reproducible(device, threads):
        given = None if subject.target is None else [subject.target]
        found = layer_relevance(network.model, composite, pixels, [layer], given, views)
        explained = int(found.targets[0])
        refuse_exploded(lrp(network.model, pixels, [explained], composite), name_of(composite), [subject.image])
        relevance = found.relevance[layer][0]
        by_unit = relevance.flatten(1).sum(dim=1) if relevance.ndim > 1 else relevance
        order = by_unit.sort(descending=True, stable=True).indices
        chosen = order[by_unit[order] != 0][:units].tolist()
        shares = by_unit / by_unit.abs().sum().clamp(min=torch.finfo(by_unit.dtype).tiny)
        maps = conditional_maps(network.model, composite, pixels, layer, found, [[unit] for unit in chosen])
        reader = Images(manifest)

        def shown(unit: int, kind: str) -> tuple[Reference, ...]:
            numbers, values, places = (each[unit, :examples].tolist() for each in references.layers[layer][kind])
            frames = torch.stack([network.inputs.prepare(reader.read(int(rows[number]))) for number in numbers])
            batch = network.inputs.normalise(frames.to(device))
            own = unit_maps(network.model, composite, batch, layer, [unit] * len(numbers), places, views.get(layer))
            names = [references.images[number] for number in numbers]
            return tuple(map(Reference, names, frames.numpy(), _plain(own), values))

        concepts = tuple(
            UnitConcept(unit, float(shares[unit]), own, {kind: shown(unit, kind) for kind in KINDS})
            for unit, own in zip(chosen, _plain(maps), strict=True)
        )
    record = {
        "layer": layer,
        "target": explained,
        "target_name": classes[explained] if explained < len(classes) else str(explained),
        "logit": float(found.logits[0, explained]),
        "probability": float(found.logits[0].softmax(dim=0)[explained]),
        "units": len(by_unit),
    }
    return Decision(subject.image, subject.frame.numpy(), record, concepts)


def _check(layer: str, references: References, manifest: Manifest, rows: NDArray[np.int64]) -> None:
    check_known("layer of the reference images", layer, references.layers)
    images = tuple(str(image) for image in manifest.table["image"].iloc[rows])
    if images != references.images:
        raise InputError(
            f"the reference images were chosen from {len(references.images)} other images than the "
            f"{len(images)} of {manifest.file}: find them anew"
        )


def _plain(maps: torch.Tensor) -> NDArray[np.float32]:
    return maps.cpu().numpy().astype(np.float32)

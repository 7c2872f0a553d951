"""Edits of the images of proposals, and what networks say of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.discover.maps import maps_of
from lucidag.artefacts.paste import widened
from lucidag.artefacts.proposals import (
    CELLS,
    OFF,
    PASTED,
    TAKEN_OUT,
    Pixels,
    Side,
    pasted,
    region,
    units_off,
)
from lucidag.artefacts.removal import probabilities, taken_out
from lucidag.artefacts.study_settings import WITH, WITHOUT
from lucidag.artefacts.vision import colour
from lucidag.data.features import Features
from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.explain.methods.explainer import Explainer
from lucidag.models.network import Network

GRID = 8
Cells = dict[str, object]


@dataclass(frozen=True)
class Proposer:
    """A network in which a discovery proposes something.

    Attributes
    ----------
    name, network
        The network.
    content
        What it says about test images.
    manifest
        Its data set.
    sides
        Of its proposals.
    explainer
        Of the method whose maps the discovery compared.
    """

    name: str
    network: Network
    content: Features
    manifest: Manifest
    sides: Sequence[Side]
    explainer: Explainer


def run_proposals(
    proposers: Sequence[Proposer],
    without: Mapping[str, Network],
    count: int,
    seed: int,
    device: str = "cpu",
    threads: int = 2,
) -> pd.DataFrame:
    """Edit images of proposals, and ask the network that proposes, and those trained without the shortcut.

    Parameters
    ----------
    proposers
        Networks with their proposals.
    without
        Networks of the other arm, of the same classes; they have units of their own, so none of theirs are set to 0.
    count
        Images of each side, the most typical ones, and as many that the proposer takes for another class.
    seed
        Of those others, and of random units.
    device, threads
        How to compute.

    Returns
    -------
    DataFrame
        See `lucidag.artefacts.proposals.CELLS`.
    """
    rows = [
        row
        for one in proposers
        for side in one.sides
        for row in _of_side(one, side, without, count, seed, device, threads)
    ]
    return pd.DataFrame(rows, columns=list(CELLS))


def _of_side(
    one: Proposer, side: Side, without: Mapping[str, Network], count: int, seed: int, device: str, threads: int
) -> Iterator[Cells]:
    target, chosen = one.content.classes.index(side.name), list(side.images[:count])
    known: Cells = {"proposer": one.name, "proposal": side.proposal, "name": side.name, "side": side.side}
    edits = _edited(one, chosen, target, count, seed, device, threads)
    for arm, networks in ((WITH, {one.name: one.network}), (WITHOUT, without)):
        for name, network in networks.items():
            network.model.to(device).eval()
            # What is shown is a frame already: nothing of it is cut off again.
            framed = replace(network, inputs=network.inputs.model_copy(update={"resize": "stretch"}))
            for edit, image, shown in edits:
                before, after, *control = probabilities(framed, shown, target, device)
                own = {"edit": edit, "set": arm, "model": name, "image": image, "before": before, "after": after}
                yield known | own | {"control": control[0] if control else np.nan}
    for image, before, after, beside in _units_off(one, side, chosen, target, seed):
        own = {"edit": OFF, "set": WITH, "model": one.name, "image": image, "before": before, "after": after}
        yield known | own | {"control": beside}


def _units_off(
    one: Proposer, side: Side, chosen: Sequence[str], target: int, seed: int
) -> Iterator[tuple[str, float, float, float]]:
    """Set the units of a side to 0, where it has some and the logits are linear in them."""
    content = one.content
    if not side.units or content.features is None or content.weight is None or content.exact is not None:
        return
    bias = content.bias if content.bias is not None else np.zeros(len(content.weight))
    found = units_off(content.features[_places(content, chosen)], content.weight, bias, target, side.units, seed)
    yield from zip(chosen, *(values.tolist() for values in found), strict=True)


def _edited(
    one: Proposer, chosen: Sequence[str], target: int, count: int, seed: int, device: str, threads: int
) -> list[tuple[str, str, list[Pixels]]]:
    """Make all edits: which, the image that is edited, and what is shown before, after and as a control."""
    at = _places(one.content, chosen)
    shown = replace(one.content, images=tuple(chosen), logits=one.content.logits[at])
    maps = maps_of(one.network, one.manifest, shown, one.explainer, device, threads)
    frames = _frames(one, chosen)
    masks = {image: region(own, GRID) for image, own in zip(chosen, maps, strict=True)}
    usable = [image for image in chosen if masks[image].any() and not masks[image].all()]
    taken = one.content.logits.argmax(axis=1)
    others = np.array(one.content.images)[taken != target]
    hosts = np.random.default_rng(seed).permutation(others)[: count + 1].tolist()
    edits: list[tuple[str, str, list[Pixels]]] = []
    if len(hosts) > 1:
        looks = list(_frames(one, hosts).values())
        for number, donor in enumerate(usable):
            own, other = number % len(hosts), (number + 1) % len(hosts)
            edits.append((PASTED, donor, pasted(looks[own], looks[other], frames[donor], masks[donor])))
    filled = [image for image in usable if not widened(masks[image]).all()]  # else nothing is left to fill it with
    edits += [(TAKEN_OUT, image, taken_out(frames[image], masks[image])) for image in filled]
    return edits


def _places(content: Features, images: Sequence[str]) -> NDArray[np.int64]:
    place = {image: at for at, image in enumerate(content.images)}
    return np.array([place[image] for image in images], dtype=np.int64)


def _frames(one: Proposer, images: Sequence[str]) -> dict[str, Pixels]:
    """Give images as the network sees them, before normalisation: uint8 S x S x 3."""
    reader, prepare = Images(one.manifest), one.network.inputs.prepare
    rows = one.manifest.rows_named(images).tolist()
    return {
        image: colour(prepare(reader.read(row)).numpy().transpose(1, 2, 0))
        for image, row in zip(images, rows, strict=True)
    }

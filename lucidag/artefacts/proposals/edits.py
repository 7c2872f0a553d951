"""Edits of the images of one side of a proposal: its region pasted into other images, and taken out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.discover.maps import maps_of
from lucidag.artefacts.paste import remove, widened
from lucidag.artefacts.proposals.sides import Mask, Side, region
from lucidag.artefacts.removal import elsewhere
from lucidag.data.features import Features
from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.explain.methods.explainer import Explainer
from lucidag.models.network import Network

PASTED, TAKEN_OUT, OFF = "pasted", "taken out", "units off"

Pixels = NDArray[np.uint8]


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


@dataclass(frozen=True)
class Edit:
    """An image of a side, and what is done with its region.

    Attributes
    ----------
    edit, image
        `PASTED` or `TAKEN_OUT`, and the image that the region is of.
    shown
        uint8 S x S x 3, frames of the network that proposes: before, after, and the control if there is room for one.
    """

    edit: str
    image: str
    shown: tuple[Pixels, ...]


def edits_of(one: Proposer, side: Side, count: int, seed: int, device: str = "cpu", threads: int = 2) -> list[Edit]:
    """Edit the most typical images of a side.

    Parameters
    ----------
    one, side
        The network and one side of a proposal.
    count
        So many images at most.
    seed
        Of the images that regions are pasted into: as many that the network takes for another class, and one more.
    device, threads
        How to compute.
    """
    chosen = list(side.images[:count])
    masks = _regions(one, chosen, device, threads)
    frames = {image: _frame(one, image) for image in masks}
    target = one.content.classes.index(side.name)
    others = np.array(one.content.images)[one.content.logits.argmax(axis=1) != target]
    drawn = np.random.default_rng(seed).permutation(others)[: count + 1].tolist()
    hosts = [_frame(one, host) for host in drawn] if len(drawn) > 1 else []
    edits = []
    for number, (image, mask) in enumerate(masks.items()):
        if hosts:
            host, other = (hosts[(number + further) % len(hosts)] for further in (0, 1))
            edits.append(Edit(PASTED, image, pasted(host, frames[image], other, mask)))
        if not widened(mask).all():
            edits.append(Edit(TAKEN_OUT, image, taken_out(frames[image], mask)))
    return edits


def pasted(host: Pixels, donor: Pixels, other: Pixels, mask: Mask) -> tuple[Pixels, ...]:
    """Give a host image, the host with the donor's region, and with the same region of another image of its kind."""
    return (host, *(np.where(mask[:, :, None], each, host) for each in (donor, other)))


def taken_out(image: Pixels, mask: Mask) -> tuple[Pixels, ...]:
    """Give an image, the image with a region filled, and with as large a place elsewhere filled, if there is room."""
    place = elsewhere(mask)
    return (image, remove(image, mask), *([] if place is None else [remove(image, place)]))


def places_of(content: Features, images: Sequence[str]) -> NDArray[np.int64]:
    """Give the rows of images."""
    row = {image: at for at, image in enumerate(content.images)}
    return np.array([row[image] for image in images], dtype=np.int64)


def _regions(one: Proposer, images: Sequence[str], device: str, threads: int) -> dict[str, Mask]:
    """Give where the network decides in each image; of those whose map says something."""
    shown = replace(one.content, images=tuple(images), logits=one.content.logits[places_of(one.content, images)])
    maps = maps_of(one.network, one.manifest, shown, one.explainer, device, threads)
    found = {image: region(own) for image, own in zip(images, maps, strict=True)}
    return {image: mask for image, mask in found.items() if mask.any()}


def _frame(one: Proposer, image: str) -> Pixels:
    """Give an image as the network takes it, before normalisation: uint8 S x S x 3."""
    row = int(np.flatnonzero(one.manifest.table["image"].to_numpy() == image)[0])
    seen = one.network.inputs.prepare(Images(one.manifest).read(row)).numpy().transpose(1, 2, 0)
    return np.repeat(seen, 3, axis=2) if seen.shape[2] == 1 else seen

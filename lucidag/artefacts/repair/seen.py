"""What networks say of images of a split, and of clean ones into which artefacts are pasted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.artefacts.paste import paste, remove
from lucidag.models.head import evaluating
from lucidag.models.network import Network
from lucidag.models.recorder import recording

BATCH = 64
Pixels = NDArray[np.uint8]
EDITS = ("before", "after", "control")


@dataclass(frozen=True)
class Seen:
    """What a network makes of N images.

    Attributes
    ----------
    logits
        N x C, as the network itself computes them.
    features
        N x K, what goes into its last layer.
    """

    logits: NDArray[np.float64]
    features: NDArray[np.float64]


def see(network: Network, work: Iterable[torch.Tensor], device: str = "cpu") -> Seen:
    """Run a network that has a last layer over batches of frames (uint8 N x channels x S x S)."""
    assert network.head is not None
    logits, features = [], []
    network.model.to(device)
    with evaluating(network.model), torch.inference_mode(), recording(network.model, [network.head]) as calls:
        for frames in work:
            logits.append(network.model(network.inputs.normalise(frames.to(device))).cpu().numpy())
            taken = calls[-1].inputs[0]
            taken = taken if network.tail is None else network.tail.summed(network.tail.seen(taken))
            features.append(taken.cpu().numpy())
            calls.clear()
    return Seen(np.concatenate(logits).astype(np.float64), np.concatenate(features).astype(np.float64))


def edited(frames: Mapping[str, Pixels], artefacts: Iterable[str], seed: int) -> dict[str, dict[str, list[Pixels]]]:
    """Paste artefacts into images, as `lucidag.artefacts.study.show_artefacts` does.

    Returns
    -------
    dict
        By artefact: the images ``before``, ``after`` the artefact was pasted, and with its place filled with its
        surroundings instead (``control``).
    """
    found: dict[str, dict[str, list[Pixels]]] = {}
    for artefact in artefacts:
        edits = [(pixels, *paste(pixels, artefact, seed + place)) for place, pixels in enumerate(frames.values())]
        kinds = zip(*((was, now, remove(was, mask)) for was, now, mask in edits), strict=True)
        found[artefact] = dict(zip(EDITS, map(list, kinds), strict=True))
    return found


def in_batches(network: Network, images: list[Pixels]) -> Iterable[torch.Tensor]:
    """Give images as a network takes them."""
    for start in range(0, len(images), BATCH):
        yield torch.stack([network.inputs.prepare(image) for image in images[start : start + BATCH]])

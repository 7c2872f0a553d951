"""Artefacts that images show by themselves, taken out: do networks decide by them?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from lucidag.artefacts.finders import FINDERS, checked
from lucidag.artefacts.paste import Mask, remove, widened
from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

COLUMNS = ("model", "image", "artefact", "before", "after", "control")
LEAST_LEFT = 0.5  # of the mask: a control of less than this is none

Seen = dict[str, tuple[NDArray[np.uint8], Mask]]


def images_with(
    manifest: Manifest, split: str, artefacts: Mapping[str, object], count: int, seed: int
) -> dict[str, Seen]:
    """Draw images of a split in which finders see an artefact: see `lucidag.ground.statistics.stratified`.

    Parameters
    ----------
    manifest, split
        The data set and the split.
    artefacts
        Names in `lucidag.artefacts.finders.FINDERS`, each with the threshold given there.
    count
        How many of each, at most; there may be none.
    seed
        Of the draw.

    Returns
    -------
    dict
        By artefact and image id the image (uint8 H x W x C) and the pixels of the artefact (bool H x W).

    Raises
    ------
    InputError
        If a finder does not exist.
    """
    found: dict[str, Seen] = {name: {} for name in checked(tuple(artefacts))}
    frames, images = Images(manifest), manifest.table["image"]
    for row in track(manifest.drawn(manifest.rows(split), seed), "look for artefacts"):
        missing = [name for name, seen in found.items() if len(seen) < count]
        if not missing:
            break
        pixels = frames.read(int(row))
        for name in missing:
            finding = FINDERS[name].find(pixels)
            if finding.score > FINDERS[name].threshold and finding.mask.any() and not finding.mask.all():
                found[name][str(images.iloc[row])] = (pixels, finding.mask)
    return found


def elsewhere(mask: Mask) -> Mask | None:
    """Give a place for a control: the mask mirrored to where the artefact is not.

    Of the mask turned left for right, upside down and both, the one of which most lies outside the artefact and its
    soft edge; without what lies inside. None if less than half of it does, as for a ring, which is on all sides.
    """
    near = widened(mask)
    turned = [turn & ~near for turn in (mask[:, ::-1], mask[::-1], mask[::-1, ::-1])]
    most = max(turned, key=np.count_nonzero)
    return most if most.sum() >= LEAST_LEFT * mask.sum() else None


def taken_out(image: NDArray[np.uint8], mask: Mask) -> list[NDArray[np.uint8]]:
    """Give an image, the image with a region filled, and with as large a place elsewhere filled, if there is room."""
    place = elsewhere(mask)
    return [image, remove(image, mask), *([] if place is None else [remove(image, place)])]


def take_out(
    networks: Mapping[str, Network],
    seen: Mapping[str, Seen],
    targets: Mapping[str, int],
    device: str = "cpu",
    threads: int = 2,
) -> pd.DataFrame:
    """Take artefacts out of the images that show them, and ask networks what they say now.

    Parameters
    ----------
    networks
        By name, each with its weights, of the same classes.
    seen
        What `images_with` gives.
    targets
        By artefact the class whose probability is taken.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    DataFrame
        model, image, artefact; the probability of the class ``before``, ``after`` the artefact was filled with its
        surroundings (see `lucidag.artefacts.paste.remove`), and with a place of the same shape filled instead
        (``control``; NaN where there is no room for one, see `elsewhere`).
    """
    edited = [
        (artefact, image, taken_out(pixels, mask))
        for artefact, frames in seen.items()
        for image, (pixels, mask) in frames.items()
    ]
    rows = []
    with reproducible(device, threads):
        for name, network in networks.items():
            network.model.to(device).eval()
            for artefact, image, shown in edited:
                before, after, *control = probabilities(network, shown, targets[artefact], device)
                rows.append((name, image, artefact, before, after, *(control or [np.nan])))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def probabilities(network: Network, images: Sequence[NDArray[np.uint8]], target: int, device: str) -> list[float]:
    """Ask a network for the probability of class `target` of images (uint8 H x W x 3)."""
    frames = torch.stack([network.inputs.prepare(image) for image in images])
    with torch.inference_mode():
        logits = network.model(network.inputs.normalise(frames.to(device))).cpu().numpy().astype(np.float64)
    return [float(value) for value in softmax(logits, axis=1)[:, target]]

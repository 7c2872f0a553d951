"""What a network decides by in each image of a split: the relevance for the class that it takes the image for."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.explain.methods.explainer import Explainer, NoMapError
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

BATCH = 16


def maps_of(
    network: Network,
    manifest: Manifest,
    content: Features,
    explainer: Explainer,
    device: str = "cpu",
    threads: int = 2,
) -> NDArray[np.float32]:
    """Explain each image of a split by one method.

    Parameters
    ----------
    network
        With its weights.
    manifest, content
        The data set, and what the network says about the images of one of its splits.
    explainer
        Of one method.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    array
        float32 N x S x S; 0 where the method has no map of an image.
    """
    rows = manifest.rows_named(content.images)
    taken, read = content.logits.argmax(axis=1), Images(manifest).read
    size = network.inputs.size
    found = np.zeros((len(rows), size, size), np.float32)
    network.model.to(device).eval()
    with reproducible(device, threads):
        for target in range(len(content.classes)):
            own = np.flatnonzero(taken == target)
            for start in track(range(0, len(own), BATCH), f"maps, {content.classes[target]}"):
                places = own[start : start + BATCH]
                frames = torch.stack([network.inputs.prepare(read(int(rows[place]))) for place in places])
                names = [content.images[place] for place in places]
                found[places] = _explained(network.inputs.normalise(frames.to(device)), target, names, explainer)
    return found


def _explained(x: torch.Tensor, target: int, images: Sequence[str], explainer: Explainer) -> NDArray[np.float64]:
    """Explain some images at once; one by one where draws are an image's own, or where one of them has no map."""
    method = explainer.methods[0]
    if explainer.by_image is None:
        try:
            return explainer(x, target)[method]
        except NoMapError:
            pass
    maps = [_one(x[[place]], target, explainer.of(image)) for place, image in enumerate(images)]
    return np.concatenate(maps)


def _one(x: torch.Tensor, target: int, explainer: Explainer) -> NDArray[np.float64]:
    try:
        return explainer(x, target)[explainer.methods[0]]
    except NoMapError:
        return np.zeros((1, *x.shape[2:]))

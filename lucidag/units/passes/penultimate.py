"""Which dissected layer the penultimate one is: by its numbers, not by its name. No torch."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lucidag.ground.errors import InputError

RELATIVE = 1e-3


def penultimate_layer(
    features: NDArray[np.float32],
    ids: Sequence[str],
    layers: Mapping[str, NDArray[np.float32]],
    probe_ids: Sequence[str],
) -> str:
    """Find the layer whose pooled activations are the input of the last linear layer.

    Parameters
    ----------
    features, ids
        M x K features of images, and their image ids.
    layers, probe_ids
        Pooled activations N x U by layer, and the image ids of the probe set.

    Raises
    ------
    InputError
        If the probe set has none of these images, or no layer gives these numbers: then its units are not those
        that have roles.
    """
    place = {image: row for row, image in enumerate(probe_ids)}
    shared = [(row, place[image]) for row, image in enumerate(ids) if image in place]
    if not shared:
        raise InputError(
            "roles and labels cannot be joined: the probe set shares no image with the features of the model"
        )
    ours, theirs = (np.array(rows) for rows in zip(*shared, strict=True))
    wanted = features[ours]
    tolerance = RELATIVE * max(float(np.abs(wanted).max()), float(np.finfo(np.float32).tiny))
    for layer, pooled in layers.items():
        if pooled.shape[1] == wanted.shape[1] and float(np.abs(pooled[theirs] - wanted).max()) <= tolerance:
            return layer
    raise InputError(
        f"roles and labels cannot be joined: none of the layers {', '.join(layers)} gives the features in front of the "
        "last layer (with `pooling: mean`, the last block of a ResNet does)"
    )

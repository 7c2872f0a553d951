"""The relevance of planted units to each class, beside what they add to its logit."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from lucidag.data.manifest import Manifest
from lucidag.explain.relevance.composites import composite_on
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.models.frames import batches
from lucidag.models.network import Network
from lucidag.planted.names import LAYER
from lucidag.planted.truth import planted_in


def class_relevance(
    network: Network, manifest: Manifest, classes: Sequence[str], composite: str, images: int, device: str
) -> pd.DataFrame:
    """Give the mean relevance of each planted unit to each class, over test images of that class.

    Parameters
    ----------
    network, manifest, classes
        The network, its data set and the names of its classes.
    composite
        The rules.
    images
        Of each class, so many test images, the first ones.
    device
        Where to compute.

    Returns
    -------
    DataFrame
        One row a planted unit and class (``name``): ``relevance``, the mean of `|R_u|`, and ``contribution``, that of
        `|f_u W_cu|`, both of the class's logit. A class without a test image has none.
    """
    rules = composite_on(composite, network.model, network.inputs, device)
    rows, labels = manifest.rows("test"), manifest.labels()
    weight = planted_in(network).fc.weight.detach()
    count = len(planted_in(network).plants().kind)
    units = np.arange(weight.shape[1])[-count:]
    parts = []
    for index, name in enumerate(classes):
        own = rows[labels[rows] == index][:images]
        if not len(own):
            continue
        frames = torch.cat(list(batches(manifest, own, network.inputs, images, 1)))
        x = network.inputs.normalise(frames.to(device))
        found = layer_relevance(network.model, rules, x, [LAYER], [index] * len(x))
        relevance = found.relevance[LAYER].sum(dim=(2, 3)).abs().mean(dim=0)
        added = (found.activations[LAYER].mean(dim=(2, 3)) * weight[index]).abs().mean(dim=0)
        values = {"relevance": relevance.cpu().numpy()[-count:], "contribution": added.cpu().numpy()[-count:]}
        parts.append(pd.DataFrame({"unit": units, "name": name, **values}))
    return pd.concat(parts, ignore_index=True)

"""Which network is shown the images: a model, or its untrained twin."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.models.network import Network
from lucidag.models.trained import open_trained
from lucidag.models.untrained import untrained_twin
from lucidag.models.weights import read_classes


def open_subject(
    settings: Mapping[str, Any],
    checkpoint: str,
    manifest: Manifest,
    rows: NDArray[np.int64],
    twin: bool,
    device: str = "cpu",
    threads: int = 2,
) -> Network:
    """Open a model with its weights, or build its untrained twin, adapted to the images of the probe set.

    Parameters
    ----------
    settings
        Of the model (see `lucidag.models.network.open_network`), and ``seed``, that of the twin.
    checkpoint
        The model's, of which the twin takes the number of classes alone.
    manifest, rows
        The data set, and the rows of the whole probe set.
    twin
        Whether it is the twin.
    device, threads
        How to compute.

    Raises
    ------
    InputError
        As `lucidag.models.trained.open_trained`.
    """
    if not twin:
        return open_trained(settings, checkpoint)[0]
    print("an untrained network of the same architecture")
    classes = len(read_classes(checkpoint))
    return untrained_twin(settings, classes, manifest, rows, settings["seed"], device, threads)

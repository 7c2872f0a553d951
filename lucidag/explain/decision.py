"""What a network decided about an image, in plain values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def decision(label: str, probabilities: ArrayLike, target: int, classes: Sequence[str]) -> dict[str, Any]:
    """Say what the network decided about an image, and which class is explained.

    Parameters
    ----------
    label
        The image's own class.
    probabilities
        C numbers that sum to 1.
    target
        The class that is explained, as an index.
    classes
        The C names.
    """
    shares = np.asarray(probabilities, dtype=float)
    best = np.argsort(-shares, kind="stable")[:5]
    return {
        "label": label,
        "target": int(target),
        "target_name": classes[target],
        "probability": float(shares[target]),
        "predicted": int(best[0]),
        "predicted_name": classes[best[0]],
        "top": [[classes[index], float(shares[index])] for index in best],
    }

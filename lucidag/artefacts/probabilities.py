"""What a network says of images: the probability of one class."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from lucidag.models.network import Network


def probabilities(network: Network, images: Sequence[NDArray[np.uint8]], target: int, device: str) -> list[float]:
    """Ask a network for the probability of class `target` of images (uint8 H x W x 3)."""
    frames = torch.stack([network.inputs.prepare(image) for image in images])
    with torch.inference_mode():
        logits = network.model(network.inputs.normalise(frames.to(device))).cpu().numpy().astype(np.float64)
    return [float(value) for value in softmax(logits, axis=1)[:, target]]

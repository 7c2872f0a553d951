"""Small images and networks for the tests of LIME."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

Classify = Callable[[torch.Tensor], NDArray[np.float32]]


def draw_frame(seed: int, size: int = 40, channels: int = 3) -> NDArray[np.uint8]:
    """Draw rectangles of different colours over a gradient with some noise: images that have superpixels."""
    random = np.random.default_rng(seed)
    rows = np.linspace(0, 120, size)
    frame = np.broadcast_to(rows[None, :, None] + rows[None, None, :] / 2, (channels, size, size)).copy()
    for _ in range(9):
        top, left = random.integers(0, size - 8, 2)
        height, width = random.integers(6, size // 2, 2)
        frame[:, top : top + height, left : left + width] = random.integers(0, 256, (channels, 1, 1))
    return np.clip(frame + random.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)


def draw_network(seed: int, classes: int = 5, channels: int = 3) -> Classify:
    """Build a random network of two convolutions."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(
            nn.Conv2d(channels, 8, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(8, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Linear(256, classes),
        ).eval()

    def classify(frames: torch.Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            return (8 * model(frames.float() / 255)).softmax(1).numpy()

    return classify


def region_network(region: NDArray[np.bool_]) -> Classify:
    """Build a classifier of two classes; class 1 is the share of a region's pixels that are white."""
    where = torch.from_numpy(region)

    def classify(frames: torch.Tensor) -> NDArray[np.float32]:
        share = (frames[:, 0, where] == 255).float().mean(1)
        return torch.stack([1 - share, share], 1).numpy()

    return classify


@pytest.fixture(scope="session")
def make_frame() -> Callable[..., NDArray[np.uint8]]:
    """Return `draw_frame`."""
    return draw_frame


@pytest.fixture(scope="session")
def make_network() -> Callable[..., Classify]:
    """Return `draw_network`."""
    return draw_network


@pytest.fixture(scope="session")
def make_region_network() -> Callable[..., Classify]:
    """Return `region_network`."""
    return region_network

"""A network whose answer is known: it looks at one region."""

import numpy as np
import torch
from torch import nn


class Looks(nn.Module):
    """Two logits, `least` and `slope` times how dark a region is."""

    def __init__(self, region: np.ndarray, slope: float, least: float = 3.0) -> None:
        super().__init__()
        self.slope, self.least = slope, least
        self.register_buffer("mask", torch.from_numpy(region.astype(np.float32)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        dark = ((1 - x) * self.mask).sum((1, 2, 3)) / (3 * self.mask.sum())
        return torch.stack([torch.full_like(dark, self.least), self.slope * dark], dim=1)

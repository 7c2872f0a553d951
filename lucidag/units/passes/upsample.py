"""Where activation maps, upsampled bilinearly to the size of the frame, are above a threshold.

A pixel is above the threshold only if one of the four activations around it is. Of all activations few are
(.5 % at the quantile of Network Dissection), so only the pixels around those are computed: nothing is left out.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

PART = 2**22  # pixels that are computed at a time


def axis(count: int, size: int, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Lay `size` pixels over `count` activations, the borders of both aligned (``align_corners=False``).

    The activations of a side, each end repeated once beyond the border, make ``count + 1`` gaps.

    Returns
    -------
    first, weights
        int64, the first pixel of each gap; and float32, gaps x P x 2: what the activations on both sides of a gap weigh
        in each of its pixels, zeros where it has fewer than P pixels.
    """
    gap, rest = np.divmod((2 * np.arange(size) + 1) * count - size, 2 * size)
    gap += 1
    pixels = np.bincount(gap, minlength=count + 1)
    first = np.cumsum(pixels) - pixels
    place = np.arange(size) - first[gap]
    weights: NDArray[np.float32] = np.zeros((count + 1, pixels.max(), 2), np.float32)
    weights[gap, place, 0] = 1 - rest / (2 * size)
    weights[gap, place, 1] = rest / (2 * size)
    return torch.from_numpy(first).to(device), torch.from_numpy(weights).to(device)


def pixels_above(differences: torch.Tensor, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Upsample R maps and yield the pixels that are above 0, some at a time.

    Parameters
    ----------
    differences
        R x h x w: activations minus the threshold of their unit. Subtracting first makes the sign of an
        upsampled pixel right where all around it are equal to the threshold, or all on one side of it.
    size
        The side S of the frame.

    Yields
    ------
    map, pixel
        int64: which of the R maps, and the pixel ``y * S + x``. No pair comes twice.
    """
    top, down = axis(differences.shape[1], size, differences.device)
    left, across = axis(differences.shape[2], size, differences.device)
    high, wide = down.shape[1], across.shape[1]
    offsets = (torch.arange(high)[:, None] * size + torch.arange(wide)).flatten().to(differences.device)
    padded = functional.pad(differences[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    rows = padded[:, 1:] > 0
    rows |= padded[:, :-1] > 0
    cells = (rows[:, :, 1:] | rows[:, :, :-1]).nonzero()
    for part in cells.split(max(1, PART // (high * wide))):
        maps, i, j = part.unbind(1)
        above = _upsampled(padded, maps, down[i], across[j], i, j) > 0
        found = above.flatten().nonzero()[:, 0]
        cell = found // (high * wide)
        first = top[i] * size + left[j]
        yield maps[cell], first[cell] + offsets[found - cell * (high * wide)]


def _upsampled(
    padded: torch.Tensor,
    maps: torch.Tensor,
    down: torch.Tensor,
    across: torch.Tensor,
    i: torch.Tensor,
    j: torch.Tensor,
) -> torch.Tensor:
    """Interpolate inside cells, each between four activations: cells x P x P."""
    left = padded[maps, i, j, None] * down[:, :, 0] + padded[maps, i + 1, j, None] * down[:, :, 1]
    right = padded[maps, i, j + 1, None] * down[:, :, 0] + padded[maps, i + 1, j + 1, None] * down[:, :, 1]
    return (left[:, :, None] * across[:, None, :, 0]).addcmul_(right[:, :, None], across[:, None, :, 1])


def region(activations: NDArray[np.float32], threshold: float, size: int) -> NDArray[np.bool_]:
    """Give where one map (h x w), upsampled to S x S, is above `threshold`: bool S x S."""
    inside = np.zeros(size * size, dtype=bool)
    differences = torch.from_numpy(activations - np.float32(threshold))[None]
    for _, pixel in pixels_above(differences, size):
        inside[pixel.numpy()] = True
    return inside.reshape(size, size)

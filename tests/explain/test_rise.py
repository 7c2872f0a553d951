"""RISE: its masks, its sums, and a planted patch."""

from math import ceil

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.methods.registry import load
from lucidag.explain.methods.rise import random_masks
from lucidag.models.small import small_cnn


@pytest.mark.parametrize(("size", "cells"), [(16, 7), (16, 4), (5, 7), (9, 1)])
def test_masks_are_moved_parts_of_an_enlarged_grid(size: int, cells: int) -> None:
    for mask, again in zip(random_masks(size, cells, 0.5, 9, 3), random_masks(size, cells, 0.5, 4, 3), strict=False):
        assert mask.shape == (size, size)
        assert 0 <= float(mask.min()) <= float(mask.max()) <= 1
        assert torch.equal(mask, again)
    drawn = torch.stack(list(random_masks(size, cells, 0.5, 9, 3)))
    assert float(drawn.std(0).max()) > 0


@pytest.mark.parametrize("shown", [0.3, 0.7])
def test_the_mean_mask_is_the_probability_of_a_cell(shown: float) -> None:
    mean = torch.stack(list(random_masks(12, 4, shown, 3000, 0))).mean(0)
    assert float((mean - shown).abs().max()) < 0.04


def plainly(model: nn.Module, x: torch.Tensor, target: int, cells: int, samples: int, seed: int) -> np.ndarray:
    """Compute RISE's map as its definition reads."""
    size, random = x.shape[-1], np.random.default_rng(seed)
    side, masks, values = ceil(size / cells), [], []
    blank = x.mean((1, 2), keepdim=True)
    for _ in range(samples):
        grid = (random.random((cells, cells)) < 0.5).astype(np.float32)
        top, left = random.integers(0, side, 2)
        # Bilinear: the value at the centre of a pixel, between the centres of the cells around it.
        at = np.clip((np.arange((cells + 1) * side) + 0.5) * cells / ((cells + 1) * side) - 0.5, 0, cells - 1)
        low = np.minimum(at.astype(int), max(cells - 2, 0))
        high = np.minimum(low + 1, cells - 1)
        part = at - low
        rows = grid[low] * (1 - part)[:, None] + grid[high] * part[:, None]
        whole = rows[:, low] * (1 - part) + rows[:, high] * part
        mask = whole[top : top + size, left : left + size]
        shown = x * torch.from_numpy(mask).float() + blank * (1 - torch.from_numpy(mask).float())
        with torch.no_grad():
            values.append(float(model(shown[None])[0].softmax(0)[target]))
        masks.append(mask)
    stack, scores = np.stack(masks), np.array(values)
    return (scores[:, None, None] * stack).sum(0) / stack.sum(0) - scores.mean()


@pytest.mark.parametrize(("seed", "cells"), [(0, 7), (1, 4), (2, 3)])
def test_the_map_is_the_weighted_mean_of_the_masks(seed: int, cells: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = small_cnn(3, width=4, depth=2).eval()
    x = torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(seed))
    method = load("rise")(None, {"samples": 30, "cells": cells, "seed": seed, "batch_size": 7}).of("a")
    expected = plainly(model, x, 1, cells, 30, method.drawn(seed))
    found = method.maps(model, x[None], 1)[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.ptp(expected) > 1e-4


class Patch(nn.Module):
    """Gives class 1 as much as one place is bright."""

    def __init__(self, rows: slice, columns: slice) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = x[:, :, self.rows, self.columns].mean((1, 2, 3))
        return torch.stack([torch.zeros_like(bright), 8 * bright - 4], dim=1)


@pytest.mark.parametrize(("top", "left"), [(2, 18), (12, 4), (20, 20)])
def test_a_planted_patch_is_found(top: int, left: int) -> None:
    rows, columns = slice(top, top + 8), slice(left, left + 8)
    x = torch.zeros(1, 1, 32, 32)
    x[:, :, rows, columns] = 1
    found = load("rise")(None, {"samples": 400}).of("a").maps(Patch(rows, columns), x, 1)[0]
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[rows, columns] = True
    best = int(found.argmax())
    assert inside[best // 32, best % 32]
    assert float(found[inside].mean()) > 3 * float(found[~inside].abs().mean())
    against = load("rise")(None, {"samples": 400}).of("a").maps(Patch(rows, columns), x, 0)[0]
    torch.testing.assert_close(against, -found, atol=1e-9, rtol=1e-6)

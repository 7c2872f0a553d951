"""RISE: the probability of the class behind random masks (Petsiuk, Das, Saenko, BMVC 2018)."""

from collections.abc import Iterator
from math import ceil

import numpy as np
import torch
from pydantic import Field
from torch import nn
from torch.nn import functional

from lucidag.explain.blank import MEAN, Blank
from lucidag.explain.methods.drawn import Blanked, OneByOne
from lucidag.explain.scores import scores
from lucidag.ground.section import Count, Level, Seed


class RiseSettings(Blanked):
    """Settings of RISE."""

    baseline: Blank = Field(
        default=MEAN, description="What shows behind a mask: black, the image's mean colour, or the image blurred."
    )
    samples: Count = Field(default=1000, description="Masks; each is one pass.")
    cells: Count = Field(default=7, description="Cells along a side of the grid that is drawn and enlarged.")
    shown: Level = Field(default=0.5, description="Probability that a cell of the grid shows the image.")
    seed: Seed = Field(default=0, description="Seed of the masks, beside the image's id.")


class Rise(OneByOne):
    """How far the probability of the class is above its mean over all masks where a pixel is seen.

    Masks are drawn as the paper does: a grid of 0 and 1, enlarged bilinearly and moved by a part of a cell. Where ours
    differs: a sum over masks is divided by the sum of the masks at that pixel, not by what is expected of it, and the
    mean probability over all masks is taken off. So a network that sees no difference has an empty map and not the
    noise of the masks, and what speaks against the class is below zero. What a mask hides becomes a blank image, not
    the zero of the normalised one.
    """

    title = "RISE"
    kind = "signed"
    needs = "perturbation"
    Settings = RiseSettings
    settings: RiseSettings

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Weigh the masks by the probability behind them."""
        how, size = self.settings, x.shape[-1]
        blank = self.blank(x, how)[0]

        def masks() -> Iterator[torch.Tensor]:
            return random_masks(size, how.cells, how.shown, how.samples, self.drawn(how.seed))

        hidden = (torch.lerp(blank, x[0], mask.to(x)) for mask in masks())
        found = scores(model, hidden, target, how.batch_size).probability
        above = found - found.mean()
        weighted, total = torch.zeros(size, size, dtype=torch.double), torch.zeros(size, size, dtype=torch.double)
        for value, mask in zip(above, masks(), strict=True):  # drawn again, as all of them may not fit into memory
            weighted += float(value) * mask
            total += mask
        return torch.where(total > 0, weighted / total, 0)


def random_masks(size: int, cells: int, shown: float, samples: int, seed: int) -> Iterator[torch.Tensor]:
    """Draw masks; the first ones are the same whatever their number.

    Parameters
    ----------
    size
        S, the side of the image.
    cells, shown, samples
        See `RiseSettings`.
    seed
        Of the draws.

    Yields
    ------
    float32 S x S, from 0 (hidden) to 1 (seen)
    """
    random = np.random.default_rng(seed)
    side = ceil(size / cells)  # of a cell; the enlarged grid has one cell more, so that it can be moved
    for _ in range(samples):
        grid = torch.from_numpy((random.random((cells, cells)) < shown).astype(np.float32))
        top, left = (int(each) for each in random.integers(0, side, 2))
        whole = functional.interpolate(grid[None, None], size=(cells + 1) * side, mode="bilinear", align_corners=False)
        yield whole[0, 0, top : top + size, left : left + size]

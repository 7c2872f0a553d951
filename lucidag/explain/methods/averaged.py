"""What methods of captum share that average gradients over draws: the draws of each image, gradients in batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from captum.attr import GradientAttribution
from pydantic import Field
from torch import nn

from lucidag.explain.methods.drawn import Batched, OneByOne
from lucidag.explain.reference import Case, Reference
from lucidag.ground.section import Count
from lucidag.models.reproducible import seeded

MOST_COPIES = 50  # of an image, that a library gets all at once


class Sampled(Batched):
    """Settings of those that average over draws."""

    samples: Count = Field(default=50, description="Draws that are averaged.")


class Averaged(OneByOne):
    """A method of captum that averages gradients over draws."""

    library = "captum"
    needs = "gradients"
    settings: Sampled

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Average over the draws, with gradients in batches."""
        asked = self.asked(model)
        asked.gradient_func = gradients_by(self.settings.batch_size)
        return self.averaged(asked, x, target, self.settings.samples)

    def reference(self, case: Case) -> Reference:
        """Ask captum, with the same draws and all of them at once."""
        fewer = self.settings.model_copy(update={"samples": min(self.settings.samples, MOST_COPIES)})
        theirs = self.averaged(self.asked(case.model), case.x, case.target, fewer.samples)
        return self.beside(case, theirs, fewer)

    def asked(self, model: nn.Module) -> GradientAttribution:
        """Give what captum computes gradients with."""
        raise NotImplementedError

    def averaged(self, asked: GradientAttribution, x: torch.Tensor, target: int, samples: int) -> torch.Tensor:
        """Give the map (S x S) of one image over so many draws."""
        raise NotImplementedError


@contextmanager
def drawing(seed: int, device: torch.device) -> Iterator[None]:
    """Draw the random numbers of torch and numpy from a seed in the block, and put both back afterwards.

    captum draws from the generators that all share.
    """
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        with seeded(seed, str(device)):
            yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def gradients_by(batch_size: int) -> Callable[..., tuple[torch.Tensor, ...]]:
    """Return what computes gradients for captum, so many images at a time.

    captum can draw in batches too, but then its draws depend on how many there are.
    """

    def gradients(
        forward: Callable[..., torch.Tensor],
        inputs: tuple[torch.Tensor, ...],
        target: int,
        *_: Any,  # noqa: ANN401 (further arguments of the network, of which there are none)
    ) -> tuple[torch.Tensor, ...]:
        (images,) = inputs
        found = []
        for batch in images.detach().split(batch_size):
            batch.requires_grad_()
            with torch.enable_grad():
                found += torch.autograd.grad(forward(batch)[:, target].sum(), batch)
        return (torch.cat(found),)

    return gradients

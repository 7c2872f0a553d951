"""What methods share that ask many changed copies of an image: its blank image, the seed of its draws."""

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from lucidag.explain.blank import BLACK, Blank, baseline
from lucidag.explain.methods.base import Method
from lucidag.explain.reference import Case, Reference
from lucidag.ground.section import Count, Section
from lucidag.ground.statistics.ranks import tie_seed
from lucidag.models.reproducible import mix

Positive = Annotated[float, Field(gt=0)]


class Batched(Section):
    """Settings of all of them."""

    batch_size: Count = Field(default=32, description="Images per step; it changes the maps by rounding only.")


class Blanked(Batched):
    """Settings of those that compare an image with a blank one."""

    baseline: Blank = Field(
        default=BLACK, description="The blank image: black, the image's mean colour, or the image blurred."
    )
    blur: Positive = Field(default=0.1, description="Standard deviation of that blur as a share of the image's side.")


class OneByOne(Method):
    """A method that explains images one after the other, so that none depends on those beside it."""

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Give the maps of images."""
        return torch.stack([self.map(model, image[None], target) for image in x])

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Give the map (S x S) of one image (1 x C x S x S)."""
        raise NotImplementedError

    def blank(self, x: torch.Tensor, settings: Blanked) -> torch.Tensor:
        """Give the blank image of an image, both 1 x C x S x S."""
        return baseline(x[0], settings.baseline, settings.blur, self.inputs)[None]

    def beside(self, case: Case, theirs: torch.Tensor, fewer: Section) -> Reference:
        """Give what a library found (S x S) with settings of fewer samples, beside the same found here if they are."""
        if fewer == self.settings:
            return Reference(theirs.detach().cpu().numpy())
        again = self.of(self.image)
        again.settings = fewer
        ours = again.map(case.model, case.x, case.target)
        samples = [how.model_dump()["samples"] for how in (fewer, self.settings)]
        note = f"{samples[0]} of {samples[1]} samples, by both"
        return Reference(theirs.detach().cpu().numpy(), ours.detach().cpu().numpy(), note)

    def drawn(self, seed: int) -> int:
        """Give the seed of the draws of the image that is explained."""
        return mix(*tie_seed(seed, self.image))

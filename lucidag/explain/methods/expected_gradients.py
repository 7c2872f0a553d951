"""Expected Gradients: Integrated Gradients over several blank images at random points (Erion et al. 2021)."""

from typing import Annotated

import torch
from captum.attr import GradientAttribution, GradientShap
from pydantic import Field
from torch import nn

from lucidag.explain.blank import BLACK, BLUR, MEAN, Blank, baseline
from lucidag.explain.methods.averaged import Averaged, Sampled, drawing
from lucidag.explain.methods.drawn import Positive
from lucidag.ground.section import Count, Seed, Unique


class ExpectedGradientsSettings(Sampled):
    """Settings of Expected Gradients."""

    samples: Count = Field(default=100, description="Pairs of a blank image and a point on the way from it.")
    baselines: Unique[Blank] = Field(
        default=[BLACK, MEAN, BLUR],
        description="The blank images to draw from: black, the image's mean colour, the image blurred.",
        min_length=1,
    )
    blur: Positive = Field(default=0.1, description="Standard deviation of that blur as a share of the image's side.")
    stdev: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Standard deviation of noise on the image, as a share of its own range of values."
    )
    seed: Seed = Field(default=0, description="Seed of the draws, beside the image's id.")


class ExpectedGradients(Averaged):
    """What each pixel adds to the logit of the class, on average over blank images, by captum's ``GradientShap``.

    The map is the sum over the channels. Erion et al. draw images of the training set where this draws blank ones: an
    explanation needs no image but its own.
    """

    title = "Expected Gradients"
    kind = "signed"
    Settings = ExpectedGradientsSettings
    settings: ExpectedGradientsSettings

    def asked(self, model: nn.Module) -> GradientAttribution:
        """Give captum's GradientShap."""
        return GradientShap(model)

    def averaged(self, asked: GradientAttribution, x: torch.Tensor, target: int, samples: int) -> torch.Tensor:
        """Average over blank images and points on the way from them."""
        how = self.settings
        blanks = torch.stack([baseline(x[0], kind, how.blur, self.inputs) for kind in how.baselines])
        width = float(x.max() - x.min())
        with drawing(self.drawn(how.seed), x.device):
            found = asked.attribute(x, blanks, n_samples=samples, stdevs=how.stdev * width, target=target)
        summed: torch.Tensor = found.detach().sum(dim=1)[0]
        return summed

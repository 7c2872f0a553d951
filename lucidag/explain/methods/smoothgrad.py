"""SmoothGrad: the mean gradient over copies of the image with noise (Smilkov et al. 2017)."""

import torch
from captum.attr import GradientAttribution, NoiseTunnel, Saliency
from pydantic import Field
from torch import nn

from lucidag.explain.methods.averaged import Averaged, Sampled, drawing
from lucidag.explain.methods.drawn import Positive
from lucidag.ground.section import Count, Seed


class SmoothGradSettings(Sampled):
    """Settings of SmoothGrad."""

    samples: Count = Field(default=50, description="Copies of the image with noise.")
    stdev: Positive = Field(
        default=0.15, description="Standard deviation of the noise as a share of the image's own range of values."
    )
    seed: Seed = Field(default=0, description="Seed of the noise, beside the image's id.")


class SmoothGrad(Averaged):
    """How much the logit of the class changes with each pixel, up or down, on average over noise; by captum.

    The map is the absolute value of the mean gradient, summed over the channels, as a share of its greatest value: it
    tells where the class is sensitive, not in which direction.
    """

    title = "SmoothGrad"
    kind = "graded"
    Settings = SmoothGradSettings
    settings: SmoothGradSettings

    def asked(self, model: nn.Module) -> GradientAttribution:
        """Give captum's Saliency."""
        return Saliency(model)

    def averaged(self, asked: GradientAttribution, x: torch.Tensor, target: int, samples: int) -> torch.Tensor:
        """Average the gradient over noise."""
        how = self.settings
        width = float(x.max() - x.min())
        with drawing(self.drawn(how.seed), x.device):
            found = NoiseTunnel(asked).attribute(
                x, nt_samples=samples, stdevs=how.stdev * width, target=target, abs=False
            )
        size: torch.Tensor = found.detach().abs().sum(dim=1)[0]
        most = size.max()
        return size / most if most > 0 else size

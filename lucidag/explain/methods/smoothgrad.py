"""SmoothGrad: the mean gradient over copies of the image with noise (Smilkov et al. 2017)."""

import torch
from captum.attr import NoiseTunnel, Saliency
from pydantic import Field
from torch import nn

from lucidag.explain.methods.drawn import MOST_COPIES, Batched, OneByOne, Positive, drawing, gradients_by
from lucidag.explain.reference import Case, Reference
from lucidag.ground.section import Count, Seed


class SmoothGradSettings(Batched):
    """Settings of SmoothGrad."""

    samples: Count = Field(default=50, description="Copies of the image with noise.")
    stdev: Positive = Field(
        default=0.15, description="Standard deviation of the noise as a share of the image's own range of values."
    )
    seed: Seed = Field(default=0, description="Seed of the noise, beside the image's id.")


class SmoothGrad(OneByOne):
    """How much the logit of the class changes with each pixel, up or down, on average over noise; by captum.

    The map is the absolute value of the mean gradient, summed over the channels, as a share of its greatest value: it
    tells where the class is sensitive, not in which direction.
    """

    title = "SmoothGrad"
    library = "captum"
    kind = "graded"
    needs = "gradients"
    Settings = SmoothGradSettings
    settings: SmoothGradSettings

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Average the gradient."""
        saliency = Saliency(model)
        saliency.gradient_func = gradients_by(self.settings.batch_size)
        return self._averaged(saliency, x, target, self.settings.samples)

    def reference(self, case: Case) -> Reference:
        """Ask captum, with the same noise and all copies at once."""
        fewer = self.settings.model_copy(update={"samples": min(self.settings.samples, MOST_COPIES)})
        theirs = self._averaged(Saliency(case.model), case.x, case.target, fewer.samples)
        return self.beside(case, theirs, fewer)

    def _averaged(self, saliency: Saliency, x: torch.Tensor, target: int, samples: int) -> torch.Tensor:
        how = self.settings
        width = float(x.max() - x.min())
        with drawing(self.drawn(how.seed), x.device):
            found = NoiseTunnel(saliency).attribute(
                x, nt_samples=samples, stdevs=how.stdev * width, target=target, abs=False
            )
        size: torch.Tensor = found.detach().abs().sum(dim=1)[0]
        most = size.max()
        return size / most if most > 0 else size

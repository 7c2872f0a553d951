"""Expected Gradients: Integrated Gradients over several blank images at random points (Erion et al. 2021)."""

from typing import Annotated

import torch
from captum.attr import GradientShap
from pydantic import Field
from torch import nn

from lucidag.explain.blank import BLACK, BLUR, MEAN, Blank, baseline
from lucidag.explain.methods.drawn import MOST_COPIES, Batched, OneByOne, Positive, drawing, gradients_by
from lucidag.explain.reference import Case, Reference
from lucidag.ground.section import Count, Seed, Unique


class ExpectedGradientsSettings(Batched):
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


class ExpectedGradients(OneByOne):
    """What each pixel adds to the logit of the class, on average over blank images, by captum's ``GradientShap``.

    The map is the sum over the channels. Erion et al. draw images of the training set where this draws blank ones: an
    explanation needs no image but its own.
    """

    title = "Expected Gradients"
    library = "captum"
    kind = "signed"
    needs = "gradients"
    Settings = ExpectedGradientsSettings
    settings: ExpectedGradientsSettings

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Average over the draws."""
        shap = GradientShap(model)
        shap.gradient_func = gradients_by(self.settings.batch_size)
        return self._averaged(shap, x, target, self.settings.samples)

    def reference(self, case: Case) -> Reference:
        """Ask captum, with the same draws and all of them at once."""
        fewer = self.settings.model_copy(update={"samples": min(self.settings.samples, MOST_COPIES)})
        theirs = self._averaged(GradientShap(case.model), case.x, case.target, fewer.samples)
        return self.beside(case, theirs, fewer)

    def _averaged(self, shap: GradientShap, x: torch.Tensor, target: int, samples: int) -> torch.Tensor:
        how = self.settings
        blanks = torch.stack([baseline(x[0], kind, how.blur, self.inputs) for kind in how.baselines])
        width = float(x.max() - x.min())
        with drawing(self.drawn(how.seed), x.device):
            found = shap.attribute(x, blanks, n_samples=samples, stdevs=how.stdev * width, target=target)
        summed: torch.Tensor = found.detach().sum(dim=1)[0]
        return summed

"""Integrated Gradients: the gradient on the way from a blank image, times the way (Sundararajan et al. 2017)."""

import torch
from captum.attr import IntegratedGradients as Captum
from pydantic import Field
from torch import nn

from lucidag.explain.methods.drawn import Blanked, OneByOne
from lucidag.explain.reference import Case, Reference
from lucidag.ground.section import Count


class IntegratedGradientsSettings(Blanked):
    """Settings of Integrated Gradients."""

    steps: Count = Field(default=50, description="Points between the blank image and the image.")


class IntegratedGradients(OneByOne):
    """What each pixel adds to the logit of the class on the way from a blank image, by captum.

    The map is the sum over the channels. Its sum is the logit of the image less that of the blank one, but for the
    error of so many steps (Gauss-Legendre).
    """

    title = "Integrated Gradients"
    library = "captum"
    kind = "signed"
    needs = "gradients"
    Settings = IntegratedGradientsSettings
    settings: IntegratedGradientsSettings

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Integrate the gradient."""
        how = self.settings
        found: torch.Tensor = Captum(model).attribute(
            x, self.blank(x, how), target, n_steps=how.steps, internal_batch_size=how.batch_size
        )
        return found.detach().sum(dim=1)[0]

    def reference(self, case: Case) -> Reference:
        """Ask captum, which takes all points at once."""
        x = case.x
        found = Captum(case.model).attribute(x, self.blank(x, self.settings), case.target, n_steps=self.settings.steps)
        return Reference(found.detach().sum(dim=1)[0].cpu().numpy())

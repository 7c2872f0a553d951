"""Occlusion: what a window that moves over the image takes from the class (Zeiler & Fergus 2014)."""

from typing import Annotated, Self

import numpy as np
import torch
from captum.attr import Occlusion as Captum
from pydantic import Field, model_validator
from torch import nn

from lucidag.explain.blank import MEAN, Blank
from lucidag.explain.methods.drawn import Blanked, OneByOne
from lucidag.explain.reference import Case, Reference, faint

Part = Annotated[float, Field(gt=0, le=1)]


class OcclusionSettings(Blanked):
    """Settings of occlusion."""

    baseline: Blank = Field(
        default=MEAN, description="What the window shows: black, the image's mean colour, or the image blurred."
    )
    window: Part = Field(default=0.125, description="Side of the window as a share of the image's.")
    stride: Part = Field(default=0.0625, description="How far it moves, as a share of the image's side.")

    @model_validator(mode="after")
    def _covers(self) -> Self:
        if self.stride > self.window:
            raise ValueError(f"stride is {self.stride:g} and window {self.window:g}: a stride above it leaves gaps")
        return self


class Occlusion(OneByOne):
    """How far the logit of the class falls when a window hides each pixel, by captum.

    A pixel has the mean over the windows that hide it. One pass for each place of the window: about
    ``(1 / stride) ** 2``.
    """

    title = "occlusion"
    library = "captum"
    kind = "signed"
    needs = "perturbation"
    Settings = OcclusionSettings
    settings: OcclusionSettings

    def map(self, model: nn.Module, x: torch.Tensor, target: int) -> torch.Tensor:
        """Move the window."""
        return self._moved(model, x, target, self.settings.batch_size)

    def reference(self, case: Case) -> Reference:
        """Ask captum, one place of the window after the other."""
        found = self._moved(case.model, case.x, case.target, 1).cpu().numpy()
        with torch.no_grad():
            greatest = float(case.model(case.x).abs().max())
        return Reference(found, unsteady=faint("window", float(np.ptp(found)), greatest))

    def _moved(self, model: nn.Module, x: torch.Tensor, target: int, batch_size: int) -> torch.Tensor:
        how, (channels, size) = self.settings, x.shape[1:3]
        window, stride = (max(1, round(share * size)) for share in (how.window, how.stride))
        with torch.no_grad():
            found: torch.Tensor = Captum(model).attribute(
                x,
                (channels, window, window),
                strides=(channels, min(stride, window), min(stride, window)),
                baselines=self.blank(x, how),
                target=target,
                perturbations_per_eval=batch_size,
            )
        return found.mean(dim=1)[0]  # all channels are hidden at once, and so have one value

"""LIME: the superpixels whose presence raises the probability of the class (Ribeiro et al. 2016)."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.neighbourhood import Classify, classifier
from lucidag.explain.lime.settings import LimeJob, LimeSettings
from lucidag.explain.methods.base import Group, Method, decision
from lucidag.explain.methods.explainer import Explainer, single
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject


class LimeGroup(Group):
    """LIME; the network is made ready once."""

    def prepare(self) -> None:
        """Check the settings."""
        self._settings = LimeJob.model_validate(self.options)

    @cached_property
    def _classify(self) -> Classify:
        return classifier(self.network, self.device)

    def explain(self, subject: Subject, classes: Sequence[str]) -> Explained:
        """Explain an image; the record is what `lucidag.explain.lime.explain.LimeResult.json` gives."""
        frame, how = subject.frame.numpy(), self._of(subject.image)
        result = explain(self._classify, frame, how, subject.target, self._settings.batch_size, self.device)
        about = decision(subject.label, result.probabilities, result.target, classes)
        record = {"image": subject.image, **about, **result.json(how, classes)}
        return self.explained(subject, {self.names[0]: result.map}, record, segments=result.segments)

    def explainers(self, model: nn.Module | None = None) -> list[Explainer]:
        """Return LIME as a function with the settings of all images."""
        return self.again("")

    def again(self, image: str) -> list[Explainer]:
        """Return LIME as a function with the settings of an image.

        It sees images of 8 bits, so the normalisation is undone and rounded. Each map costs ``num_samples`` images
        that go through the network.
        """
        how, batch_size = self._of(image), self._settings.batch_size

        def function(x: torch.Tensor, target: int) -> NDArray[np.float32]:
            frames = self.network.inputs.denormalise(x).cpu().numpy()
            maps = [explain(self._classify, each, how, target, batch_size, self.device).map for each in frames]
            return np.stack(maps)

        return [single(self.names[0], function)]

    def _of(self, image: str) -> LimeSettings:
        return self._settings.own.get(image, self._settings.settings)


class Lime(Method):
    """Local surrogate models over superpixels."""

    title = "LIME"
    kind = "selection"
    needs = "perturbation"
    group = LimeGroup

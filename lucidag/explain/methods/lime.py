"""LIME: the superpixels whose presence raises the probability of the class (Ribeiro et al. 2016)."""

import sys
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
from lucidag.explain.reference import Case, NoReferenceError, Reference
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.models.network import Network

MOST_SAMPLES = 300  # that the library is asked for
SATURATED = 1e-4


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
        parts = ", ".join(f"{part} {seconds:.3f}" for part, seconds in result.seconds.items())
        print(f"{subject.image}: seconds of LIME: {parts}", file=sys.stderr)  # in no result, as they differ each time
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
    library = "lime"

    def reference(self, case: Case) -> Reference:
        """Ask the lime package, with the same seed and so the same masks."""
        from lucidag.explain.lime.library import explanation_map, library_explanation

        how = LimeSettings.from_json(case.record["settings"])
        samples = min(how.num_samples, MOST_SAMPLES)
        fewer = how.model_copy(update={"num_samples": samples})
        frame, notes, segments = case.subject.frame.numpy(), [], None
        if case.record["segments"] == 1:
            raise NoReferenceError("the image is one superpixel: there is nothing to compare")
        if how.at(frame.shape[1])[1] > 1:
            notes.append("the superpixels are those found here, as the package's quickshift takes no kernel so small")
            segments = case.segments
        classify = plainly(case)
        found = library_explanation(classify, frame, fewer, [case.target], segments)
        theirs = explanation_map(found, case.target)
        if np.ptp(theirs) < SATURATED:
            raise NoReferenceError(
                f"the probability of the class hardly changes (no weight is above {SATURATED:g}), so that the weights "
                "are rounding"
            )
        if samples == how.num_samples:
            return Reference(theirs, note="; ".join(notes))
        notes.insert(0, f"{samples} of {how.num_samples} samples, by both")
        network = Network(case.model, case.inputs, None)
        fast, device = classifier(network, str(case.x.device)), str(case.x.device)
        ours = explain(fast, frame, fewer, case.target, case.batch_size, device).map
        return Reference(theirs, ours, "; ".join(notes))


def plainly(case: Case) -> Classify:
    """Return a function from frames to probabilities, by the network as it is."""

    def classify(frames: torch.Tensor) -> NDArray[np.floating]:
        with torch.no_grad():
            logits: torch.Tensor = case.model(case.inputs.normalise(frames.to(case.x.device)))
        shares: NDArray[np.floating] = logits.float().softmax(1).cpu().numpy()
        return shares

    return classify

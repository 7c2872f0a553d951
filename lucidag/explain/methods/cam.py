"""Class activation maps of a network: prepared once, then one forward pass an image for all methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from lucidag.explain.cam.maps import image_map
from lucidag.explain.cam.prepared import Prepared
from lucidag.explain.cam.seen import Found, Seen
from lucidag.explain.cam.settings import CamSettings
from lucidag.explain.methods.base import EMPTY, Group, Method, Need, decision
from lucidag.explain.methods.explainer import Explainer
from lucidag.explain.reference import Case, Reference
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError, told_of

SCORECAM = "scorecam"
MOST_CHANNELS = 64  # that a library is asked about one by one


@dataclass(frozen=True)
class CamResult:
    """The class activation maps of one image.

    Attributes
    ----------
    maps
        By method, S x S in [0, 1].
    weights
        By method, one number for each of the layer's K channels, for methods that weigh channels.
    layer
        The layer's name.
    target, predicted
        The class that is explained, and the one with the greatest logit.
    logits
        C numbers.
    notes
        By method, what a reader of the map should know; methods of which there is nothing to say are not in it.
    channels
        By method, how many channels were looked at; methods that look at all are not in it.
    """

    maps: dict[str, NDArray[np.float32]]
    weights: dict[str, NDArray[np.float32]]
    layer: str
    target: int
    predicted: int
    logits: NDArray[np.float32]
    notes: dict[str, str]
    channels: dict[str, int]


class CamExplainer(Prepared):
    """A network and a layer, and methods to explain an image with."""

    def explain(self, x: torch.Tensor, methods: "Mapping[str, CamMethod]", target: int | None = None) -> CamResult:
        """Explain one image by each of `methods`.

        Parameters
        ----------
        x
            The normalised image, float 1 x C x S x S.
        methods
            By name.
        target
            The class; None takes the predicted one.

        Raises
        ------
        InputError
            For a target that is no class, logits that are not finite, a batch of more than one.
        """
        if x.ndim != 4 or len(x) != 1:
            raise InputError(f"an image to be explained must be 1 x C x S x S, not {tuple(x.shape)}")
        placed = self.placed(x)
        seen = Seen(self, placed, self.split.at(placed), target)
        maps, weights, notes, channels = {}, {}, {}, {}
        for method, each in methods.items():
            found = each.coarse(seen)
            if not np.isfinite(found.coarse).all():
                raise InputError(f"method '{method}': its map has NaN or infinite values")
            maps[method] = image_map(found.coarse, (x.shape[2], x.shape[3]))
            if found.weights is not None:
                weights[method] = found.weights
            if found.channels is not None:
                channels[method] = found.channels
            nothing = None if maps[method].any() else EMPTY
            if found.note or nothing:
                notes[method] = "; ".join(each for each in (found.note, nothing) if each)
        return CamResult(maps, weights, self.layer, seen.target, seen.predicted, seen.logits, notes, channels)


class CamGroup(Group):
    """Class activation maps, all from one forward pass an image."""

    def prepare(self) -> None:
        """Cut the network at the layer."""
        self._settings = CamSettings.model_validate(self.options)
        own = {SCORECAM: self._settings.score_cam.model_dump()}
        self._cams = {
            name: each(self.network.inputs, own.get(name))
            for name, each in self.classes.items()
            if issubclass(each, CamMethod)
        }
        with told_of("explain.methods" if self._settings.layer is None else "explain.cam.layers"):
            self._ready = self._explainer(self.network.model)

    def explain(self, subject: Subject, classes: Sequence[str]) -> Explained:
        """Explain an image; the record has the ``layer``, the ``logit`` and what is to be known of each map."""
        x = self.network.inputs.normalise(subject.frame[None])
        found = self._ready.explain(x, self._cams, subject.target)
        shares = softmax(found.logits.astype(float))
        record = {
            **decision(subject.label, shares, found.target, classes),
            "layer": found.layer,
            "logit": float(found.logits[found.target]),
            "notes": dict(found.notes),
            **({"channels": dict(found.channels)} if found.channels else {}),
        }
        return self.explained(subject, found.maps, record)

    def explainers(self, model: nn.Module | None = None) -> list[Explainer]:
        """Return the methods as one function."""
        ready = self._ready if model is None or model is self.network.model else self._explainer(model)

        def function(x: torch.Tensor, target: int) -> dict[str, NDArray[np.float32]]:
            found = [ready.explain(each[None], self._cams, target).maps for each in x]
            return {method: np.stack([maps[method] for maps in found]) for method in self.names}

        return [Explainer(self.names, function)]

    def _explainer(self, model: nn.Module) -> CamExplainer:
        how = self._settings
        return CamExplainer(model, self.network.inputs.example(1), how.layer, how.batch_size, self.device)


class CamMethod(Method):
    """A method that says at a layer where the evidence is; its map is what is above zero, scaled and resized.

    Attributes
    ----------
    theirs
        The class of pytorch-grad-cam that does the same, where `library` is that.
    """

    kind: ClassVar = "graded"
    needs: ClassVar[Need] = "maps"
    group = CamGroup
    theirs: ClassVar[str]

    def coarse(self, seen: Seen) -> Found:
        """Say what an image's pass shows at the layer, H x W."""
        raise NotImplementedError

    def reference(self, case: Case) -> Reference:
        """Ask pytorch-grad-cam at the same layer."""
        from lucidag.explain.cam.library import library_map  # here, for the seconds that the library's imports take

        return Reference(library_map(self.theirs, case))


def seen_again(case: Case) -> Seen:
    """Run the pass of an image again, for a map of fewer channels."""
    network = Prepared(case.model, case.x, str(case.record["layer"]), case.batch_size, str(case.x.device))
    x = network.placed(case.x)
    return Seen(network, x, network.split.at(x), case.target)


def some_channels(count: int) -> NDArray[np.int64]:
    """Choose `MOST_CHANNELS` of a layer's channels, evenly spread; all of fewer."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_CHANNELS)).round().astype(np.int64))

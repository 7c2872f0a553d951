"""LIME: which superpixels of an image raise the probability of a class.

Ribeiro, Singh, Guestrin, "Why Should I Trust You?" (KDD 2016), as the lime package does it for images. For equal
seeds the superpixels and their weights are the package's; the images of the neighbourhood are made in batches.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from lime.lime_image import LimeImageExplainer
from numpy.typing import NDArray

from lucidag.explain.lime.neighbourhood import Classify, draw_masks, hidden_image, probabilities
from lucidag.explain.lime.regression import Fit, regress
from lucidag.explain.lime.segments import segment
from lucidag.explain.lime.settings import LimeSettings
from lucidag.ground.errors import InputError


@dataclass(frozen=True)
class LimeResult:
    """An explanation of one image.

    Attributes
    ----------
    segments
        int32 S x S: the superpixels 0..n-1.
    fits
        For each explained class its regression: the most probable first, then a target that is not among these.
    probabilities
        C: the network's, for the image itself.
    target
        The class that `map` and `mask` show.
    notes
        What a reader has to know about this explanation.
    seconds
        ``segment``, ``neighbourhood`` (masks and images), ``network``, ``regression`` and ``total``.
    """

    segments: NDArray[np.int32]
    fits: dict[int, Fit]
    probabilities: NDArray[np.floating]
    target: int
    notes: tuple[str, ...]
    seconds: dict[str, float]

    @property
    def map(self) -> NDArray[np.float32]:
        """The target's weights on their superpixels, S x S; 0 on the others."""
        by_segment = np.zeros(int(self.segments.max()) + 1, dtype=np.float32)
        for index, weight in self.fits[self.target].weights:
            by_segment[index] = weight
        return by_segment[self.segments]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The superpixels with a positive weight for the target among those that the regression kept, S x S."""
        return np.isin(self.segments, [index for index, weight in self.fits[self.target].weights if weight > 0])

    def json(self, settings: LimeSettings, classes: Sequence[str]) -> dict[str, Any]:
        """Give the explanation as plain values: everything but the image and the network to make it again.

        Parameters
        ----------
        settings
            How it was made.
        classes
            The names of all classes.

        Returns
        -------
        dict
            ``settings`` (with the seed), ``target``, ``target_name``, ``segments`` (their number), ``explained`` (for
            each class ``class``, ``name``, ``probability``, ``intercept``, ``score``, ``local_prediction`` and
            ``weights`` as pairs of superpixel and weight) and ``notes``. `seconds` is not among them: it differs from
            run to run.
        """
        return {
            "settings": settings.to_json(),
            "target": self.target,
            "target_name": classes[self.target],
            "segments": int(self.segments.max()) + 1,
            "explained": [
                {
                    "class": label,
                    "name": classes[label],
                    "probability": float(self.probabilities[label]),
                    "intercept": fit.intercept,
                    "score": fit.score,
                    "local_prediction": fit.local_prediction,
                    "weights": [list(pair) for pair in fit.weights],
                }
                for label, fit in self.fits.items()
            ],
            "notes": list(self.notes),
        }


def explain(
    classify: Classify,
    frame: NDArray[np.uint8],
    settings: LimeSettings,
    target: int | None,
    batch_size: int,
    device: str = "cpu",
    known: tuple[NDArray[np.int32], float] | None = None,
) -> LimeResult:
    """Explain an image.

    Parameters
    ----------
    classify
        Takes B images (uint8 B x C x S x S on `device`) and gives their probabilities (B x classes).
    frame
        uint8 C x S x S: the image as the network gets it, before normalisation.
    settings
        How.
    target
        The class to show; None is the predicted one. It is explained even if it is not among the most probable.
    batch_size
        The most images that exist at one time. It changes nothing but rounding.
    device
        Where the masked images are put together.
    known
        What `timed_segments` gives of this frame and these settings, where it is there already.

    Raises
    ------
    InputError
        If the target is none of the classes, if a setting does not fit the image, or if `classify` gives
        something else than probabilities.
    """
    segments, segment_seconds = known or timed_segments(frame, settings)
    start = time.perf_counter()
    if batch_size < 1:
        raise InputError(f"lime: batch_size is {batch_size}; it must be at least 1")
    count = int(segments.max()) + 1
    explainer = LimeImageExplainer(kernel_width=settings.kernel_width, random_state=settings.seed)
    masks = draw_masks(explainer.random_state, settings.num_samples, count)
    hidden = hidden_image(frame, segments, settings.hide_color)
    futile = _nothing_to_compare(count, bool((hidden == frame).all()))
    # Where nothing can be compared, the image itself is still classified.
    rows = masks[:1] if futile else masks
    values, network = probabilities(classify, frame, hidden, segments, rows, batch_size, device)
    asked = time.perf_counter()
    classes = values.shape[1]
    if target is not None and not 0 <= target < classes:
        raise InputError(f"lime: target {target} is no class of the network; its classes are 0 to {classes - 1}")
    shown = int(values[0].argmax()) if target is None else target
    top = np.argsort(values[0])[-settings.top_labels :].tolist()  # in lime's own order, the most probable last
    further = [] if shown in top else [shown]
    varying = [label for label in (*top, *further) if np.ptp(values[:, label]) > 0]
    found = regress(explainer, rows, values, varying, settings.num_features)
    fits = {}
    for label in (*reversed(top), *further):
        share = float(values[0, label])
        # Where the probability is the same under every mask, nothing is kept.
        fits[label] = found.get(label, Fit([], share, 0.0, share))
    seconds = {
        "segment": segment_seconds,
        "neighbourhood": asked - start - network,
        "network": network,
        "regression": time.perf_counter() - asked,
    }
    notes = futile or _notes([label for label in fits if label not in found], count, settings.num_features)
    return LimeResult(segments, fits, values[0], shown, notes, {**seconds, "total": sum(seconds.values())})


def timed_segments(frame: NDArray[np.uint8], settings: LimeSettings) -> tuple[NDArray[np.int32], float]:
    """Return the superpixels of a frame and the seconds they took; see `lucidag.explain.lime.segments.segment`."""
    start = time.perf_counter()
    parameters, times = settings.at(frame.shape[1])
    segments = segment(frame, settings.algorithm, parameters, settings.seed, times)
    return segments, time.perf_counter() - start


def _nothing_to_compare(count: int, unchanged: bool) -> tuple[str, ...]:
    """Say why the superpixels of an image cannot be told apart, if so."""
    if count == 1:
        return ("the segmentation found one superpixel: there is nothing to compare, and no superpixel has a weight",)
    if unchanged:
        return ("hiding changes no pixel: there is nothing to compare, and no superpixel has a weight",)
    return ()


def _notes(constant: Sequence[int], count: int, num_features: int) -> tuple[str, ...]:
    """Say what differs from what the settings ask for."""
    notes = [
        f"the probability of class {label} is the same under every mask: no superpixel has a weight for it"
        for label in constant
    ]
    if num_features > count:
        notes.append(f"num_features is {num_features}, but the image has {count} superpixels: all are kept")
    return tuple(notes)

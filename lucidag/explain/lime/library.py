"""What the lime package gives of an image, asked as its users do."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from lime.lime_image import ImageExplanation, LimeImageExplainer
from lime.wrappers.scikit_image import SegmentationAlgorithm
from numpy.typing import NDArray

from lucidag.explain.lime.settings import LimeSettings

Classify = Callable[[torch.Tensor], NDArray[np.floating]]


def library_explanation(
    classify: Classify,
    frame: NDArray[np.uint8],
    settings: LimeSettings,
    labels: Sequence[int] | None = None,
    segments: NDArray[np.int32] | None = None,
) -> ImageExplanation:
    """Explain an image by the lime package.

    Parameters
    ----------
    classify
        Takes B images (uint8 B x C x S x S) and gives their probabilities (B x classes).
    frame
        uint8 C x S x S, C 1 or 3. The package takes colours only, so one channel becomes three that are the same.
    settings
        How.
    labels
        The classes to explain; None: the most probable.
    segments
        The superpixels S x S; None: those that the package finds with these settings, numbered from 0.
    """
    channels = len(frame)
    start = {"start_label": 0} if settings.algorithm == "slic" else {}
    own = SegmentationAlgorithm(settings.algorithm, **settings.at(frame.shape[1])[0], **start)
    explainer = LimeImageExplainer(kernel_width=settings.kernel_width, random_state=settings.seed)
    return explainer.explain_instance(
        np.broadcast_to(frame, (3, *frame.shape[1:])).transpose(1, 2, 0).copy(),
        lambda images: classify(torch.from_numpy(images.transpose(0, 3, 1, 2)[:, :channels].copy())),
        labels=tuple(labels) if labels else (1,),
        hide_color=settings.hide_color,
        top_labels=None if labels else settings.top_labels,
        num_features=settings.num_features,
        num_samples=settings.num_samples,
        segmentation_fn=own if segments is None else lambda _: segments,
        random_seed=settings.seed,
    )


def explanation_map(explanation: ImageExplanation, label: int) -> NDArray[np.float64]:
    """Return the weights of an explanation for a class on their superpixels, S x S; 0 on the others."""
    segments: NDArray[np.int64] = np.asarray(explanation.segments)
    weights = np.zeros(int(segments.max()) + 1)
    for place, weight in explanation.local_exp[label]:
        weights[place] = weight
    found: NDArray[np.float64] = weights[segments]
    return found

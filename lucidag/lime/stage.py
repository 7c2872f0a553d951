"""LIME explanations of the pictures of one job, each with its own settings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.explain.decision import decision
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.lime.explain import explain
from lucidag.lime.neighbourhood import Classify
from lucidag.lime.record import result_json
from lucidag.lime.settings import LimeSettings
from lucidag.models.fast import accelerate
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible
from lucidag.progress import track


def explain_subjects(
    network: Network,
    subjects: Sequence[Subject],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    device: str,
    threads: int = 2,
) -> list[Explained]:
    """Explain each picture by LIME.

    Parameters
    ----------
    network, classes
        The network with its weights, and the names of its classes.
    subjects
        The pictures.
    settings
        ``batch_size``, and ``pictures`` with ``image`` and its ``lime`` settings.
    device, threads
        How to compute; they change the numbers by rounding only.
    """
    own = {row["image"]: LimeSettings.from_json(row["lime"]) for row in settings["pictures"]}
    found = []
    with reproducible(device, threads):
        classify = classifier(network, device)
        for subject in track(subjects, "LIME"):
            how = own[subject.image]
            result = explain(classify, subject.frame.numpy(), how, subject.target, settings["batch_size"], device)
            about = decision(subject.label, result.probabilities, result.target, classes)
            found.append(
                Explained(
                    image=subject.image,
                    frame=subject.frame.numpy(),
                    mask=subject.mask,
                    maps={"lime": result.map},
                    segments=result.segments,
                    record={"image": subject.image, **about, **result_json(result, how, classes)},
                )
            )
    return found


def classifier(network: Network, device: str) -> Classify:
    """Return a function from frames (uint8 B x C x S x S on `device`) to probabilities (B x classes)."""
    fast = accelerate(network.model, network.inputs.example()).to(device)

    def classify(frames: torch.Tensor) -> NDArray[np.floating]:
        with torch.inference_mode():
            batch = network.inputs.normalise(frames).to(memory_format=torch.channels_last)
            shares: NDArray[np.floating] = fast(batch).float().softmax(1).cpu().numpy()
        return shares

    return classify

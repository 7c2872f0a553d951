"""Class activation maps of the images of one job, each by every method."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.special import softmax

from lucidag.explain.cam.explainer import CamExplainer, CamResult
from lucidag.explain.decision import decision
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible


def explain_subjects(
    network: Network,
    subjects: Sequence[Subject],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    device: str,
    threads: int = 2,
) -> list[Explained]:
    """Explain each image by each of the methods.

    Parameters
    ----------
    network, classes
        The network with its weights, and the names of its classes.
    subjects
        The images.
    settings
        ``methods``, ``layer`` (None: the last one with spatial extent) and ``batch_size``.
    device, threads
        How to compute; they change the numbers by rounding only.

    Raises
    ------
    InputError
        If the layer has no maps or the network has no such layer: the sentence starts with the key.
    """
    found = []
    with reproducible(device, threads):
        explainer = _explainer(network, settings, device)
        for subject in track(subjects, "class activation maps"):
            x = network.inputs.normalise(subject.frame[None])
            result = explainer.explain(x, settings["methods"], subject.target)
            found.append(_explained(subject, result, classes))
    return found


def _explainer(network: Network, settings: Mapping[str, Any], device: str) -> CamExplainer:
    layer = settings["layer"]
    try:
        return CamExplainer(network.model, network.inputs.example(1), layer, device, settings["batch_size"])
    except InputError as error:
        raise InputError(f"explain.cam{'.layers' if layer is not None else ''}: {error}") from error


def _explained(subject: Subject, result: CamResult, classes: Sequence[str]) -> Explained:
    shares = softmax(result.logits.astype(float))
    return Explained(
        image=subject.image,
        frame=subject.frame.numpy(),
        mask=subject.mask,
        maps=result.maps,
        record={**decision(subject.label, shares, result.target, classes), **_own(result)},
    )


def _own(result: CamResult) -> dict[str, Any]:
    return {"layer": result.layer, "logit": float(result.logits[result.target]), "notes": dict(result.notes)}

"""The explanations of one model measured: the explainers that a configuration names, and LIME's stored maps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from lucidag.explain.faithfulness.explainers import Explainer, cam, lime, limes, single
from lucidag.explain.faithfulness.measure import Faithfulness, Image, measure
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.relevance.attention_map import attention_maps
from lucidag.explain.relevance.composites import composite_for, input_range
from lucidag.explain.relevance.lrp import lrp, refuse_exploded
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.models.attention import ChannelAttention
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

LIME, ATTENTION = "lime", "attention"


def measure_subjects(
    network: Network,
    subjects: Sequence[Subject],
    stored: Sequence[Explained],
    settings: Mapping[str, Any],
    device: str,
    threads: int = 2,
) -> Faithfulness:
    """Measure class activation maps, relevance, attention and LIME on some images.

    Parameters
    ----------
    network
        The network with its weights.
    subjects
        The images.
    stored
        LIME's explanations of them, or none.
    settings
        ``cam``, ``composites`` and ``layer``, and ``measuring``: the arguments of
        `lucidag.explain.faithfulness.settings.FaithfulnessSettings`. With ``lime_settings``, those of the stored maps
        by image,
        and ``lime_batch_size`` LIME explains the images with noise too; without, its sensitivity is not measured.
    device, threads
        How to compute; they change the numbers by rounding only.
    """
    model = network.model.to(device).eval()
    maps = {explained.image: explained.maps[LIME] for explained in stored}
    given: Mapping[str, Any] = settings["measuring"]
    measuring: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    with reproducible(device, threads):
        again = _lime_again(network, settings, [subject.image for subject in subjects if subject.image in maps], device)
        frames = [_image(network, subject, maps, again, device) for subject in subjects]
        make = explainers(network, settings["cam"], settings["composites"], settings["layer"], device)
        return measure(model, frames, make, network.inputs.std, FaithfulnessSettings(**measuring))


def explainers(
    network: Network, methods: Sequence[str], composites: Sequence[str], layer: str | None, device: str
) -> Callable[[nn.Module], list[Explainer]]:
    """Give a function that makes the explainers of a network: also of one whose weights were randomised.

    Parameters
    ----------
    network
        How images reach the network.
    methods, layer
        See `lucidag.explain.faithfulness.explainers.cam`.
    composites
        See `lucidag.explain.relevance.composites`. A network with channel attention has ``attention`` too.
    device
        Where to compute.
    """
    example = network.inputs.example(1)
    low, high = (bound.to(device) for bound in input_range(network.inputs))

    def make(model: nn.Module) -> list[Explainer]:
        found = [cam(model, example, list(methods), layer, device)] if methods else []
        for name in composites:
            rules = composite_for(name, model, low, high)
            # Of a network whose weights were randomised relevance may explode; that says nothing against the method.
            found.append(single(name, _relevance(name, model, rules, refuse=model is network.model)))
        if any(isinstance(module, ChannelAttention) for module in model.modules()):
            found.append(single(ATTENTION, lambda x, target: attention_maps(model, x)[0]))
        return found

    return make


def explainers_of(network: Network, settings: Mapping[str, Any], device: str) -> list[Explainer]:
    """Give the explainers that a part of the configuration names.

    Parameters
    ----------
    network
        The network with its weights.
    settings
        ``cam`` and its ``layer`` (None: the last with spatial extent), ``composites`` and ``lime`` (its settings, or
        None).
    device
        Where to compute.
    """
    found = explainers(network, settings["cam"], settings["composites"], settings["layer"], device)(network.model)
    if settings["lime"] is not None:
        found.append(lime(network, LimeSettings.from_json(settings["lime"]), device))
    return found


def _relevance(
    name: str,
    model: nn.Module,
    rules: Any,  # noqa: ANN401 (zennit's)
    refuse: bool,
) -> Callable[[torch.Tensor, int], NDArray[Any]]:
    def function(x: torch.Tensor, target: int) -> NDArray[Any]:
        found = lrp(model, x, [target] * len(x), rules)
        if refuse:
            refuse_exploded(found, name)
        return found.maps

    return function


def _lime_again(
    network: Network, settings: Mapping[str, Any], images: Sequence[str], device: str
) -> dict[str, tuple[Explainer, ...]]:
    """Give the explainers of the stored maps of LIME by image; none where they are not to be asked again."""
    if "lime_settings" not in settings or not images:
        return {}
    own = [LimeSettings.from_json(settings["lime_settings"][image]) for image in images]
    made = limes(network, own, device, settings["lime_batch_size"])
    return {image: (explainer,) for image, explainer in zip(images, made, strict=True)}


def _image(
    network: Network,
    subject: Subject,
    maps: Mapping[str, NDArray[Any]],
    again: Mapping[str, tuple[Explainer, ...]],
    device: str,
) -> Image:
    x = network.inputs.normalise(subject.frame[None].to(device))
    with torch.inference_mode():
        shares = softmax(network.model(x).cpu().numpy()[0].astype(float))
    target = int(shares.argmax()) if subject.target is None else subject.target
    own = {LIME: maps[subject.image]} if subject.image in maps else {}
    return Image(subject.image, x[0], target, own, again.get(subject.image, ()))

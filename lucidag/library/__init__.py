"""What a notebook calls: the exact sweep, explanations and labels of units, as the workflow computes them."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.methods.registry import DEFAULT, families
from lucidag.explain.stage import explain_subjects
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network, ready
from lucidag.models.one_logit import classes_of, output_of
from lucidag.models.recorder import described
from lucidag.rof.sweep import sweep
from lucidag.units.labels.similarity import best_concepts, constant_units, describe_layer
from lucidag.units.labels.unit_search import read_unit_embeddings, search_layers
from lucidag.units.names import NONE
from lucidag.units.passes.probe_set import top_count

__all__ = ["explain_image", "find_units", "label_units", "network", "sweep"]


def network(
    model: nn.Module,
    size: int,
    classes: int | None = None,
    **inputs: Any,  # noqa: ANN401 (Inputs checks them)
) -> Network:
    """Say how images reach a network of your own.

    Parameters
    ----------
    model
        A classifier with its weights. A copy of it is used, which gives logits for sure: see ``notes`` of what is
        returned.
    size
        S: what the network sees, N x C x S x S.
    classes
        How many; by default as many as it has outputs, or two for one output.
    inputs
        ``channels``, ``resize``, ``mean``, ``std`` and whatever else `lucidag.models.settings.Input` knows.

    Raises
    ------
    InputError
        For a value that is not allowed, or a network that does not give one logit per class.
    """
    how = Inputs(size=size, **inputs)
    used = copy.deepcopy(model).eval()
    count = classes_of(used, how.example()) if classes is None else classes
    if count is None:
        raise InputError(
            f"network '{type(model).__name__}' gives {described(output_of(used, how.example()))} for two images, from "
            "which its classes can't be counted: give `classes`"
        )
    return ready(used, how, count)


def explain_image(
    network: Network,
    image: NDArray[np.uint8],
    methods: Sequence[str] = DEFAULT,
    target: int | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    device: str = "cpu",
    threads: int = 2,
) -> dict[str, NDArray[np.float32]]:
    """Explain a decision by several methods.

    Parameters
    ----------
    network
        See `network`.
    image
        H x W x 3 or 1, of any size: it is brought into the network's frame.
    methods
        Names, or classes of your own as ``package.module:Class``.
    target
        The class to explain; None is the predicted one.
    options
        Settings by family (``cam``: ``{"layer": "layer3"}``, ``lime``: ``{"settings": {"num_samples": 500}}``) or, for
        a method that has none, by the method's name.
    device, threads
        How to compute.

    Returns
    -------
    The map of each method, S x S, by its name. A method that finds nothing to explain in the network has none.

    Raises
    ------
    InputError
        For an unknown method, or a network that lacks what a method needs.
    """
    subject = Subject("image", "", target, network.inputs.prepare(image), None)
    given = options or {}
    classes = list(map(str, range(_outputs(network))))
    found: dict[str, NDArray[np.float32]] = {}
    for name, members in families(methods).items():
        family = {"methods": members, "options": given.get(name, {})}
        (explained,) = explain_subjects(network, [subject], classes, family, device, threads)
        found |= explained.maps
    return found


def _outputs(network: Network) -> int:
    with torch.inference_mode():
        return int(network.model(network.inputs.example()).shape[1])


def label_units(
    activations: NDArray[np.float32],
    images: NDArray[np.float32],
    texts: NDArray[np.float32],
    concepts: Sequence[str],
    similarity: str = "soft_wpmi",
    top: int | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Give each unit of a layer the concept that describes its images best.

    Parameters
    ----------
    activations
        N x U: what each unit says of each probe image.
    images, texts
        N x D and M x D of unit length: the probe images and the concepts in one space, as a CLIP gives them.
    concepts
        M names.
    similarity
        See `lucidag.units.labels.similarity.SIMILARITIES`.
    top
        Images of each unit that count, the most active first; default: see
        `lucidag.units.passes.probe_set.top_count`.
    threads
        How to compute.

    Returns
    -------
    One row a unit: ``unit``, ``concept`` (``none`` where nothing tells the unit's images from others) and ``score``.

    Raises
    ------
    InputError
        For an unknown similarity, or shapes that do not fit together.
    """
    if len(activations) != len(images) or len(texts) != len(concepts) or images.shape[1:] != texts.shape[1:]:
        shapes = ", ".join(str(each.shape) for each in (activations, images, texts))
        raise InputError(f"activations, images and texts of shapes {shapes} and {len(concepts)} concepts do not fit")
    order = np.argsort(-activations, axis=0, kind="stable")[: top_count(top, len(activations))].T
    constant = constant_units(activations)
    _, every = describe_layer(similarity, images, texts, order, activations, constant, threads)
    best, scores = best_concepts(every)
    names = np.array([*concepts, NONE], dtype=object)  # -1 is the last
    units = np.arange(activations.shape[1])
    return pd.DataFrame({"unit": units, "concept": names[best[:, 0]], "score": scores[:, 0]})


def find_units(
    images: str | Path,
    words: Sequence[str],
    weights: str | Path,
    architecture: str = "",
    template: str = "{}",
    count: int = 10,
    device: str = "cpu",
) -> pd.DataFrame:
    """Find the units of a model whose top images are most like some words.

    Parameters
    ----------
    images
        What the images of its units have in common: ``results/units/{model}/images.safetensors``.
    words
        Texts, such as ``a red ring``.
    weights, architecture, template
        Of the CLIP that the units were embedded with: the folder ``results/clip/{clip}`` of one that was trained
        there, else as in the configuration (see `lucidag.units.clip.encoder.load_clip`).
    count
        How many units a text finds.
    device
        Where to compute.

    Returns
    -------
    One row a text and unit: ``text``, ``rank``, ``layer``, ``unit``, ``similarity``.

    Raises
    ------
    InputError
        If the file is missing or something else, the CLIP cannot be loaded, or it is another one.
    """
    from lucidag.units.clip.encoder import embed_texts, load_clip  # open_clip takes seconds to import

    layers = read_unit_embeddings(images)
    texts = embed_texts(load_clip(architecture, str(weights), device), words, template)
    return search_layers(layers, words, texts, count)

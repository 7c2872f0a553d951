"""Look at networks, for the check of a configuration: ``python -m lucidag.models.probe``.

Reads a JSON list of what `look` takes from standard input and writes a JSON list of what it gives. It is a process of
its own because building a network imports torch, which whoever asks should not have to.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.build import build, fill_lazy
from lucidag.models.describe import describe
from lucidag.models.inputs import Inputs
from lucidag.models.maps import own_layers
from lucidag.models.network import Network, open_network
from lucidag.models.one_logit import classes_of
from lucidag.models.published import recipe_of_network, recipe_of_weights
from lucidag.models.settings import Input
from lucidag.models.weights import check_published_classes, check_weight_file


def look(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Build one network, run it once, and say what it is.

    Parameters
    ----------
    asked
        ``architecture``, ``options``; ``classes``, how many, and whether they are ``known``; ``published``, the name of
        weights of torchvision's or None; ``file``, one of weights or None, ``part`` of it; ``new_head``, whether its
        last layer is not taken; ``input``, what the configuration says of it.

    Returns
    -------
    dict
        ``seen``, its `lucidag.models.layers.Layers` as plain values; ``weighted``, the modules that hold weights, and
        ``head``, the last layer or None, with the number of its inputs, ``features``, and whether logits are ``linear``
        in these; ``recipe`` (how published weights want their images, or None) and ``of`` (whose it is); ``layers`` and
        ``block``, see `lucidag.models.maps.own_layers`. Or ``error``: a sentence that says why it cannot be used.
    """
    try:
        model = build(asked["architecture"], asked["classes"], asked["options"], 0)
        recipe, whose = recipe_of_network(model), "the network's own configuration"
        if asked["published"] is not None:
            recipe = recipe_of_weights(model, asked["published"], asked["architecture"])
            whose = f"the weights {asked['published']}"
        inputs = Input(**asked["input"]).filled(recipe or {}).model_dump(mode="json")
        classes = asked["classes"] if asked["known"] else _classes(model, Inputs(**inputs), asked)
        network = open_network({**asked, "input": inputs, "head": None}, classes)
        if asked["known"]:
            _check_weights(network, asked)
    except InputError as error:
        return {"error": str(error)}
    seen = describe(network.model, network.inputs.example(1))
    # A convolution gives maps of classes, which are looked at as maps of any other layer.
    layers, block = own_layers(seen, network.head, getattr(network.model, "additions", ()))
    return {
        "seen": seen.to_json(),
        "weighted": [name for name, module in network.model.named_modules() if any(True for _ in module.parameters())],
        "head": network.head,
        "features": _features(network),
        "linear": network.tail is None or network.tail.linear,
        "recipe": recipe,
        "of": whose if recipe else None,
        "layers": layers,
        "block": block,
    }


def _features(network: Network) -> int | None:
    """Return how many numbers the last layer takes."""
    weight = None if network.head is None else network.model.get_submodule(network.head).weight
    return int(weight.shape[1]) if isinstance(weight, torch.Tensor) else None


def _classes(model: nn.Module, inputs: Inputs, asked: Mapping[str, Any]) -> int:
    """Return how many classes a network is opened for where the data set does not tell before a job reads it."""
    if ":" not in asked["architecture"]:
        return int(asked["classes"])
    fill_lazy(model, inputs.example(), 0)
    return classes_of(model, inputs.example()) or int(asked["classes"])


def _check_weights(network: Network, asked: Mapping[str, Any]) -> None:
    if asked["file"] is not None:
        check_weight_file(network.model, asked["file"], network.head, asked["new_head"], asked["part"])
    elif asked["published"] is not None and not asked["new_head"]:
        check_published_classes(network.model, asked["published"], asked["architecture"], asked["classes"])


if __name__ == "__main__":
    json.dump([look(network) for network in json.load(sys.stdin)], sys.stdout)

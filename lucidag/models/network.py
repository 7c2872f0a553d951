"""A network as the configuration describes it: built, with its inputs and its last layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.build import build, fill_lazy
from lucidag.models.inputs import Inputs
from lucidag.models.logits import gives_logarithms, gives_probabilities, with_logits
from lucidag.models.one_logit import CLASSES, with_two_logits
from lucidag.models.outputs import check_outputs
from lucidag.models.several import with_logits_alone
from lucidag.models.tail import Tail, find_last_layer, last_layer


@dataclass(frozen=True)
class Network:
    """A classifier and how to use it.

    Attributes
    ----------
    model
        The network itself.
    inputs
        How images reach it.
    head
        The name of its last layer, whose inputs are the penultimate units: linear, or a 1 x 1 convolution; None where
        it ends in something else.
    notes
        What was done to use it, in sentences.
    tail
        What follows a last layer that is a convolution.
    """

    model: nn.Module
    inputs: Inputs
    head: str | None
    notes: tuple[str, ...] = ()
    tail: Tail | None = None


def open_network(settings: Mapping[str, Any], classes: int, seed: int = 0, needs_head: bool = False) -> Network:
    """Build an untrained network.

    Parameters
    ----------
    settings
        ``architecture``, ``options``, ``input`` and ``head`` (None: found by itself), as in the configuration; where
        its layers are looked into, ``named_grid``, how its tokens lie: see `lucidag.models.describe.describe`; where it
        is run many times, ``engine``: see `lucidag.models.engine`.
    classes, seed
        The number of classes, and the seed of the initial weights.
    needs_head
        Whether the units before the last layer are to be examined.

    Raises
    ------
    InputError
        If the network cannot be built or fed, if it does not give one logit per class (or one for two classes), if
        ``head`` is not the layer that gives its output, or if penultimate units are needed and there are none.
    """
    model = build(settings["architecture"], classes, settings["options"], seed)
    inputs = Inputs(**settings["input"])
    fill_lazy(model, inputs.example(), seed)
    network = ready(model, inputs, classes, needs_head)
    if settings["head"] is not None and settings["head"] != network.head:
        raise InputError(f"head: layer '{settings['head']}' does not give the network's output; '{network.head}' does")
    if settings.get("named_grid") is not None:
        vars(model)["named_grid"] = tuple(settings["named_grid"])
    if "engine" in settings:
        vars(model)["engine"] = settings["engine"]
    return network


def ready(model: nn.Module, inputs: Inputs, classes: int, needs_head: bool = False) -> Network:
    """Make a network give one logit per class, in place, and find its last layer.

    Parameters
    ----------
    model
        A classifier with any weights, in eval mode or not.
    inputs
        How images reach it.
    classes, needs_head
        See `open_network`.

    Raises
    ------
    InputError
        As `open_network`.
    """
    example = inputs.example()
    said = [with_logits_alone(model, example, classes)]
    said.append(with_two_logits(model, example) if classes == CLASSES else None)
    given = check_outputs(model, example, classes)
    plain = not gives_probabilities(given) and not gives_logarithms(given)
    said.append(None if plain else with_logits(model, example))
    head, tail = find_last_layer(model, example) if needs_head else last_layer(model, example)
    return Network(model, inputs, head, tuple(filter(None, said)), tail)


def checkpoint_metadata(settings: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return what a checkpoint says about itself, so that it can be used without its configuration."""
    return {**{key: settings[key] for key in ("architecture", "options", "input")}, "classes": list(classes)}

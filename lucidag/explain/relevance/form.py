"""A network's form by its forward pass: which of its layers hold rules, and which BatchNorms belong to them."""

from dataclasses import dataclass

import torch
from torch import nn
from zennit.types import BatchNorm, Linear

from lucidag.explain.relevance.computes import computes_as_its_class
from lucidag.explain.relevance.held import canonized
from lucidag.explain.relevance.plain_weights import PlainWeights
from lucidag.models.head import evaluating
from lucidag.models.steps import Steps, steps_of


@dataclass(frozen=True)
class Form:
    """What a network is to relevance.

    Attributes
    ----------
    layers
        The linear layers and convolutions that run once in a pass and compute what their class stands for.
    merges
        Of these and of BatchNorms, by name, each layer with the BatchNorm that alone takes its output.
    """

    layers: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]


def form_of(model: nn.Module, example: torch.Tensor) -> Form:
    """Run a network once and look at its form.

    Parameters
    ----------
    model
        A classifier; it is left as it is.
    example
        A batch that it takes.
    """
    with evaluating(model), canonized(model, [PlainWeights()]):
        steps, modules = steps_of(model, example), dict(model.named_modules())
        once = [name for name, places in steps.outputs.items() if len(places) == 1 and places[0] is not None]
        linear = [name for name in once if isinstance(modules[name], Linear)]
        layers = tuple(name for name in linear if computes_as_its_class(modules[name], (Linear,)))
        norms = [name for name in once if isinstance(modules[name], BatchNorm)]
        of = {steps.outputs[name][0]: name for name in layers}
        pairs = [(of.get(_source(steps, norm)), norm) for norm in norms]
        merges = tuple(
            (layer, norm) for layer, norm in pairs if layer is not None and _fit(steps, modules, layer, norm)
        )
    return Form(layers, merges)


def _source(steps: Steps, norm: str) -> int | None:
    """Return the place of the step whose output a BatchNorm takes, if nothing else does.

    What else the module's code does does not matter: timm's has an activation in it.
    """
    places = [place for place, step in enumerate(steps.steps) if (step.module, step.function) == (norm, "batch_norm")]
    if len(places) != 1:
        return None
    source = steps.steps[places[0]].sources[0]
    return source if steps.users[source] == places else None


def _fit(steps: Steps, modules: dict[str, nn.Module], layer: str, norm: str) -> bool:
    """Tell whether a BatchNorm normalises the outputs of a layer, each by numbers of its own."""
    linear, batch_norm = modules[layer], modules[norm]
    parts = (batch_norm.weight, batch_norm.bias, batch_norm.running_mean, batch_norm.running_var)
    if any(part is None for part in parts):
        return False
    if isinstance(linear, nn.Linear):  # BatchNorm takes the second axis, a linear layer the last
        place = steps.outputs[layer][0]
        return linear.out_features == batch_norm.num_features and len(steps.steps[place or 0].shape) == 2
    return bool(linear.out_channels == batch_norm.num_features)

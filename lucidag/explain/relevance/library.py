"""What zennit and zennit-crp give of an image, asked as their users do: with zennit's own canonizers and no others."""

import copy
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from crp.attribution import CondAttribution
from torch import fx, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models.resnet import BasicBlock
from zennit.attribution import Gradient
from zennit.canonizers import MergeBatchNorm
from zennit.composites import EpsilonAlpha2Beta1, EpsilonGammaBox, EpsilonPlusFlat, SpecialFirstLayerMapComposite
from zennit.core import Composite
from zennit.layer import Sum
from zennit.torchvision import ResNetCanonizer
from zennit.types import Activation, AvgPool, BatchNorm, Linear

from lucidag.explain.reference import NoReferenceError
from lucidag.explain.relevance.composites import COMPOSITES, EpsilonSignedGammaBox
from lucidag.ground.errors import first_line
from lucidag.models import small

PLAIN = {
    "epsilon_plus_flat": EpsilonPlusFlat,
    # zennit has it from 0.5 on, which zennit-crp does not take: its rule is this project's, all else zennit's.
    "epsilon_gamma_box": EpsilonSignedGammaBox,
    "epsilon_unsigned_gamma_box": EpsilonGammaBox,
    "epsilon_alpha2_beta1": EpsilonAlpha2Beta1,
}
# What zennit has a rule for or takes the gradient of, and what changes no number in eval mode.
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)
RULED = (Linear, AvgPool, Activation, BatchNorm, Sum, *POOLINGS)
IDENTITIES = (nn.Identity, nn.Flatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
# What moves numbers and changes none, and ReLU, whose gradient is zero only where relevance is.
FUNCTIONS: tuple[Any, ...] = (torch.flatten, torch.reshape, torch.cat, torch.stack, torch.relu, functional.relu)
SHAPES: tuple[Any, ...] = (getattr, operator.getitem)
METHODS = ("flatten", "reshape", "view", "contiguous", "relu", "relu_", "size", "dim")
CHANGED = 1e-3


def plain_composite(name: str, low: torch.Tensor, high: torch.Tensor) -> Composite:
    """Return a composite of zennit with its canonizers for torchvision's networks.

    Parameters
    ----------
    name
        The name of a composite, see `lucidag.explain.relevance.composites`.
    low, high
        The least and greatest values of the network's input, 1 x channels x 1 x 1.

    Raises
    ------
    NoReferenceError
        If zennit has no such composite.
    """
    if name not in PLAIN:
        raise NoReferenceError(f"zennit has no composite '{name}'")
    bounds = (low, high) if COMPOSITES[name].ranged else ()
    return PLAIN[name](*bounds, canonizers=[ResNetCanonizer()])


def without_epsilon(model: nn.Module) -> nn.Module:
    """Put the epsilon of each BatchNorm into its variance: the network computes the same.

    zennit merges a BatchNorm into the layer before it, but leaves it its epsilon: each then divides by sqrt(1 + 1e-5)
    still. In networks of some depth, or where contributions cancel, that is more than rounding.
    """
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.running_var is not None:
            module.running_var += module.eps
            module.eps = 0.0
    return model


def with_torchvisions_blocks(model: nn.Module) -> nn.Module:
    """Make the blocks of `lucidag.models.small` those of torchvision that they are copies of, as zennit knows these."""
    for module in model.modules():
        if type(module) is small.BasicBlock:
            module.__class__ = BasicBlock
    return model


def library_relevance(model: nn.Module, x: torch.Tensor, target: int, composite: Composite) -> torch.Tensor:
    """Compute by zennit the relevance of an image (1 x C x H x W) to a class: H x W, summed over the channels.

    The network is changed as `without_epsilon` and `with_torchvisions_blocks` say.

    Raises
    ------
    NoReferenceError
        If zennit has no rule for a part of the network.
    """
    check_taken(without_epsilon(model), x, composite)
    with_torchvisions_blocks(model)

    def own_logit(logits: torch.Tensor) -> torch.Tensor:
        return functional.one_hot(torch.tensor([target], device=logits.device), logits.shape[1]) * logits

    with Gradient(model=model, composite=composite) as attributor:
        _, found = attributor(x.detach().clone(), own_logit)
    summed: torch.Tensor = found.detach().sum(dim=1)[0]
    return summed


def library_conditional(
    model: nn.Module, x: torch.Tensor, target: int, conditions: Sequence[Mapping[str, Sequence[int]]], rules: Composite
) -> torch.Tensor:
    """Compute by zennit-crp the relevance of an image under conditions.

    Parameters
    ----------
    model
        A network; it is changed as `library_relevance` says, and no gradients of its parameters are taken any more.
    x
        1 x C x H x W.
    target
        The class.
    conditions
        Each the same layers, one or several, to channels; of several the last of the pass first.
    rules
        A composite of zennit.

    Returns
    -------
    A map of each condition, n x H x W. What flows beside a layer with a condition is left out.
    """
    asked = [{**{layer: list(channels) for layer, channels in each.items()}, "y": [target]} for each in conditions]
    attribution = CondAttribution(with_torchvisions_blocks(without_epsilon(model)))
    maps: torch.Tensor = attribution(x.detach().clone().requires_grad_(), asked, rules).heatmap
    return maps


def check_taken(model: nn.Module, x: torch.Tensor, composite: Composite) -> None:
    """Make sure that zennit has a rule for each part of a network: where not, it says nothing and takes the gradient.

    Blocks of `lucidag.models.small` count as those of torchvision, see `with_torchvisions_blocks`.

    Raises
    ------
    NoReferenceError
        If it has none; the sentence names the part.
    """
    copied = with_torchvisions_blocks(copy.deepcopy(model))
    with torch.no_grad():
        plain = copied(x.clone())
        try:
            # A BatchNorm may follow a layer of another size in the order of definition, and then anything is raised.
            applied = [instance for canonizer in composite.canonizers for instance in canonizer.apply(copied)]
        except Exception as error:
            said = f"zennit cannot take this network: its canonizers fail ({first_line(error)})"
            raise NoReferenceError(said) from error
        merged = {id(each.batch_norm) for each in applied if isinstance(each, MergeBatchNorm)}
        apart = float((copied(x.clone()) - plain).abs().max() / plain.abs().max().clamp(min=1e-30))
        fault = f"its canonizers change what the network gives, by {apart:.2g}" if not apart <= CHANGED else None
        fault = fault or _fault(copied, composite, merged)
    if fault is not None:
        raise NoReferenceError(f"zennit cannot take this network: {fault}")


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Sum) or super().is_leaf_module(m, module_qualified_name)


def _fault(model: nn.Module, composite: Composite, merged: set[int]) -> str | None:
    """Say for which part of a network in canonical form zennit has no rule."""
    try:
        # torch.fx runs the network's own code on stand-ins, and that can raise anything.
        graph = _Tracer().trace(model)
    except Exception as error:
        return f"what its code computes between modules cannot be told ({first_line(error)})"
    modules = dict(model.named_modules())
    called = [str(node.target) for node in graph.nodes if node.op == "call_module"]
    for node in graph.nodes:
        if (node.op == "call_function" and node.target not in (*FUNCTIONS, *SHAPES)) or (
            node.op == "call_method" and node.target not in METHODS
        ):
            name = node.target if isinstance(node.target, str) else node.target.__name__
            return f"its code computes '{name}', for which there is no rule"
    for name, times in Counter(called).items():
        module = modules[name]
        what = f"module '{name}' ({type(module).__name__})"
        if not isinstance(module, (*RULED, *IDENTITIES)):
            return f"there is no rule for {what}"
        if isinstance(module, Linear) and (times > 1 or "weight" not in module._parameters):
            return f"the rule of {what} is for a weight of its own and one call"
        if isinstance(module, BatchNorm) and id(module) not in merged:
            return f"{what} does not follow a layer that it could be merged into"
    return _first(composite, modules, called)


def _first(composite: Composite, modules: Mapping[str, nn.Module], called: Sequence[str]) -> str | None:
    """Say if the layer that is called first is not the one that zennit takes for the first, the one defined first."""
    if not isinstance(composite, SpecialFirstLayerMapComposite):
        return None

    def special(name: str) -> bool:
        return any(isinstance(modules[name], kinds) for kinds, _ in composite.first_map)

    defined, first = (next(filter(special, names), None) for names in (modules, called))
    if defined == first:
        return None
    return f"the rule of the first layer goes to '{defined}', which is defined first, and '{first}' is called first"

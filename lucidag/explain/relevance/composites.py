"""Composites of layer-wise relevance propagation by name: which layer of a network gets which rule.

The rules are zennit's own, and share out relevance by contributions, so it is conserved, with exceptions in the rules
themselves. A unit with relevance but without a positive contribution loses it by the z+ rule; by alpha-beta, one
without a negative contribution gives on twice its relevance. Both need few or sparse inputs (a convolution by channel,
a network a few channels wide) and an output that no ReLU follows. zennit 0.4's gamma rule is for outputs above zero
alone: of one below zero, the parts of both signs can cancel in the denominator, and relevance grows without bound.

Found on networks without biases, random weights, 64 x 64 pixels, double precision, as sum of the pixels' relevance over
the logit: ``epsilon_plus_flat`` 1.000 on ResNet-18, ResNet-50, that with attention, 0.998 to 1.000 on EfficientNet-B0
with ReLU; ``epsilon_alpha2_beta1`` 1.000 on the three ResNets (0.96 to 0.99 on ResNet-50 with ImageNet weights), 8 on
EfficientNet-B0; ``epsilon_gamma_box`` 1.000 on all of them; ``epsilon_unsigned_gamma_box`` 0.997 to 1.02 on ResNet-18,
and no conservation on deeper networks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from zennit.canonizers import Canonizer
from zennit.composites import (
    LAYER_MAP_BASE,
    EpsilonAlpha2Beta1,
    EpsilonGammaBox,
    EpsilonPlusFlat,
    LayerMapComposite,
    SpecialFirstLayerMapComposite,
)
from zennit.core import Composite, Hook
from zennit.rules import Epsilon, ZBox
from zennit.types import Convolution

from lucidag.explain.relevance.attention import ATTN_LRP, CP_LRP, VARIANTS
from lucidag.explain.relevance.canonizers import canonizers
from lucidag.explain.relevance.covered import check_covered
from lucidag.explain.relevance.direct import direct
from lucidag.explain.relevance.forward import LinearCall
from lucidag.explain.relevance.functions import Rule
from lucidag.explain.relevance.gamma import SignedGamma
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.models.inputs import Inputs


class EpsilonSignedGammaBox(SpecialFirstLayerMapComposite):
    """`EpsilonGammaBox` of zennit 0.5 and later, whose gamma rule is for both signs."""

    def __init__(self, low: torch.Tensor, high: torch.Tensor, canonizers: list[Canonizer] | None = None) -> None:
        rules = [(Convolution, SignedGamma(0.25)), (nn.Linear, Epsilon())]
        super().__init__([*LAYER_MAP_BASE, *rules], [(Convolution, ZBox(low=low, high=high))], canonizers)


class AttnLrp(LayerMapComposite):
    """The gamma rule for both signs, 0.25 in convolutions and 0.05 in linear layers.

    The values are of those that the authors of AttnLRP try in their example for vision transformers, which says that
    a transformer needs its own.
    """

    def __init__(self) -> None:
        rules = [(Convolution, SignedGamma(0.25)), (nn.Linear, SignedGamma(0.05))]
        super().__init__([*LAYER_MAP_BASE, *rules])


@dataclass(frozen=True)
class Entry:
    """A composite that has a name.

    Attributes
    ----------
    kind
        Its class, which says the rules of linear layers and convolutions.
    attention
        Its way through attention, of `lucidag.explain.relevance.attention.VARIANTS`.
    ranged
        Whether its class is given the least and greatest values of the input.
    """

    kind: type[LayerMapComposite]
    attention: str = CP_LRP
    ranged: bool = False


COMPOSITES: Mapping[str, Entry] = {
    "epsilon_plus_flat": Entry(EpsilonPlusFlat),
    "epsilon_gamma_box": Entry(EpsilonSignedGammaBox, ranged=True),
    "epsilon_unsigned_gamma_box": Entry(EpsilonGammaBox, ranged=True),
    "epsilon_alpha2_beta1": Entry(EpsilonAlpha2Beta1),
    "attn_lrp": Entry(AttnLrp, ATTN_LRP),
}


def input_range(inputs: Inputs, device: str | torch.device = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Return what black and white pixels are after normalising: two tensors 1 x channels x 1 x 1 on a device."""
    black = torch.zeros(1, inputs.channels, 1, 1, dtype=torch.uint8, device=device)
    return inputs.normalise(black), inputs.normalise(black + 255)


def composite_for(
    name: str,
    model: nn.Module,
    example: torch.Tensor,
    low: torch.Tensor | None = None,
    high: torch.Tensor | None = None,
) -> Composite:
    """Return a composite of zennit, with the canonizers that the network needs.

    The network stays as it is; the composite changes it while its context lasts. One composite can be used many
    times.

    Parameters
    ----------
    name
        ``epsilon_plus_flat``: the first linear layer spreads its relevance evenly, other convolutions use the z+ rule,
        linear layers the epsilon rule. ``epsilon_gamma_box``: the z-box rule, then gamma = 0.25 for both signs, then
        epsilon; ``epsilon_unsigned_gamma_box``: the same with the gamma rule for inputs and outputs above zero.
        ``epsilon_alpha2_beta1``: alpha = 2 and beta = 1 in all convolutions, then epsilon. In these a softmax is a
        constant (CP-LRP). ``attn_lrp``: gamma for both signs, 0.25 in convolutions and 0.05 in linear layers, and
        relevance through the softmax (AttnLRP).
    model
        The network.
    example
        A batch that it takes, on its device: its first image is run, to see the network's steps.
    low, high
        The least and greatest values of its input, 1 x channels x 1 x 1 (`input_range`), which the z-box rule
        needs.

    Raises
    ------
    InputError
        For an unknown name, a missing range, or a network with a step that has no rule.
    """
    check_known("composite", name, COMPOSITES)
    entry = COMPOSITES[name]
    rules = VARIANTS[entry.attention]
    covered = check_covered(model, example, rules)
    bounds: tuple[torch.Tensor, ...] = ()
    if entry.ranged:
        if low is None or high is None:
            raise InputError(f"composite '{name}' needs the least and greatest values of the input")
        bounds = _range_at_first(model, covered.linear, rules, example, low, high)
    composite = entry.kind(*bounds)
    first = _first_called(composite, covered.linear)

    def own_rule(module: nn.Module, call: int) -> Hook | None:
        rule: Hook | None = composite.mapping({"first_layer_visited": call not in first}, "", module)
        return rule

    def rule_of(module: nn.Module, call: int) -> Hook | None:
        return direct(own_rule(module, call), module)

    def rule_at(_: dict[str, Any], name: str, module: nn.Module) -> Hook | None:
        if name not in calls:
            return None
        replaced = "forward" in vars(module)  # what it computes then is not for a class to say
        return own_rule(module, calls[name]) if replaced else rule_of(module, calls[name])

    calls = {call.module: place for place, call in enumerate(covered.linear) if call.module is not None}
    composite.module_map = rule_at
    composite.canonizers = canonizers(covered.form, rule_of, rules)
    return composite


def composite_on(name: str, model: nn.Module, inputs: Inputs, device: str | torch.device) -> Composite:
    """Return the composite of this name for a network, which is brought to a device; raises as `composite_for`."""
    return composite_for(name, model.to(device), inputs.example(1).to(device), *input_range(inputs, device))


def name_of(composite: Composite) -> str:
    """Return the name that `composite_for` knows a composite by; of another one that of its class."""
    return next((name for name, entry in COMPOSITES.items() if type(composite) is entry.kind), type(composite).__name__)


def _first_called(composite: Composite, calls: Sequence[LinearCall]) -> frozenset[int]:
    """Give the rule of the first layer to what runs on the image; zennit gives it to the layer defined first.

    Several layers may, of one shape of input.
    """
    if not isinstance(composite, SpecialFirstLayerMapComposite):
        return frozenset()
    special = [kinds for kinds, _ in composite.first_map]
    firsts = {
        place: call.input.shape[1:]
        for place, call in enumerate(calls)
        if call.first and any(issubclass(call.kind, each) for each in special)
    }
    return frozenset(place for place, shape in firsts.items() if shape == next(iter(firsts.values())))


def _range_at_first(
    model: nn.Module,
    calls: Sequence[LinearCall],
    rules: dict[str, Rule],
    example: torch.Tensor,
    low: torch.Tensor,
    high: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the range of what the first convolution gets, where the network normalises its images itself."""
    first = next((place for place, call in enumerate(calls) if issubclass(call.kind, Convolution)), None)
    if first is None or torch.equal(calls[first].input, example[:1]):
        return low, high
    ends = [bound.to(example).expand_as(example[:1]) for bound in (low, high)]
    inputs = [check_covered(model, end, rules).linear[first].input.detach() for end in ends]
    return torch.minimum(*inputs), torch.maximum(*inputs)

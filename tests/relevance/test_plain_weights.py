"""Layers whose weight is computed, and layers that compute something else than their class."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize

from lucidag.explain.relevance.composites import COMPOSITES, composite_for
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.explain.relevance.lrp import lrp
from lucidag.ground.errors import InputError
from lucidag.models.fast import copied


def plain(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    model = nn.Sequential(
        *(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)),
    )
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 12, 12))
    return model.eval()


class Doubled(nn.Module):
    """A parametrisation of one's own."""

    def forward(self, weight):
        return 2 * weight


WRAPS = {
    "weight norm": parametrizations.weight_norm,
    "weight norm of old": nn.utils.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "spectral norm of old": nn.utils.spectral_norm,
    "one's own": lambda layer: parametrize.register_parametrization(layer, "weight", Doubled()),
    "two at once": lambda layer: parametrize.register_parametrization(
        parametrizations.weight_norm(layer), "weight", Doubled()
    ),
}


def wrapped(seed: int, wrap) -> tuple[nn.Sequential, nn.Sequential]:
    """Give a network with computed weights, and one with the same in plain layers."""
    theirs, mine = plain(seed), plain(seed)
    for name in ("0", "4", "8"):
        layer = wrap(theirs[int(name)])
        with torch.no_grad():
            for each in layer.parameters():
                each *= 1.5
    with torch.no_grad():
        theirs.eval()(torch.rand(1, 3, 12, 12))
        for name in ("0", "4", "8"):
            mine[int(name)].weight.copy_(theirs[int(name)].weight)
            mine[int(name)].bias.copy_(theirs[int(name)].bias)
    return theirs, mine


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
@pytest.mark.parametrize("name", WRAPS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_computed_weight_gives_the_maps_of_the_plain_one(name, seed):
    theirs, mine = wrapped(seed, WRAPS[name])
    x = torch.rand(2, 3, 12, 12)
    before, keys = theirs(x), list(theirs.state_dict())
    assert torch.allclose(before, mine(x), atol=1e-6)
    bounds = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    for composite in COMPOSITES:
        found = lrp(theirs, x, [0, 2], composite_for(composite, theirs, *bounds)).maps
        truth = lrp(mine, x, [0, 2], composite_for(composite, mine, *bounds)).maps
        assert np.abs(truth).max() > 0
        assert np.abs(found - truth).max() < 1e-5 * np.abs(truth).max(), composite
    rules = [composite_for("epsilon_plus_flat", model) for model in (theirs, mine)]
    models = zip((theirs, mine), rules, strict=True)
    pair = [layer_relevance(model, rule, x, ["4"], [0, 2]).relevance["4"] for model, rule in models]
    assert torch.allclose(*pair, atol=1e-6)
    # Afterwards the network is as it was.
    assert list(theirs.state_dict()) == keys
    assert torch.equal(theirs(x), before)
    assert torch.allclose(copied(theirs)(x), before)


class Same(nn.Conv2d):
    """A subclass that counts its calls, and computes a convolution."""

    def forward(self, x):
        self.calls = getattr(self, "calls", 0) + 1
        return super().forward(x)


class Standardised(nn.Conv2d):
    """Weight standardisation, as in the ResNets of BiT and in timm."""

    def forward(self, x):
        mean, std = self.weight.mean((1, 2, 3), keepdim=True), self.weight.std((1, 2, 3), keepdim=True)
        return functional.conv2d(x, (self.weight - mean) / std, self.bias)


class Scaled(nn.Linear):
    """A cosine classifier."""

    def forward(self, x):
        return 10 * functional.linear(functional.normalize(x), functional.normalize(self.weight))


class Acting(nn.BatchNorm2d):
    """A BatchNorm with its activation, as timm has it."""

    def forward(self, x):
        return super().forward(x).relu()


class Smooth(nn.ReLU):
    def forward(self, x):
        return functional.silu(x)


class Low(nn.AdaptiveAvgPool2d):
    def forward(self, x):
        return x.amin((2, 3), keepdim=True)


def test_a_subclass_that_computes_what_its_class_does_is_taken():
    model = plain(0)
    other = copy.deepcopy(model)
    other[4] = Same(6, 8, 3)
    other[4].load_state_dict(model[4].state_dict())
    x = torch.rand(2, 3, 12, 12)
    maps = [lrp(each, x, None, composite_for("epsilon_plus_flat", each)).maps for each in (model, other)]
    assert np.array_equal(*maps)


@pytest.mark.parametrize(
    ("place", "layer"),
    [
        *((0, Standardised(3, 6, 3)), (4, Standardised(6, 8, 3)), (8, Scaled(8, 3)), (1, Acting(6)), (2, Smooth())),
        *((5, Smooth()), (6, Low(1))),
    ],
)
def test_a_subclass_that_computes_something_else_is_refused(place, layer):
    model = plain(0)
    model[place] = layer
    with pytest.raises(InputError, match=rf"module '{place}' \({type(layer).__name__}\) has a forward function"):
        composite_for("epsilon_plus_flat", model)


def test_a_hook_that_changes_a_layer_is_noticed():
    model = plain(0)
    handle = model[4].register_forward_hook(lambda _module, _inputs, output: output.abs())
    with pytest.raises(InputError, match=r"module '4' \(Conv2d\) has a forward function or a weight of its own"):
        composite_for("epsilon_plus_flat", model)
    handle.remove()
    composite_for("epsilon_plus_flat", model)

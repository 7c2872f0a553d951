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
        found = lrp(theirs, x, [0, 2], composite_for(composite, theirs, x, *bounds)).maps
        truth = lrp(mine, x, [0, 2], composite_for(composite, mine, x, *bounds)).maps
        assert np.abs(truth).max() > 0
        assert np.abs(found - truth).max() < 1e-5 * np.abs(truth).max(), composite
    rules = [composite_for("epsilon_plus_flat", model, x) for model in (theirs, mine)]
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
    maps = [lrp(each, x, None, composite_for("epsilon_plus_flat", each, x)).maps for each in (model, other)]
    assert np.array_equal(*maps)


def as_modules(layer: nn.Module) -> nn.Module:
    """Write what a layer computes with plain modules."""
    with torch.no_grad():
        if isinstance(layer, Standardised):
            plain_one = nn.Conv2d(layer.in_channels, layer.out_channels, 3, dtype=layer.weight.dtype)
            mean, std = layer.weight.mean((1, 2, 3), keepdim=True), layer.weight.std((1, 2, 3), keepdim=True)
            plain_one.weight.copy_((layer.weight - mean) / std)
            plain_one.bias.copy_(layer.bias)
            return plain_one
        if isinstance(layer, Scaled):
            plain_one = nn.Linear(layer.in_features, layer.out_features, bias=False, dtype=layer.weight.dtype)
            plain_one.weight.copy_(functional.normalize(layer.weight))
            return nn.Sequential(Unit(), plain_one, Tenfold())
        if isinstance(layer, Acting):
            plain_one = nn.BatchNorm2d(layer.num_features)
            plain_one.load_state_dict(layer.state_dict())
            return nn.Sequential(plain_one, nn.ReLU())
    return nn.Sequential(Opposite(), nn.AdaptiveMaxPool2d(1), Opposite()) if isinstance(layer, Low) else nn.SiLU()


class Opposite(nn.Module):
    def forward(self, x):
        return -x


class Tenfold(nn.Module):  # behind the layer as in the code, so that epsilon is as large a part of what it gives
    def forward(self, x):
        return 10 * x


class Unit(nn.Module):
    def forward(self, x):
        return functional.normalize(x)


OTHERS = {
    "standardised first": (0, lambda: Standardised(3, 6, 3)),
    "standardised": (4, lambda: Standardised(6, 8, 3)),
    "scaled": (8, lambda: Scaled(8, 3)),
    "acting": (1, lambda: Acting(6)),
    "smooth": (2, Smooth),
    "smooth again": (5, Smooth),
    "low": (6, lambda: Low(1)),
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("kind", OTHERS)
def test_a_subclass_that_computes_something_else_is_taken_for_what_it_computes(kind, composite, seed):
    torch.manual_seed(seed)
    place, layer = OTHERS[kind][0], OTHERS[kind][1]()
    theirs, mine, x = plain(0), plain(0), torch.rand(2, 3, 12, 12).double()
    if place == 0:  # a BatchNorm behind a function is not merged into it
        theirs[1] = mine[1] = nn.Identity()
    theirs[place], mine[place] = layer, as_modules(layer.double())
    theirs.double().eval()  # whatever is drawn, rounding is then no difference
    mine.double().eval()
    bounds = (torch.zeros(1, 3, 1, 1).double(), torch.ones(1, 3, 1, 1).double())
    maps = [lrp(each, x, [0, 2], composite_for(composite, each, x, *bounds)).maps for each in (theirs, mine)]
    assert abs(maps[1]).max() > 0
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5 * abs(maps[1]).max())


def test_a_hook_that_changes_a_layer_is_seen():
    model, other, x = plain(0), plain(0), torch.rand(2, 3, 12, 12)
    handle = model[4].register_forward_hook(lambda _module, _inputs, output: output.abs())
    other[5] = nn.Sequential(Magnitude(), other[5])
    maps = [lrp(each, x, [0, 2], composite_for("epsilon_plus_flat", each, x)).maps for each in (model, other)]
    np.testing.assert_allclose(*maps, atol=1e-5 * abs(maps[0]).max())
    handle.remove()
    without = lrp(model, x, [0, 2], composite_for("epsilon_plus_flat", model, x)).maps
    assert not np.allclose(without, maps[0], atol=1e-2 * abs(maps[0]).max())


class Magnitude(nn.Module):
    def forward(self, x):
        return x.abs()

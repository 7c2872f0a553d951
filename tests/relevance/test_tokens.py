"""Relevance of units in the last axis, of tokens or maps, is that of the same function with units first."""

import pytest
import torch
from zennit.composites import LayerMapComposite
from zennit.rules import Epsilon
from zennit.types import Linear

from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.conditional import conditional_maps, conditioned_map, unit_maps
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.ground.errors import InputError
from tests.models.token_twins import WIDTH, Merging, picture, twin
from tests.models.vits import vit

LAYERS = ["relu", "out"]
FORMS = ["last", "tokens", "registers", "first"]


def rules():
    """The same rule for convolutions and linear layers."""
    return LayerMapComposite([(Linear, Epsilon(1e-6))])


def both(form, seed):
    """Give each network with what is known of its layers."""
    x, models = picture(seed), (twin("maps", seed), twin(form, seed))
    views = [views_of(model, x, LAYERS) for model in models]
    assert views[0] == {}
    assert list(views[1]) == LAYERS
    return x, list(zip(models, views, strict=True))


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_relevance_and_maps_of_units(form, seed):
    x, networks = both(form, seed)
    found = []
    for model, views in networks:
        behind = layer_relevance(model, rules(), x, LAYERS, [1], views)
        found.append([behind, *(conditional_maps(model, rules(), x, layer, behind, batch_size=3) for layer in LAYERS)])
    (expected, *theirs), (own, *ours) = found
    for layer in LAYERS:
        assert own.activations[layer].shape == (1, WIDTH, 3, 3)
        close(own.activations[layer], expected.activations[layer])
        close(own.relevance[layer], expected.relevance[layer])
        assert expected.relevance[layer].any()
    for one, other in zip(ours, theirs, strict=True):
        assert other.any()
        close(one, other)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("places", [None, [4, 0]])
def test_what_a_unit_responds_to(form, places):
    x, networks = both(form, 2)
    batch = torch.cat([x, picture(3)])
    expected, found = (
        unit_maps(model, rules(), batch, "out", [1, 5], places, views.get("out")) for model, views in networks
    )
    close(found, expected)


@pytest.mark.parametrize("form", FORMS)
def test_conditions_on_two_layers(form):
    x, networks = both(form, 4)
    expected, found = (
        conditioned_map(model, rules(), x, 1, {"out": [0, 3, 4, 6], "relu": [0, 1, 2, 5]}, views)
        for model, views in networks
    )
    close(found, expected)


def test_a_layer_of_tokens_without_places_is_refused():
    with pytest.raises(InputError, match="token_grid"):
        views_of(twin("columns"), picture(), ["out"])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("network", ["first", "multihead", "heads first", "fused", "windows"])
def test_maps_of_units_are_those_without_a_shared_pass(network, seed):
    torch.manual_seed(seed)
    own = {"first": lambda: twin("first", seed), "windows": lambda: Merging().eval()}
    model = own.get(network, lambda: vit(network, seed))()
    layer, x = {"first": "out", "windows": "merge"}.get(network, "blocks.0"), picture(seed)
    composite, views = composite_for("epsilon_plus_flat", model, x), views_of(model, x, [layer])
    behind = layer_relevance(model, composite, x, [layer], [1], views)
    found = conditional_maps(model, composite, x, layer, behind, [[0], [3], [5]], batch_size=3)
    for unit, own in zip([0, 3, 5], found, strict=True):
        expected = conditioned_map(model, composite, x, 1, {layer: [unit]}, views)
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-5 * float(found.abs().max()))
    assert found.any()

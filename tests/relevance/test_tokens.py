"""Relevance of units in the last axis, of tokens or maps, is that of the same function with units first."""

import numpy as np
import pytest
import torch
from torchvision.models import VisionTransformer
from zennit.composites import LayerMapComposite
from zennit.rules import Epsilon
from zennit.types import Linear

from lucidag.data.images import Images
from lucidag.explain.relevance.atlas import explain_decision
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.conditional import conditional_maps, conditioned_map, unit_maps
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.explain.relevance.references import find_references
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.models.token_twins import WIDTH, Merging, random_image, twin
from tests.models.vits import vit
from tests.units.probe_sets import noise

LAYERS = ["relu", "out"]
FORMS = ["last", "tokens", "registers", "first"]


def rules():
    """The same rule for convolutions and linear layers."""
    return LayerMapComposite([(Linear, Epsilon(1e-6))])


def both(form, seed):
    """Give each network with what is known of its layers."""
    x, models = random_image(seed), (twin("maps", seed), twin(form, seed))
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
    batch = torch.cat([x, random_image(3)])
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
        views_of(twin("columns"), random_image(), ["out"])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("network", ["first", "multihead", "heads first", "fused", "windows"])
@pytest.mark.parametrize("rules", ["epsilon_plus_flat", "attn_lrp"])
def test_maps_of_units_are_those_without_a_shared_pass(rules, network, seed):
    torch.manual_seed(seed)
    own = {"first": lambda: twin("first", seed), "windows": lambda: Merging().eval()}
    model = own.get(network, lambda: vit(network, seed))()
    layer, x = {"first": "out", "windows": "merge"}.get(network, "blocks.0"), random_image(seed)
    composite, views = composite_for(rules, model, x), views_of(model, x, [layer])
    behind = layer_relevance(model, composite, x, [layer], [1], views)
    found = conditional_maps(model, composite, x, layer, behind, [[0], [3], [5]], batch_size=3)
    for unit, own in zip([0, 3, 5], found, strict=True):
        expected = conditioned_map(model, composite, x, 1, {layer: [unit]}, views)
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-5 * float(found.abs().max()))
    assert found.any()


@pytest.mark.parametrize("form", FORMS)
def test_the_concept_atlas_is_that_of_maps(tmp_path, form):
    manifest, rows = noise(tmp_path / "data", 6, labels=False), np.arange(6)
    inputs, found = Inputs(12, 3, "stretch", (0.4,), (0.3,)), []
    for each in ("maps", form):
        network, how = Network(twin(each, 1), inputs, "fc"), {"targets": "predicted", "top": 3, "batch_size": 4}
        known = find_references(network, rules(), manifest, rows, ["out"], **how, threads=1)
        frame = inputs.prepare(Images(manifest).read(0))
        asked = Subject("p0", "", 1, frame, None)
        found.append(explain_decision(network, rules(), asked, "out", known, manifest, rows, units=3, examples=2))
    expected, own = found
    assert [unit.unit for unit in own.units] == [unit.unit for unit in expected.units]
    for one, other in zip(own.units, expected.units, strict=True):
        assert one.share == pytest.approx(other.share, rel=1e-3)
        assert other.map.any()
        assert one.map == pytest.approx(other.map, abs=1e-4 * float(np.abs(other.map).max()))
        for kind, shown in other.references.items():
            for ours, theirs in zip(one.references[kind], shown, strict=True):
                assert ours.image == theirs.image
                assert ours.map == pytest.approx(theirs.map, abs=1e-3 * float(np.abs(theirs.map).max()) + 1e-9)


def test_what_torchs_attention_gives_has_relevance_and_maps():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VisionTransformer(12, 4, 2, 2, 16, 32, num_classes=3).eval()
        torch.nn.init.normal_(model.heads.head.weight)
    block, x, found = "encoder.layers.encoder_layer_0", random_image(), []
    for layer in (f"{block}.self_attention", f"{block}.dropout"):  # which gives the same
        composite, views = composite_for("epsilon_plus_flat", model, x), views_of(model, x, [layer])
        behind = layer_relevance(model, composite, x, [layer], [1], views)
        found.append((behind.relevance[layer], conditional_maps(model, composite, x, layer, behind, [[0, 1], [5]])))
    assert found[0][0].shape == (1, 16, 3, 3)
    for one, other in zip(*found, strict=True):
        assert other.any()
        close(one / other.abs().max(), other / other.abs().max())

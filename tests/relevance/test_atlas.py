"""The units of a decision: the ones with the most relevance, with the maps and references of their own."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.data.images import Images
from lucidag.explain.relevance import atlas
from lucidag.explain.relevance.atlas import explain_decision
from lucidag.explain.relevance.conditional import unit_maps
from lucidag.explain.relevance.lrp import lrp
from lucidag.explain.relevance.references import find_references
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.relevance import residual
from tests.units.probe_sets import noise

INPUTS = Inputs(32, 3, "stretch", (0.4,), (0.3,))
LAYER, ROWS = "layer3.0.conv2", np.arange(2, 9)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    manifest = noise(tmp_path_factory.mktemp("probe"), 9, size=32, labels=False)
    network = Network(residual.network("small_resnet", 5).float(), INPUTS, "fc")
    rules, how = residual.composite(network.model), {"targets": "predicted", "top": 4, "batch_size": 16}
    references = find_references(network, rules, manifest, ROWS, [LAYER], **how)
    return network, residual.composite(network.model), manifest, references


def subject(image, frame, target=None):
    return Subject(image, "", target, frame, None)


def frame_of(manifest, row):
    return INPUTS.prepare(Images(manifest).read(row))


def test_the_units_with_the_most_relevance_come_first(given):
    network, rules, manifest, references = given
    frame = frame_of(manifest, 0)
    found = explain_decision(
        network, rules, subject("p0", frame), LAYER, references, manifest, ROWS, classes="abcd", units=5, examples=3
    )
    x = INPUTS.normalise(frame[None])
    logits = network.model(x)[0]
    assert found.record["target"] == int(logits.argmax())
    assert found.record["target_name"] == "abcd"[int(logits.argmax())]
    assert found.record["logit"] == pytest.approx(float(logits.max()), rel=1e-3)
    assert found.record["probability"] == pytest.approx(float(logits.softmax(0).max()), rel=1e-3)
    every = residual.conditional(network.model, rules, x, LAYER)
    by_unit = every.relevance.sum((1, 2))
    order = by_unit.argsort(descending=True)[:5]
    assert [unit.unit for unit in found.units] == order.tolist()
    shares = (by_unit / by_unit.abs().sum())[order]
    assert [unit.share for unit in found.units] == pytest.approx(shares.tolist(), rel=1e-3)
    for unit in found.units:
        scale = float(every.maps[unit.unit].abs().max())
        assert np.allclose(unit.map, every.maps[unit.unit], rtol=0, atol=3e-4 * scale)


def test_references_are_those_that_were_found(given):
    network, rules, manifest, references = given
    found = explain_decision(
        network, rules, subject("p1", frame_of(manifest, 1), 3), LAYER, references, manifest, ROWS, units=2
    )
    assert found.record["target"] == 3
    assert found.record["target_name"] == "3"
    for unit in found.units:
        for kind, shown in unit.references.items():
            best = references.layers[LAYER][kind]
            assert [each.value for each in shown] == best.values[unit.unit].tolist()
            for number, place, each in zip(best.rows[unit.unit], best.places[unit.unit], shown, strict=True):
                row = int(ROWS[number])
                assert each.image == manifest.table["image"][row]
                frame = frame_of(manifest, row)
                assert np.array_equal(each.frame, frame)
                (own,) = unit_maps(
                    network.model, rules, INPUTS.normalise(frame[None]), LAYER, [unit.unit], [int(place)]
                )
                assert np.allclose(each.map, own, rtol=0, atol=3e-4 * float(own.abs().max().clamp(min=1e-9)))


def test_units_without_relevance_are_no_part_of_a_decision(given):
    network, rules, manifest, references = given
    model = copy.deepcopy(network.model)
    nn.init.zeros_(model.layer3[0].conv2.weight[5:])
    bias = model.layer3[0].bn2
    for value in (bias.bias, bias.running_mean):
        nn.init.zeros_(value[5:])
    frame = frame_of(manifest, 0)
    asked = (rules, subject("p0", frame), LAYER, references, manifest, ROWS)
    found = explain_decision(Network(model, INPUTS, "fc"), *asked, units=8, examples=1)
    assert {unit.unit for unit in found.units} <= set(range(5))
    assert all(unit.share for unit in found.units)
    nn.init.zeros_(model.fc.weight)
    assert explain_decision(Network(model, INPUTS, "fc"), *asked, units=8, examples=1).units == ()


def test_relevance_that_explodes_is_named_and_not_shown(given, monkeypatch):
    network, _, manifest, references = given
    monkeypatch.setattr(atlas, "lrp", lambda *asked: lrp(*asked, limit=0.0))
    rules = residual.composite(network.model, "epsilon_gamma_box")
    frame = frame_of(manifest, 0)
    with pytest.raises(InputError, match=r"'epsilon_gamma_box': the relevance of 'p0' explodes .*'epsilon_plus_flat'"):
        explain_decision(network, rules, subject("p0", frame), LAYER, references, manifest, ROWS, units=1, examples=1)


def test_references_of_other_images_are_refused(given):
    network, rules, manifest, references = given
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    with pytest.raises(InputError, match="chosen from 7 other images than the 6"):
        explain_decision(network, rules, subject("p", frame), LAYER, references, manifest, ROWS[1:])
    with pytest.raises(InputError, match="layer of the reference images 'layer3' does not exist"):
        explain_decision(network, rules, subject("p", frame), "layer3", references, manifest, ROWS)

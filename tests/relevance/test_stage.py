"""The maps of a job's images, and what is recorded of each."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain import stage
from lucidag.explain.methods import lrp as method
from lucidag.explain.methods.attention import attention_maps
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.lrp import Relevance, lrp
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.relevance.bare import with_biases

INPUTS, RULES = Inputs(32, 3, "stretch", (0.4,), (0.3,)), ("epsilon_plus_flat", "epsilon_gamma_box")
FAMILY = {"methods": list(RULES), "options": {}}
LOW, HIGH = torch.full((1, 3, 1, 1), -0.4 / 0.3), torch.full((1, 3, 1, 1), 0.6 / 0.3)


def subjects():
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (2, 3, 32, 32), generator=generator, dtype=torch.uint8)
    mask = np.eye(32, dtype=bool)
    return [Subject("one", "b", None, frames[0], None), Subject("two", "c", 3, frames[1], mask)]


@pytest.mark.parametrize("name", ["small_resnet", "attention_small_resnet"])
def test_each_image_has_the_maps_of_its_class_and_what_was_decided(name):
    model = with_biases(name, 2).float()
    network = Network(model, INPUTS, "fc")
    found = stage.explain_subjects(network, subjects(), "abcd", FAMILY, "cpu", threads=1)
    assert [each.image for each in found] == ["one", "two"]
    for subject, each in zip(subjects(), found, strict=True):
        x = INPUTS.normalise(subject.frame[None])
        logits = model(x)[0].detach()
        target = int(logits.argmax()) if subject.target is None else subject.target
        assert (each.record["label"], each.record["target"]) == (subject.label, target)
        assert each.record["target_name"] == "abcd"[target]
        assert each.record["predicted"] == int(logits.argmax())
        assert each.record["logit"] == pytest.approx(float(logits[target]), rel=1e-4)
        assert each.record["probability"] == pytest.approx(float(logits.softmax(0)[target]), rel=1e-4)
        for rule in RULES:
            alone = lrp(model, x, [target], composite_for(rule, model, x, LOW, HIGH))
            np.testing.assert_allclose(each.maps[rule], alone.maps[0], atol=1e-4 * abs(alone.maps).max())
            assert each.record["relevance"][rule] == pytest.approx(alone.maps.sum(dtype=float), rel=1e-3)
            assert each.record["growth"][rule] == pytest.approx(alone.growth[0], rel=1e-3)
        assert list(each.maps) == list(RULES)
        assert {about.kind for about in each.about.values()} == {"signed"}
        assert np.array_equal(each.frame, subject.frame)
        assert np.array_equal(each.mask, subject.mask)
        json.dumps(each.record, allow_nan=False)


@pytest.mark.parametrize("name", ["small_resnet", "attention_small_resnet"])
def test_attention_is_shown_where_a_network_has_it(name):
    model = with_biases(name, 2).float()
    family = {"methods": ["attention"], "options": {}}
    for subject, each in zip(
        subjects(),
        stage.explain_subjects(Network(model, INPUTS, "fc"), subjects(), "abcd", family, "cpu", threads=1),
        strict=True,
    ):
        wanted = attention_maps(model, INPUTS.normalise(subject.frame[None]))[0][0] if "attention" in name else None
        assert list(each.maps) == ([] if wanted is None else ["attention"])
        assert wanted is None or np.allclose(each.maps["attention"], wanted, atol=1e-5)
        assert each.record["target"] == each.record["predicted"] or subject.target is not None


def test_what_explodes_is_recorded(monkeypatch):
    def exploding(model, images, targets, rules, ending):
        grown = np.nan if "Gamma" in type(rules).__name__ else 0.5
        one = np.array([grown])
        return Relevance(np.zeros((1, 32, 32), np.float32), one, np.ones(1, np.float32), one, np.isnan(one))

    monkeypatch.setattr(method, "lrp", exploding)
    network = Network(with_biases("small_cnn", 0).float(), INPUTS, "fc")
    record = stage.explain_subjects(network, subjects()[:1], "abcd", FAMILY, "cpu", threads=1)[0].record
    assert record["exploded"] == ["epsilon_gamma_box"]
    for key in ("relevance", "growth"):
        assert record[key] == {"epsilon_plus_flat": 0.5, "epsilon_gamma_box": None}


def test_a_network_without_rules_is_named_before_any_image_is_explained():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LogSigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    with pytest.raises(InputError, match=r"^explain\.methods: network 'Sequential': module '1' \(LogSigmoid\)"):
        stage.explain_subjects(Network(model, INPUTS, "4"), [], "abcd", FAMILY, "cpu")

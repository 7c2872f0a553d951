"""The `units` section: layers for all models or by model, and the one line that a mistake gives."""

from typing import Any

import pytest
import yaml

from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.ground.errors import InputError

WORDS = """
datasets:
  drawn: {source: scenes, number: 40}
models:
  one: {dataset: drawn, architecture: resnet18, train: {}}
  two: {dataset: drawn, architecture: resnet18, train: {}, seeds: [0, 1]}
"""


def planned(**units: Any) -> Plan:
    return Plan(load_config(yaml.safe_load(WORDS) | {"units": units}, "c.yaml"))


@pytest.mark.parametrize(
    ("units", "inner"),
    [
        ({}, {}),
        ({"layers": ["layer3"]}, {"one": ["layer3"], "two-s0": ["layer3"], "two-s1": ["layer3"]}),
        ({"layers": ["layer3"], "models": ["one"]}, {"one": ["layer3"]}),
        ({"layers": {"two": ["layer2", "fc"], "two-s1": ["fc"]}}, {"two-s0": ["layer2", "fc"], "two-s1": ["fc"]}),
        ({"layers": {"one": []}}, {}),
    ],
)
def test_layers_are_of_all_models_or_by_model(units: dict[str, Any], inner: dict[str, list[str]]) -> None:
    assert planned(**units).inner == inner


@pytest.mark.parametrize(
    ("units", "parts"),
    [
        ({"layers": {"on": ["fc"]}}, ["units.layers: ", "'on'", "did you mean 'one'?"]),
        ({"layers": {"two": ["fc"]}, "models": ["one"]}, ["units.layers: ", "'two'", "there are: one"]),
        ({"layers": {"one": ["fc", "fc"]}}, ["units.layers.one: 'fc' is listed twice"]),
        ({"layers": ["fc", "fc"]}, ["units.layers: 'fc' is listed twice"]),
        ({"images": 3}, ["units.images: found 3"]),
    ],
)
def test_a_mistake_gives_one_line_with_its_key(units: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        planned(**units)
    sentence = str(caught.value).splitlines()[0]
    assert sentence.startswith("c.yaml: ")
    for part in parts:
        assert part in sentence


def test_what_is_inside_depends_on_images_and_what_is_exact_does_not() -> None:
    plan = planned(layers=["layer3"], images=50)
    inner = job_settings(plan, "unit_effects_inner", {"model": "one", "layer": "layer3"})
    assert inner["images"] == 50
    assert {"architecture", "input", "batch_size", "resamples"} <= set(inner)
    assert "images" not in job_settings(plan, "unit_effects", {"model": "one"})
    assert "layers" not in inner

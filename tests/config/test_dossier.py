"""Which layers get a dossier, what it is made of, and why what is not there is not."""

from typing import Any

import pytest
import yaml

from lucidag.config.dossier import absent, dossier_inputs
from lucidag.config.jobs import job_settings
from lucidag.config.layers import faults_of_units, penultimate_name
from lucidag.config.load import load_config
from lucidag.config.plan import Plan

WORDS = """
results: r
datasets:
  drawn: {source: scenes, number: 40}
models:
  one: {dataset: drawn, architecture: resnet18, train: {}}
  two: {dataset: drawn, architecture: resnet18, train: {}}
units: {models: [one]}
"""
DISSECT = {"clip_dissect": None, "models": ["one"], "layers": {"one": ["layer3", "layer4"]}}


def planned(**sections: Any) -> Plan:
    config = load_config(yaml.safe_load(WORDS) | sections, "c.yaml")
    models = {name: model.with_penultimate("layer4") for name, model in config.models.items()}
    return Plan(config.model_copy(update={"models": models}))


def test_every_layer_that_is_looked_at_has_a_dossier_and_so_have_the_last_units() -> None:
    assert planned().dossiers == {"one": ["layer4"]}
    plan = planned(dissect=DISSECT, units={"models": ["one"], "layers": ["layer2", "layer3"]})
    assert plan.dossiers == {"one": ["layer3", "layer4", "layer2"]}
    assert planned(units=None).dossiers == {}


def test_what_there_is_is_joined() -> None:
    explain = {"models": ["one"], "images": {"drawn": ["scene-00001"]}, "methods": ["gradcam"]}
    plan = planned(
        dissect=DISSECT,
        units={"models": ["one"], "layers": ["layer3"]},
        rof={"models": ["one"]},
        explain=explain,
        relevance={"models": ["one"], "atlas": {"layers": {"one": "layer4"}}},
    )
    layer3, layer4 = (dossier_inputs(plan, "one", layer) for layer in ("layer3", "layer4"))
    dissected = {"labels", "measures", "statistics", "activations"}
    assert set(layer3) == {*dissected, "inner"}
    assert set(layer4) == {"dataset", *dissected, "effects", "features", "roles", "ranking", "references"}
    assert layer3["inner"] == "r/units/one/inner/layer3.csv"
    assert layer3["labels"] == "r/dissect/one/layer3.csv"
    assert absent(plan, "one", "layer4") == {
        "labels by clip_dissect": "`dissect.clip_dissect` is null",
        "what top images have in common": "no CLIP labels units",
        "effects, set to the mean": "the layer is not named in `units.layers`",
    }
    assert absent(plan, "one", "layer3") == {
        "labels by clip_dissect": "`dissect.clip_dissect` is null",
        "what top images have in common": "no CLIP labels units",
        "roles, ranks": "retrieval of function is about the units of 'layer4'",
        "relevance": "relevance is that of the units of 'layer4': name the layer in `relevance.atlas.layers`",
    }
    asked = job_settings(plan, "unit_dossier", {"model": "one", "layer": "layer3"})
    assert set(asked) == {"absent", "confidence", "seed", "role_metric"}


def test_features_are_held_against_activations_of_the_same_images_alone() -> None:
    """Two data sets that are drawn call their images alike, and show others."""
    datasets = {name: {"source": "scenes", "number": 40, "seed": seed} for seed, name in enumerate(("drawn", "other"))}
    models = {name: yaml.safe_load(WORDS)["models"]["one"] | {"dataset": name} for name in datasets}
    planned_for = [
        planned(
            datasets=datasets,
            models={"one": models["drawn"], "two": models["other"]},
            dissect={**DISSECT, "probe": probe},
        )
        for probe in datasets
    ]
    inputs = [dossier_inputs(plan, "one", "layer4") for plan in planned_for]
    assert ["features" in each for each in inputs] == [True, False]


def test_what_is_not_there_is_told_with_what_to_name() -> None:
    assert absent(planned(), "one", "layer4") == {
        "labels": "there is no `dissect` section",
        "effects, set to the mean": "the layer is not named in `units.layers`",
        "roles, ranks": "there is no `rof` section",
        "relevance": "there is no `relevance` section",
    }
    plan = planned(dissect=DISSECT | {"models": ["two"], "layers": {}}, rof={"models": ["two"]})
    found = absent(plan, "one", "layer4")
    assert found["labels"] == "the model is not named in `dissect.models`"
    assert found["roles, ranks"] == "the model is not named in `rof.models`"
    plan = planned(dissect=DISSECT, units={"models": ["one"], "layers": ["layer2"]})
    assert absent(plan, "one", "layer2")["labels"] == "the layer is not named in `dissect.layers.one`"
    assert absent(plan, "one", "layer3")["effects"].endswith("exact ones are those of 'layer4'")


def step(name: str, place: int, function: str, shape: list[int], sources: list[int]) -> dict[str, Any]:
    known = {"name": name, "step": name, "place": place, "function": function, "sources": sources, "shape": shape}
    return known | {"axis": 1, "trunk": True, "leads": True, "grid": None, "read": True, "cut": False}


LOOKED = {
    "seen": {
        "network": "Net",
        "steps": [
            step("layer3", 0, "relu", [1, 8, 4, 4], [-1]),
            step("layer4", 1, "relu", [1, 8, 4, 4], [0]),
            step("avgpool", 2, "adaptive_avg_pool2d", [1, 8, 1, 1], [1]),
            step("flatten", 3, "flatten", [1, 8], [2]),
            step("fc", 4, "linear", [1, 3], [3]),
        ],
        "modules": {"layer3": [0], "layer4": [1], "block": [1], "avgpool": [2], "fc": [4]},
        "fault": None,
    },
    "head": "fc",
}


@pytest.mark.parametrize(
    ("layers", "name"), [(["layer3"], "layer4"), (["layer3", "block"], "block"), (["avgpool", "layer4"], "avgpool")]
)
def test_the_units_in_front_of_the_last_layer_are_those_of_a_layer_that_is_named(layers: list[str], name: str) -> None:
    plan = planned(dissect=DISSECT | {"layers": {"one": layers}})
    assert penultimate_name(plan, "one", LOOKED) == name
    assert penultimate_name(plan, "one", LOOKED | {"head": None}) is None


def test_a_layer_called_as_a_table_is_refused() -> None:
    plan = planned(dissect=DISSECT | {"layers": {"one": ["sets"]}})
    looked = {**LOOKED, "seen": {**LOOKED["seen"], "modules": {"sets": [1], "fc": [4]}}}
    (line,) = faults_of_units(plan, "one", looked)
    assert line.startswith("units: model 'one' has a layer called 'sets'")

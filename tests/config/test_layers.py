"""The layers of networks of which a configuration names none: what becomes of them, and of networks without any."""

from typing import Any

import pytest
import yaml

from lucidag.config.faults import Faults
from lucidag.config.images import write_out_images
from lucidag.config.jobs import job_settings
from lucidag.config.layers import with_layers
from lucidag.config.load import load_config
from lucidag.config.plan import Plan

WORDS = """
datasets:
  drawn: {source: scenes, number: 40}
models:
  one: {dataset: drawn, architecture: vgg11, train: {}}
  two: {dataset: drawn, architecture: resnet18, train: {}, seeds: [0, 1]}
explain: {images: {drawn: [scene-00001]}}
relevance: {models: [one, two]}
dissect: {clip_dissect: null}
"""
RESNET = {"layers": ["layer2", "layer3", "layer4", "fc"], "block": "layer4"}
LOOKED = {
    "one": {"layers": ["features.14", "features.19", "classifier.6"], "block": "features.19"},
    "two-s0": RESNET,
    "two-s1": RESNET,
}


def filled(looked: dict[str, Any] | None = None, **changes: Any) -> tuple[Plan, list[str]]:
    words = yaml.safe_load(WORDS)
    for key, value in changes.items():
        words[key] = words[key] | value
    plan, faults = Plan(write_out_images(load_config(words, "c.yaml"), "c.yaml")), Faults()
    sections = with_layers(plan, LOOKED if looked is None else looked, "c.yaml", faults)
    return Plan(plan.config.model_copy(update=sections)), faults.lines


def test_each_network_has_its_own_layers() -> None:
    plan, faults = filled()
    assert faults == []
    assert plan.layers == {name: found["layers"] for name, found in LOOKED.items()}
    assert {name: plan.atlas_layer(name) for name in plan.atlas} == {name: LOOKED[name]["block"] for name in LOOKED}
    for name, found in LOOKED.items():
        assert job_settings(plan, "dissect_passes", {"model": name})["layers"] == found["layers"]
        assert job_settings(plan, "relevance_references", {"model": name})["layer"] == found["block"]


def test_layers_that_are_named_stay() -> None:
    dissect = {"layers": {"two-s0": ["layer1"]}}
    atlas = {"atlas": {"layers": {"one": "features.4"}}}
    plan, faults = filled(dissect=dissect, relevance=atlas)
    assert faults == []
    assert plan.layers == {"one": LOOKED["one"]["layers"], "two-s0": ["layer1"], "two-s1": RESNET["layers"]}
    assert [plan.atlas_layer(name) for name in plan.atlas] == ["features.4", "layer4", "layer4"]


def test_models_that_are_not_examined_need_none() -> None:
    bare = {"layers": [], "block": None}
    plan, faults = filled({**LOOKED, "one": bare}, dissect={"models": ["two"]}, relevance={"models": ["two"]})
    assert faults == []
    assert "one" not in plan.layers
    _, faults = filled({**LOOKED, "one": bare}, dissect={"models": ["two"]}, relevance={"atlas": None})
    assert faults == []


@pytest.mark.parametrize(
    ("found", "faults"),
    [
        ({"layers": [], "block": None}, ["dissect.layers.one: no layer", "relevance.atlas.layers.one: no layer"]),
        ({"layers": ["fc"], "block": None}, ["relevance.atlas.layers.one: no layer with maps"]),
    ],
)
def test_a_network_without_layers_is_told_where_to_name_them(found: dict[str, Any], faults: list[str]) -> None:
    _, lines = filled({**LOOKED, "one": found})
    assert len(lines) == len(faults)
    for line, words in zip(lines, faults, strict=True):
        assert line.startswith(f"c.yaml: {words}")


def test_the_sheet_shows_units_of_dissected_layers() -> None:
    sheet = {"sheet": {"units": {"layer5": [0], "features.19": [1]}}}
    _, faults = filled(dissect=sheet)
    assert len(faults) == 1
    for part in ("c.yaml: dissect.sheet.units", "'layer5'", "did you mean 'layer4'?"):
        assert part in faults[0]
    # Where a network cannot be used, which is told elsewhere, its layers are not known.
    assert filled({"one": LOOKED["one"]}, dissect=sheet)[1] == []

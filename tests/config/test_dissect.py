"""The `dissect` and `clips` sections: what they look up, and the one line that a mistake gives."""

from pathlib import Path
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
  digits: {source: digits}
models:
  one: {dataset: drawn, architecture: resnet18, train: {}}
  two: {dataset: drawn, architecture: resnet18, train: {}, seeds: [0, 1]}
  grey: {dataset: digits, architecture: resnet18, train: {}}
rof:
  models: [one, grey]
clips:
  small: {train: {dataset: drawn}}
dissect:
  probe: drawn
  clip_dissect: {concepts: annotations}
"""


def checked(**dissect: Any):
    words = yaml.safe_load(WORDS)
    for name in ("clips", "rof"):
        if name in dissect:
            words[name] = dissect.pop(name)
    words["dissect"].update(dissect)
    return load_config(words, "c.yaml")


def fault(**dissect: Any) -> str:
    with pytest.raises(InputError) as caught:
        checked(**dissect)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_defaults_are_looked_up() -> None:
    config = checked()
    assert Plan(config).layers["two-s1"] == []  # till the network is looked at: see test_layers.py
    assert {Plan(config).probe(name) for name in ("one", "grey")} == {"drawn"}
    assert Plan(config).clip == "small"
    assert Plan(config).concept_files == []
    assert Plan(config).pairs == {}


def test_names_lead_to_layers_pairs_and_files(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("cup\nspoon\n")
    config = checked(
        models=["one", "two"],
        layers={"two-s0": ["layer1"]},
        compare=[["one", "two-s1"]],
        clip_dissect={"concepts": str(file)},
    )
    assert Plan(config).layers.get("two-s0", []) == ["layer1"]
    assert Plan(config).layers.get("grey", []) == []
    assert Plan(config).pairs == {"one-vs-two-s1": ("one", "two-s1")}
    assert Plan(config).concept_files == [str(file)]
    file.write_text("cup\n\nspoon\n")
    sentence = fault(clip_dissect={"concepts": str(file)})
    assert f"dissect.clip_dissect.concepts {file}, line 2: is blank" in sentence
    file.write_text("cup\nCup\n")
    assert "line 2: 'Cup' is listed in line 1 already" in fault(clip_dissect={"concepts": str(file)})
    assert "dissect.clip_dissect.concepts gone.txt: cannot be read" in fault(clip_dissect={"concepts": "gone.txt"})


@pytest.mark.parametrize("netdissect", [None, {}])
def test_labels_are_called_after_what_tells_what_images_show(netdissect: dict[str, Any] | None) -> None:
    others = [] if netdissect is None else ["netdissect"]
    assert Plan(checked(netdissect=netdissect)).concept_methods == ["clip-dissect", *others]
    by_maps = checked(netdissect=netdissect, clips={}, clip_dissect={"evidence": "annotations"})
    assert Plan(by_maps).concept_methods == ["annotations", *others]
    assert "dataset" in Plan(by_maps).label_inputs("one")
    assert Plan(checked(clips={}, clip_dissect=None)).concept_methods == ["netdissect"]


def test_training_images_are_left_out_where_annotations_of_a_models_own_data_set_label_its_units() -> None:
    by_maps = {"clips": {}, "clip_dissect": {"evidence": "annotations"}, "models": ["one", "grey"]}
    plan = Plan(checked(**by_maps))
    every = ["train", "val", "test"]
    assert (plan.probe_splits("one"), plan.probe_splits("grey")) == (None, every)
    for stage in ("dissect_passes", "dissect_labels", "dissect_units"):
        assert job_settings(plan, stage, {"model": "one", "layer": "fc"})["splits"] is None
        assert job_settings(plan, stage, {"model": "grey", "layer": "fc"})["splits"] == every
    assert Plan(checked(**by_maps, splits=["train"])).probe_splits("one") == ["train"]
    assert plan.joined == ["one"]
    # A CLIP has not learnt from them, nor do pixels come from the class.
    for others in ({}, {"clips": {}, "clip_dissect": None}):
        assert Plan(checked(**others)).probe_splits("one") == every
    wildcards = {"clip": "small", "dataset": "drawn"}
    assert job_settings(Plan(checked()), "clip_embed", wildcards)["splits"] == every
    assert job_settings(Plan(checked(splits=["val"])), "clip_embed", wildcards)["splits"] == ["val"]


def test_roles_are_joined_where_the_images_are_those_of_the_model() -> None:
    assert Plan(checked()).joined == ["one"]
    assert Plan(checked(models=["two"])).joined == []
    # The penultimate layer is found by what it gives for test images.
    assert Plan(checked(splits=["train", "val"])).joined == []


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"models": ["on"]}, ["dissect.models", "'on'", "did you mean 'one'?"]),
        ({"probe": "drawm"}, ["dissect.probe", "'drawm'", "did you mean 'drawn'?"]),
        ({"probe": None}, ["dissect.netdissect", "'digits'", "no label maps", "scenes"]),
        ({"probe": None, "netdissect": None}, ["dissect.clip_dissect.concepts", "'digits'", "no annotations"]),
        ({"layers": {"on": ["fc"]}}, ["dissect.layers", "'on'", "did you mean 'one'?"]),
        ({"layers": {"one": ["fc", "fc"]}}, ["dissect.layers.one: 'fc' is listed twice"]),
        ({"layers": {"one": []}}, ["dissect: layers.one is empty"]),
        ({"compare": [["one", "tow-s0"]]}, ["dissect.compare[0]", "'tow-s0'", "did you mean 'two-s0'?"]),
        ({"compare": [["one", "one"]]}, ["dissect.compare[0]", "with itself"]),
        ({"compare": [["one"]]}, ["dissect.compare.0", "2 items"]),
        ({"splits": ["val", "val"]}, ["dissect.splits: 'val' is listed twice"]),
        ({"clips": {}}, ["dissect.clip_dissect.clip", "there is no CLIP", "evidence: annotations"]),
        ({"clip_dissect": {"clip": "smal"}}, ["dissect.clip_dissect.clip", "'smal'", "did you mean 'small'?"]),
        ({"clip_dissect": None}, ["clips.small", "does not use it"]),
        ({"clip_dissect": None, "netdissect": None}, ["dissect: both", "nothing to do"]),
        ({"clips": {"s": {"train": {"dataset": "digits"}}}}, ["clips.s.train.dataset", "'scenes'", "'digits'"]),
        ({"clips": {"s": {}}}, ["clips.s", "needs `train:`", "has neither"]),
        ({"clips": {"s": {"weights": "w", "train": {"dataset": "drawn"}}}}, ["clips.s", "one of the two"]),
        ({"clips": {"s": {"weights": "w", "template": "a"}}}, ["clips.s", "template 'a'", "{} once"]),
        ({"clip_dissect": {"similarity": "soft"}}, ["dissect.clip_dissect.similarity", "'soft'", "soft_wpmi"]),
    ],
)
def test_a_mistake_gives_one_line_with_its_key(changes: dict[str, Any], parts: list[str]) -> None:
    sentence = fault(**changes)
    assert sentence.startswith("c.yaml: ")
    for part in parts:
        assert part in sentence


def test_a_data_set_that_only_a_probe_or_a_clip_uses_is_used() -> None:
    words = yaml.safe_load(WORDS)
    words["models"] = {"grey": words["models"]["grey"]}
    words["rof"] = None
    load_config(words, "c.yaml")
    words["dissect"] |= {"probe": None, "netdissect": None, "clip_dissect": {"concepts": "classes"}}
    load_config(words, "c.yaml")
    words["clips"] = {}
    with pytest.raises(InputError, match=r"datasets\.drawn: no model uses this data set"):
        load_config(words, "c.yaml")


@pytest.mark.parametrize(
    ("stage", "change", "stale"),
    [
        ("dissect_passes", {"quantile": 0.01}, True),
        ("dissect_passes", {"min_units_per_concept": 2}, False),
        ("dissect_labels", {"quantile": 0.01}, False),
        ("dissect_labels", {"netdissect": {"min_iou": 0.1}}, True),
        ("dissect_labels", {"clip_dissect": {"concepts": "classes"}}, False),
        ("clip_embed", {"clip_dissect": {"concepts": "classes"}}, True),
        ("clip_train", {"clip_dissect": {"concepts": "classes"}}, False),
        ("dissect_summary", {"min_units_per_concept": 2}, True),
        ("dissect_units", {"sheet": {"images": 3}}, True),
        ("concept_figures", {"min_units_per_concept": 2}, True),
        ("concept_figures", {"netdissect": None}, True),
        ("concept_roles_figures", {"netdissect": None}, True),
        ("concept_roles_figures", {"min_units_per_concept": 2}, False),
    ],
)
def test_a_stage_sees_what_it_uses(stage: str, change: dict[str, Any], stale: bool) -> None:
    wildcards = {"model": "one", "clip": "small", "dataset": "drawn", "layer": "fc"}
    before, after = (job_settings(Plan(config), stage, wildcards) for config in (checked(), checked(**change)))
    assert (before != after) == stale

"""The `relevance` and `artefacts` sections: what they name, and the one line that a mistake gives."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lucidag.config.images import check_shortcuts, write_out_images
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.probe import check_networks
from lucidag.ground.errors import InputError
from lucidag.ground.provenance import CodeIndex

WORDS = """
datasets:
  drawn: {source: lesions, number: 40}
  more: {source: lesions, number: 20}
models:
  one: {dataset: drawn, architecture: resnet18, train: {}}
  two: {dataset: drawn, architecture: resnet18, train: {}}
explain:
  images: {drawn: [lesion-00001, lesion-00002, lesion-00003]}
  images_per_job: 2
relevance:
  models: [two]
  atlas: {images: 2, layers: {two: layer3}}
faithfulness:
  models: [one]
artefacts:
  datasets: [drawn, more]
"""


def checked(**changes: Any):
    words = yaml.safe_load(WORDS)
    for key, value in changes.items():
        if value is None:
            del words[key]
        else:
            words[key].update(value)
    return write_out_images(load_config(words, "c.yaml"), "c.yaml")


def test_names_lead_to_jobs() -> None:
    config = checked()
    assert Plan(config).relevance_models == ["two"]
    assert Plan(config).batches("two", "lrp") == {
        "lesion-00001": ["lesion-00001", "lesion-00002"],
        "lesion-00003": ["lesion-00003"],
    }
    assert Plan(config).atlas.get("two", []) == ["lesion-00001", "lesion-00002"]
    assert Plan(config).atlas.get("one", []) == []
    assert Plan(config).audited == ["drawn", "more"]
    assert job_settings(Plan(config), "relevance_atlas", {"model": "two", "image": "lesion-00002"})["layer"] == "layer3"


def test_every_explained_model_is_the_default() -> None:
    config = checked(relevance={"models": None, "atlas": None})
    assert Plan(config).relevance_models == ["one", "two"]
    assert Plan(config).atlas.get("one", []) == []


@pytest.mark.parametrize("shards", [1, 2])
def test_lime_is_asked_again_with_the_settings_of_its_maps(shards: int) -> None:
    own = {f"lesion-0000{i}": {"lime": {"num_samples": 10 * i, "seed": i} if i > 1 else {}} for i in (1, 2, 3)}
    explain = {"images": {"drawn": own}, "lime": {"batch_size": 5}}
    off, on = (
        checked(explain=explain, faithfulness={"shards": shards, "lime_sensitivity": wanted})
        for wanted in (False, True)
    )
    plan = Plan(on)
    fits = [
        job_settings(plan, "explanations", {"model": "one", "family": "lime", "batch": batch})
        for batch in plan.batches("one", "lime")
    ]
    stored = {image: how for job in fits for image, how in job["family"]["options"]["own"].items()}
    assert {image: each["num_samples"] for image, each in stored.items()} == dict(zip(own, (300, 20, 30), strict=True))
    cut = Plan(on).measured["one"]
    assert len(cut) == shards
    for shard, images in cut.items():
        where = {"model": "one", "shard": shard}
        found, plain = (job_settings(Plan(config), "faithfulness_shard", where) for config in (on, off))
        options = {"batch_size": 5, "own": {image: stored[image] for image in images}}
        again = {"methods": ["lime"], "options": options}
        assert [family for family in found["families"] if family not in plain["families"]] == [again]
        assert {**found, "families": [family for family in found["families"] if family != again]} == plain


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"relevance": {"models": ["tow"]}}, ["relevance.models", "'tow'", "did you mean 'two'?"]),
        ({"explain": {"models": ["one"]}}, ["relevance.models", "explained model 'two'"]),
        ({"explain": None}, ["relevance: needs an `explain:` section"]),
        ({"relevance": {"atlas": {"layers": {"one": "layer3"}}}}, ["relevance.atlas.layers", "'one'"]),
        (
            {"relevance": {"atlas": {"composite": "epsilon"}}},
            ["relevance.atlas.composite", "'epsilon'", "epsilon_plus"],
        ),
        ({"faithfulness": {"models": ["on"]}}, ["faithfulness.models", "'on'", "did you mean 'one'?"]),
        ({"faithfulness": {"methods": []}}, ["faithfulness.methods", "at least 1"]),
        ({"faithfulness": {"methods": ["limee"]}}, ["faithfulness.methods", "'limee'", "did you mean 'lime'?"]),
        (
            {"faithfulness": {"lime_sensitivity": True, "methods": ["gradcam"]}},
            ["faithfulness: `lime_sensitivity` is", "needs `lime` among the methods"],
        ),
        (
            {"faithfulness": {"lime_sensitivity": True, "metrics": ["road"]}},
            ["faithfulness: `lime_sensitivity` is", "needs `sensitivity_max` among the `metrics`"],
        ),
        (
            {"faithfulness": {"lime_sensitivity": True}, "explain": {"methods": ["gradcam"]}},
            ["faithfulness: `lime_sensitivity` is", "needs `lime` among the methods"],
        ),
        ({"faithfulness": {"metrics": ["roads"]}}, ["faithfulness.metrics", "'roads'", "road"]),
        ({"artefacts": {"datasets": ["drown"]}}, ["artefacts.datasets", "'drown'", "did you mean 'drawn'?"]),
        ({"artefacts": {"finders": ["rings"]}}, ["artefacts.finders", "'rings'", "did you mean 'ring'?"]),
        ({"artefacts": {"datasets": ["drawn"]}}, ["datasets.more", "no model uses this data set"]),
    ],
)
def test_a_mistake_gives_one_line_with_its_key(changes: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        checked(**changes)
    assert str(caught.value).startswith("c.yaml: ")
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_a_layer_that_a_network_of_a_study_does_not_have(tmp_path: Path, root: Path) -> None:
    words = yaml.safe_load(WORDS)
    words |= {"results": str(tmp_path), "shortcuts": {"s": {**STUDY, "layer": "layer33"}}}
    config = write_out_images(load_config(words, "c.yaml"), "c.yaml")
    with pytest.raises(
        InputError, match=r"c\.yaml: shortcuts\.s\.layer: layer 'layer33' does not exist .did you mean 'layer3'"
    ):
        check_networks(Plan(config), "c.yaml", CodeIndex((root,)))


def test_a_class_that_an_artefact_cannot_go_with() -> None:
    words = yaml.safe_load(WORDS) | {"shortcuts": {"s": {**STUDY, "artefacts": {"ring": "malign"}}}}
    with pytest.raises(InputError, match=r"shortcuts\.s\.artefacts\.ring: .*'malign'.*did you mean 'malignant'"):
        check_shortcuts(load_config(words, "c.yaml"), "c.yaml")


STUDY = {"trained_with": "one", "trained_without": "two", "artefacts": {"ring": "malignant"}}


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"trained_with": "on"}, ["shortcuts.s.trained_with", "'on'", "did you mean 'one'?"]),
        ({"trained_without": "one"}, ["shortcuts.s: compares 'one' with itself"]),
        ({"artefacts": {"rings": "malignant"}}, ["shortcuts.s.artefacts", "'rings'", "ring"]),
        ({"methods": []}, ["shortcuts.s.methods", "at least 1"]),
        ({"methods": ["gradcamm"]}, ["shortcuts.s.methods", "did you mean 'gradcam'?"]),
    ],
)
def test_a_mistake_in_a_study_of_a_shortcut(changes: dict[str, Any], parts: list[str]) -> None:
    words = yaml.safe_load(WORDS)
    words["shortcuts"] = {"s": {**STUDY, **changes}}
    with pytest.raises(InputError) as caught:
        load_config(words, "c.yaml")
    for part in parts:
        assert part in str(caught.value)

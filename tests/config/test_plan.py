"""What a configuration asks for: models, layers, jobs and files, and what each job's settings are made of."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lucidag.config.images import write_out_images
from lucidag.config.jobs import job_settings, notebook, related, sections_of
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.schema import Config, all_sections
from lucidag.rof.settings import Rof

WORDS = """
results: out
datasets:
  drawn: {source: scenes, number: 40}
  lesions: {source: lesions, number: 20, groups: [ring], min_group: 3}
models:
  one: {dataset: drawn, architecture: resnet18, train: {}, shards: 2}
  two: {dataset: drawn, architecture: resnet18, train: {epochs: 3}, seeds: [4, 7]}
  known: {dataset: lesions, architecture: resnet18, weights: DEFAULT, device: cpu}
rof: {models: [two, known], ranking: l2, seed: 5, random_orders: 2}
generalisation:
  study: {models: [two]}
explain:
  models: [one, two]
  images: {drawn: {scene-00001: {}, scene-00002: {lime: {seed: 3}}, scene-00003: {}, scene-00004: {}}}
  images_per_job: 2
  methods: [gradcam, lime, epsilon_plus_flat]
  lime: {tuning: {}}
relevance: {models: [one], atlas: {images: 1, layers: {one: layer2}}}
faithfulness: {models: [two-s7], shards: 3}
clips:
  small: {train: {dataset: drawn}}
dissect:
  models: [one, two]
  layers: {one: [layer1, fc]}
  clip_dissect: {concepts: annotations}
  compare: [[one, two-s4]]
  shards: 2
artefacts: {datasets: [lesions]}
shortcuts:
  s: {trained_with: one, trained_without: known, artefacts: {ring: benign}}
"""


@pytest.fixture
def plan() -> Plan:
    return planned()


def planned(**changes: Any) -> Plan:
    words = yaml.safe_load(WORDS)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = words
        for parent in parents:
            place = place[parent]
        place[last] = value
    return Plan(write_out_images(load_config(words, "c.yaml"), "c.yaml"))


def test_a_run_draws_the_curves_first_that_are_soonest_ready(plan: Plan) -> None:
    """The imported network needs no training; of two alike, the first named."""
    assert plan.first == "known"
    assert planned(rof__models=["two"]).first == "two-s4"
    short = planned(rof__models=["two", "one"], models__one__train={"epochs": 2})
    assert short.first == "one"
    assert short.first_curves == {"figures_rof model=one": "out/figures/rof/one/accuracy.png"}
    jobs = [{"model": "one"}, {"dataset": "drawn"}, {"model": "two-s4"}, {"dataset": "lesions"}, {}]
    assert [short.wanted_first(job) for job in jobs] == [True, True, False, False, False]
    without = planned(rof=None, generalisation={})
    assert (without.first, without.first_curves, without.wanted_first({"model": "one"})) == (None, {}, False)


def test_models(plan: Plan) -> None:
    assert (plan.trained, plan.imported) == (["one", "two-s4", "two-s7"], ["known"])
    assert plan.family("two") == plan.studied("study") == ["two-s4", "two-s7"]
    assert plan.family("three") == []
    assert plan.examined == ["two-s4", "two-s7", "known"]
    assert plan.feature_shards == {"one": ["1-of-2", "2-of-2"]}
    assert plan.shards_of_features("one", "val")[0] == "out/features/one/shards/val-1-of-2.safetensors"
    assert [network.device for network in plan.networks({"model": "known"})] == ["cpu"]
    assert [network.device for network in plan.networks({"study": "s"})] == ["auto", "cpu"]


def test_data(plan: Plan) -> None:
    assert plan.sources == {"scenes": ["drawn"], "lesions": ["lesions"]}
    files = ["out/data/lesions/manifest.csv", "out/data/lesions/dataset.json", "out/data/lesions/images.safetensors"]
    assert plan.data_files("lesions") == plan.model_data("known") == plan.class_data("known") == files
    assert plan.image_files("known", ["lesion-00001"]) == files  # all images are in one file
    assert plan.audited == ["lesions"]


@pytest.mark.parametrize(("check", "many"), [(None, 1), ("none", 0), ("first", 1), ("all", 4)])
def test_which_images_the_libraries_explain_too(check: str | None, many: int) -> None:
    plan = planned(**({} if check is None else {"explain__check": check}))
    images = list(plan.explained["one"])
    assert plan.checked == (dict.fromkeys(plan.explained, images[:many]) if many else {})
    assert notebook(plan)["explain"]["checked"] == list(plan.checked)
    if not many:
        return
    units = ["out/relevance/one/crp/scene-00001.safetensors"]
    assert (plan.checked_units("one"), plan.checked_units("two-s4")) == (units, [])
    settings = job_settings(plan, "explanation_checks", {"model": "one"})
    assert [row["image"] for row in settings["images"]] == images[:many]
    assert [family["methods"] for family in settings["families"]] == list(plan.families("one").values())
    assert settings["composite"] == "epsilon_plus_flat"
    assert {"architecture", "options", "input", "head"} <= set(settings)


def test_without_explanations_nothing_is_compared() -> None:
    words = yaml.safe_load(WORDS)
    for part in ("explain", "relevance", "faithfulness"):
        del words[part]
    assert Plan(load_config(words, "c.yaml")).checked == {}


def test_explanations(plan: Plan) -> None:
    images = [f"scene-0000{number}" for number in (1, 2, 3, 4)]
    assert plan.explained == dict.fromkeys(["one", "two-s4", "two-s7"], images)
    assert plan.families("one") == {"cam": ["gradcam"], "lime": ["lime"], "lrp": ["epsilon_plus_flat"]}
    assert plan.methods("one") == ["gradcam", "lime", "epsilon_plus_flat"]
    assert plan.alike == [list(plan.explained)]
    assert plan.batches("one", "cam") == {images[0]: images[:2], images[2]: images[2:]}
    own, shared, last = [images[1]], [images[0], images[2]], images[3:]
    assert plan.batches("two-s4", "lime") == {own[0]: own, shared[0]: shared, last[0]: last}
    assert plan.tuned == list(plan.explained)
    assert plan.maps("one", ["cam"]) == [f"out/explanations/one/maps/cam/{images[at]}.safetensors" for at in (0, 2)]
    assert plan.maps("one", ["lime"], images[:1]) == [f"out/explanations/one/maps/lime/{images[0]}.safetensors"]
    assert plan.atlas == {"one": images[:1]}
    assert plan.atlas_layer("one") == "layer2"


@pytest.mark.parametrize(("models", "tuned"), [(["one"], ["one"]), (["two"], ["two-s4", "two-s7"]), ([], [])])
def test_settings_of_lime_are_searched_for_the_models_that_are_named(models: list[str], tuned: list[str]) -> None:
    found = planned(explain__lime={"tuning": {"models": models}})
    assert found.tuned == tuned
    assert notebook(found)["explain"]["tuned"] == tuned
    # A search does not depend on what else is searched for.
    one, every = (job_settings(plan, "lime_tune", {"model": "one"}) for plan in (found, planned()))
    assert one == every


def test_images_are_drawn_in_jobs_that_do_not_change_when_more_are_added() -> None:
    images = [f"scene-{number:05}" for number in range(1, 6)]
    few, more = (planned(explain__images={"drawn": named}) for named in (images[:4], images))
    assert few.drawings == [(["one", "two-s4", "two-s7"], images[0]), (["one", "two-s4", "two-s7"], images[2])]
    assert more.drawings == [*few.drawings, (["one", "two-s4", "two-s7"], images[4])]
    for plan in (few, more):
        jobs = [job_settings(plan, "explanation_images", {"model": "one", "batch": batch}) for _, batch in few.drawings]
        assert [job["images"] for job in jobs] == [images[:2], images[2:4]]


def test_models_that_other_methods_explain_are_drawn_by_another_rule() -> None:
    found = planned(explain__without={"two": ["lime"]})
    assert [models for models, _ in found.drawings] == [["one"]] * 2 + [["two-s4", "two-s7"]] * 2


def test_methods_that_do_not_explain_a_model_are_in_none_of_its_stages() -> None:
    found = planned(explain__without={"two": ["lime"], "one": ["gradcam", "epsilon_plus_flat"]})
    assert [found.methods(model) for model in ("one", "two-s4", "two-s7")] == [
        ["lime"],
        ["gradcam", "epsilon_plus_flat"],
        ["gradcam", "epsilon_plus_flat"],
    ]
    assert found.alike == [["one"], ["two-s4", "two-s7"]]
    assert found.tuned == ["one"]
    assert all("/lime/" not in file for file in found.compared("agreement", "two-s4"))
    assert found.stored({"model": "two-s7", "shard": "1-of-3"}) == []
    drawn = {"model": "one", "batch": found.explained["one"][0]}
    assert job_settings(found, "explanation_images", drawn)["methods"] == ["lime"]
    assert job_settings(found, "explanation_figures", {"model": "one"})["families"] == ["lime"]
    assert job_settings(found, "agreement", {"model": "two-s4"})["methods"] == ["gradcam", "epsilon_plus_flat"]
    assert notebook(found)["explain"]["families"] == {
        "one": ["lime"],
        "two-s4": ["cam", "lrp"],
        "two-s7": ["cam", "lrp"],
    }


def test_measures(plan: Plan) -> None:
    assert list(plan.measured) == ["two-s7"]
    assert [len(images) for images in plan.measured["two-s7"].values()] == [1, 1, 2]
    assert plan.measured_whole == []
    where = {"model": "two-s7", "shard": "2-of-3"}
    assert plan.stored(where) == ["out/explanations/two-s7/maps/lime/scene-00002.safetensors"]
    assert plan.measured_files("two-s7", ".csv")[2] == "out/faithfulness/two-s7/shards/3-of-3.csv"
    without = planned(faithfulness={"models": ["one"], "methods": ["gradcam"]})
    assert without.stored({"model": "one"}) == []
    assert len(planned(faithfulness={"models": ["one"]}).stored({"model": "one"})) == 3


def test_units(plan: Plan) -> None:
    assert plan.layers["one"] == ["layer1", "fc"]
    assert plan.layers["two-s7"] == []  # till the network is looked at: see test_layers.py
    assert (plan.probe("one"), plan.probe_shards) == ("drawn", ["1-of-2", "2-of-2"])
    assert plan.pairs == {"one-vs-two-s4": ("one", "two-s4")}
    assert plan.members("one-vs-two-s4") == ["one", "two-s4"]
    assert plan.members("one") == ["one"]
    assert plan.joined == ["two-s4", "two-s7"]
    assert planned(dissect__pooling="max").joined == []
    assert (plan.clip, plan.trained_clips) == ("small", ["small"])
    assert plan.concept_methods == ["clip-dissect", "netdissect"]
    assert plan.clip_files("small")["weights"] == "out/clip/small/open_clip_model.safetensors"
    assert plan.clip_files("published") == {}
    assert plan.layer_files("one", ".csv") == ["out/dissect/one/layer1.csv", "out/dissect/one/fc.csv"]
    assert plan.passed_shards("one", ".npy")[0] == "out/dissect/one/shards/1-of-2.npy"
    assert set(plan.passes("one", activations=False)) == {"statistics", "overlaps"}
    inputs = plan.label_inputs("one")
    assert inputs["embeddings"] == [
        f"out/clip/small/drawn/{file}" for file in ("images.npy", "texts.npy", "embeddings.json")
    ]
    assert inputs["dataset"] == plan.data_files("drawn")  # labels are tested on what its images show


def test_a_configuration_that_asks_for_little() -> None:
    words = {
        "datasets": {"d": {"source": "digits"}},
        "models": {"m": {"dataset": "d", "architecture": "x", "train": {}}},
    }
    plan = Plan(load_config(words, "c.yaml"))
    empty = [plan.examined, plan.explained, plan.families("m"), plan.methods("m"), plan.alike, plan.tuned]
    empty += [plan.relevance_models, plan.atlas, plan.measured, plan.layers, plan.pairs, plan.joined, plan.audited]
    empty += [plan.concept_methods, plan.concept_files, plan.trained_clips, plan.probe_shards, plan.imported]
    assert not any(empty)
    assert plan.clip is None
    assert set(notebook(plan)) == {"atlas", "data", "models"}


def test_settings_are_what_all_sections_pick_for_a_stage(plan: Plan) -> None:
    found = job_settings(plan, "sweep", {"model": "known"})
    assert found == {
        **{"ranking": "l2", "methods": ["l1", "l2", "variance", "contribution", "random", "reversed"]},
        **{"random_orders": 2, "margin": 0.01, "resamples": 200, "order_resamples": 20, "confidence": 0.95},
        **{"class_columns": 100, "seed": 5},
        "min_group": 3,
    }
    assert Rof.picked(found).random_seeds == [5, 6]
    assert job_settings(plan, "generalisation", {"study": "study"}) == {
        **{"ranking": "l2", "margin": 0.01, "confidence": 0.95, "resamples": 2000, "seed": 0},
        **{"families": {"two-s4": "two", "two-s7": "two"}, "model_seeds": {"two-s4": 4, "two-s7": 7}},
    }
    network = {
        "architecture": "resnet18",
        "options": {},
        "input": plan.config.models["known"].input.model_dump(),
        "head": None,
    }
    more = {"batch_size": 64, "groups": ["ring"], "needs_head": True}
    assert job_settings(plan, "features", {"model": "known"}) == network | more
    assert job_settings(plan, "figures", {"model": "one"}) == {}
    with pytest.raises(KeyError, match="'sweeps'"):
        job_settings(plan, "sweeps", {"model": "one"})


def test_a_section_of_a_job_has_only_what_its_stage_picked(plan: Plan) -> None:
    section = Rof.picked(job_settings(plan, "turning_points", {"model": "known"}))
    assert (section.ranking, section.role_metric, section.points) == ("l2", "loss", [])
    for name in ("methods", "seed"):
        with pytest.raises(AttributeError):
            getattr(section, name)


def test_what_sections_name_exists_and_every_stage_of_the_rules_is_known(root: Path) -> None:
    sections = all_sections(Config)
    for section in sections:
        for names in section.jobs.values():
            assert all(hasattr(section, name) or name in section.model_fields for name in names), (section, names)
    named = {stage for section in sections for stage in section.jobs} | set(related())
    text = "".join(file.read_text(encoding="utf-8") for file in (root / "rules").glob("*.smk"))
    asked = re.findall(r'\*\*made_by\("(\w+)"(?:, "(\w+)")?(?:, batch=BATCH)?\)', text)
    assert {stage or script for script, stage in asked} == named


def test_a_job_sees_the_sections_of_its_names(plan: Plan) -> None:
    seen = list(sections_of(plan, {"model": "known"}))
    assert plan.config.models["known"] in seen
    assert plan.config.datasets["lesions"] in seen
    assert plan.config.datasets["drawn"] not in seen
    assert plan.config.shortcuts["s"] in list(sections_of(plan, {"study": "s"}))


def test_only_a_network_whose_logits_are_not_linear_in_its_units_is_swept_on_a_grid(plan: Plan) -> None:
    assert plan.gridded == []
    models = {
        name: model.looked_at({}, linear=name not in ("one", "known")) for name, model in plan.config.models.items()
    }
    looked = Plan(plan.config.model_copy(update={"models": models}))
    assert looked.gridded == ["known"]  # nobody asks for the units of `one`
    for stage in ("turning_points", "rof_figures"):
        changed = {name: job_settings(looked, stage, {"model": name}) for name in ("two-s4", "known")}
        before = {name: job_settings(plan, stage, {"model": name}) for name in changed}
        assert changed == {"two-s4": before["two-s4"], "known": before["known"] | {"on_a_grid": True}}
    found = job_settings(looked, "sweep_grid", {"model": "known"})
    assert found.keys() == job_settings(looked, "sweep", {"model": "known"}).keys() | {
        *("architecture", "options", "input", "head", "batch_size", "points")
    }
    assert notebook(looked)["rof"] == notebook(plan)["rof"] | {"on_a_grid": ["known"]}

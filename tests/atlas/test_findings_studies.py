"""What is said of networks, data and studies, from tables made by hand: where it speaks, and where not."""

import math

import pytest

from lucidag.atlas.findings import artefacts, data, experiments, generalisation, models, planted, shortcuts, told
from tests.atlas.results_of import evidence, said

TEST = {
    "n": 100,
    "accuracy": 0.9,
    "accuracy_low": 0.83,
    "accuracy_high": 0.94,
    "loss": 0.3,
    "loss_low": 0.2,
    "loss_high": 0.4,
    "calibration_error": 0.02,
    "calibration_chance": 0.02,
    "per_class": {"a": {"n": 50}, "b": {"n": 50}},
    "per_group": {"all": {"n": 100}},
    "confusion": [[45, 5], [5, 45]],
}


def network(tmp_path, doubts=(), **more):
    known = {"test": {**TEST, **more}, "doubts": list(doubts)}
    return said(models.ANALYSIS, evidence(tmp_path, {"models/net/evaluation.json": known}))


def test_accuracy_is_held_against_the_commonest_class(tmp_path):
    found = network(tmp_path)
    assert set(found) == {"accuracy"}
    assert found["accuracy"].sentence == (
        "net is right on 90 % of 100 test images (83 % to 94 %); always saying the commonest class is right on 50 %."
    )


@pytest.mark.parametrize(
    ("more", "slug"),
    [
        ({"loss": 1.0, "loss_low": math.log(2) + 0.01, "loss_high": 1.2}, "guessing"),
        ({"per_group": {"all": {"n": 100}, "site=x": {"n": 3}}}, "small"),
        ({"calibration_error": 0.3}, "calibration"),
    ],
)
def test_doubts_about_a_network(tmp_path, more, slug):
    found = network(tmp_path, **more)
    assert set(found) == {"accuracy", slug}
    assert found[slug].level == "doubt"


def test_a_loss_that_may_be_better_than_guessing_is_no_doubt(tmp_path):
    assert set(network(tmp_path, loss=1.0, loss_low=math.log(2) - 0.01, loss_high=1.2)) == {"accuracy"}


def test_doubts_of_imported_networks_are_passed_on(tmp_path):
    assert network(tmp_path, ["the classes fit in another order"])["doubt-0"].level == "doubt"


def test_notes_of_a_data_set_are_doubts(tmp_path):
    known = {"classes": ["a", "b"], "counts": {"train": {"a": 30, "b": 10}}, "notes": ["possible leakage: 2 images"]}
    found = said(data.ANALYSIS, evidence(tmp_path, {"data/photos/dataset.json": known}))
    assert "40 images of 2 classes" in found["photos-size"].sentence
    assert "has 75 % of them" in found["photos-size"].sentence
    assert found["photos-note-0"].sentence == "photos: possible leakage: 2 images."
    assert found["photos-note-0"].level == "doubt"


def audit(p, v, **finder):
    rule = {"value": "1", "class": "bad", "share": 0.9, "share_low": 0.8, "share_high": 0.95, "images": 40}
    tested = [{"column": "ring", "p_holm": p, "cramers_v": v, "rule": rule}]
    known = {"associations": tested, "finders": {"ring": {"validated": True, "weak": False, **finder}}}
    return {"artefacts/photos.json": known}


def test_a_column_that_tells_the_class(tmp_path):
    found = said(artefacts.ANALYSIS, evidence(tmp_path, audit(1e-9, 0.5)))
    assert set(found) == {"photos-association"}
    assert "of 40 images with ring = 1, 90 % (80 % to 95 %) are bad" in found["photos-association"].sentence


@pytest.mark.parametrize(("p", "v"), [(0.5, 0.5), (1e-9, 0.05)])
def test_a_column_that_does_not(tmp_path, p, v):
    assert set(said(artefacts.ANALYSIS, evidence(tmp_path, audit(p, v)))) == {"photos-none"}


@pytest.mark.parametrize("finder", [{"validated": False}, {"weak": True}])
def test_finders_without_flags_and_weak_ones(tmp_path, finder):
    given = audit(1e-9, 0.5, sentence="ring is unvalidated.", **finder)
    assert said(artefacts.ANALYSIS, evidence(tmp_path, given))["photos-ring"].level == "doubt"


def study(beyond, clean=None):
    arms = {"with": {"ring": {"beyond": beyond}}, "without": {"ring": {"beyond": clean or {}}}}
    return {"shortcuts/rings/summary.json": {"models": {"with": ["net"]}, "changes": arms, "notes": []}}


def test_pasting_is_held_against_networks_without_the_shortcut(tmp_path):
    beyond = {"value": 0.35, "low": 0.16, "high": 0.54}
    clean = {"value": 0.0, "low": -0.05, "high": 0.05}
    found = said(shortcuts.ANALYSIS, evidence(tmp_path, study(beyond, clean)))["rings-ring"]
    assert found.level == "result"
    assert "by .35 (.16 to .54)" in found.sentence
    assert found.control == "networks trained without the shortcut: 0 (-.05 to .05)"


@pytest.mark.parametrize(
    ("beyond", "words"),
    [
        ({"value": 0.1, "low": -0.1, "high": 0.3}, "not told from 0"),
        ({"value": None, "low": None, "high": None, "reason": "fewer than two images have a value"}, "fewer than two"),
    ],
)
def test_pasting_that_says_nothing_is_a_doubt(tmp_path, beyond, words):
    found = said(shortcuts.ANALYSIS, evidence(tmp_path, study(beyond)))["rings-ring"]
    assert found.level == "doubt"
    assert words in found.sentence


@pytest.mark.parametrize(("rho", "p", "level"), [(0.9, 0.01, "result"), (0.9, 0.4, "doubt"), (None, None, "doubt")])
def test_roles_and_the_gap(tmp_path, rho, p, level):
    row = {"metric": "loss", "share": "train_only", "scope": "within_family", "models": 8, "rho": rho, "p_holm": p}
    files = {
        "generalisation/noise/correlation.json": [{**row, "low": 0.5, "high": 1.0, "reason": "2 are fewer than 3"}]
    }
    found = said(generalisation.ANALYSIS, evidence(tmp_path, files))
    assert found["noise-within family"].level == level


@pytest.mark.parametrize(("known", "level"), [(True, "result"), (False, "doubt")])
def test_factors_and_what_failed(tmp_path, known, level):
    key = {"family": "grid", "factor": "lr", "outcome": "test_accuracy"}
    row = {**key, "effect": 0.1, "low": 0.0, "high": 0.2, "found": known, "share_chance": 0.1}
    files = {
        "experiments/factors.json": {"sentences": [{**key, "sentence": "lr explains half."}]},
        "experiments/factors.csv": [row],
        "experiments.csv": [{"model": "net", "status": "diverged"}, {"model": "other", "status": "trained"}],
    }
    found = said(experiments.ANALYSIS, evidence(tmp_path, files))
    assert found["grid-lr"].level == level
    assert found["status"].models == ("net",)


@pytest.mark.parametrize(("low", "level"), [(0.5, "result"), (0.05, "doubt")])
def test_planted_units_are_held_against_chance(tmp_path, low, level):
    row = {"part": "labels", "method": "netdissect", "kind": "all", "measure": "right", "n": 20, "value": 0.7}
    files = {"planted/summary.csv": [{**row, "low": low, "high": 0.9, "base_rate": 0.1}]}
    assert said(planted.ANALYSIS, evidence(tmp_path, files))["netdissect"].level == level


def test_sentences_of_the_results_themselves_are_passed_on(tmp_path):
    found = said(told.REPAIR, evidence(tmp_path, {"repair/mended/summary.json": {"notes": ["the ring is gone"]}}))
    assert found["mended-0"].sentence == "mended: the ring is gone."
    assert not said(told.DISCOVER, evidence(tmp_path, {}))
    assert said(told.PROPOSALS, evidence(tmp_path, {"shortcuts/ring/proposals.json": {"notes": ["a, b"]}}))

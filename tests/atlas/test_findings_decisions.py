"""What is said of explanations and their grades, from tables made by hand: where it speaks, and where not."""

from dataclasses import replace

import pytest

from lucidag.atlas.explained import Decisions
from lucidag.atlas.findings import explanations, faithfulness, localisation, relevance
from lucidag.ground.tensors import write_tensors
from tests.atlas.results_of import evidence, said


def pair(a, b, over, low, reason="", no_class=""):
    row = {"method_a": a, "method_b": b, "measure": "iou", "threshold": "area", "mean": 0.6, "n": 10, "control": 0.2}
    return {**row, "over_control": over, "over_control_low": low, "over_control_high": over + 0.1} | {
        "reason": reason,
        "no_class": no_class,
    }


def agreement(tmp_path, *rows):
    return said(explanations.ANALYSIS, evidence(tmp_path, {"agreement/net-summary.csv": list(rows)}))


def test_methods_of_one_family_are_one_witness(tmp_path):
    found = agreement(tmp_path, pair("gradcam", "layercam", 0.7, 0.5), pair("gradcam", "lime", 0.3, 0.1))
    assert found["agreement"].sentence.startswith("gradcam and lime")
    assert found["agreement"].level == "result"
    assert "hand-picked" not in found


def test_methods_that_show_no_class_do_not_count(tmp_path):
    found = agreement(
        tmp_path, pair("eigencam", "lime", 0.7, 0.5, no_class="eigencam"), pair("gradcam", "lime", 0.3, 0.1)
    )
    assert found["agreement"].sentence.startswith("gradcam and lime")


def test_agreement_that_other_images_reach_is_a_doubt(tmp_path):
    told = agreement(tmp_path, pair("gradcam", "lime", 0.1, -0.1))["agreement"]
    assert told.level == "doubt"
    assert "not told from chance" in told.sentence


def test_hand_picked_images(tmp_path):
    assert "hand-picked" in agreement(tmp_path, pair("gradcam", "lime", 0.1, None, reason="hand-picked"))


def maps(**own):
    records = {"one": {"label": "a", "predicted_name": "a"}, "two": {"label": "a", "predicted_name": "b"}}
    nothing = {"empty": [], "broken": [], "exploded": []}
    return Decisions(records=records, **{**nothing, **own})


@pytest.mark.parametrize("kind", ["empty", "broken", "exploded"])
def test_maps_that_say_nothing_are_a_doubt(tmp_path, kind):
    given = evidence(tmp_path, {})
    found = said(explanations.ANALYSIS, replace(given, decisions={"net": maps(**{kind: [("one", "lime")]})}))
    assert found[kind].level == "doubt"
    assert found[kind].links == (("#image=one", "one"),)
    assert set(found) == {kind, "wrong"}


def test_wrong_decisions_among_the_explained(tmp_path):
    given = evidence(tmp_path, {})
    told = said(explanations.ANALYSIS, replace(given, decisions={"net": maps()}))["wrong"]
    assert told.sentence.startswith("1 of 2 explained decisions of net are wrong")
    right = replace(maps(), records={"one": {"label": "a", "predicted_name": "a"}})
    assert not said(explanations.ANALYSIS, replace(given, decisions={"net": right}))


@pytest.mark.parametrize(("difference", "slug"), [(1e-6, "checks"), (0.5, "check-lime")])
def test_maps_are_held_against_libraries(tmp_path, difference, slug):
    row = {"image": "one", "method": "lime", "library": "lime", "version": "1", "difference": difference}
    found = said(explanations.ANALYSIS, evidence(tmp_path, {"explanations/net/checks.csv": [row]}))
    assert set(found) == {slug}
    assert found[slug].level == ("result" if slug == "checks" else "doubt")


def grade(method, mean, beats, n=9):
    row = {"prediction": "right", "method": method, "metric": "mass_accuracy", "threshold": "", "mean": mean}
    return {**row, "low": mean - 0.05, "high": mean + 0.05, "n": n, "beats_both": beats}


def graded(tmp_path, *rows):
    files = {"localisation/net-summary.csv": [*rows, grade("centre", 0.2, False), grade("random", 0.1, False)]}
    return said(localisation.ANALYSIS, evidence(tmp_path, files))


def test_the_best_of_the_methods_that_beat_both(tmp_path):
    found = graded(tmp_path, grade("lime", 0.9, False), grade("gradcam", 0.5, True))
    assert found["best"].sentence.startswith("gradcam puts .5 (.45 to .55)")
    assert found["best"].control == "centre .2, random .1"
    assert set(found) == {"best"}


def test_no_method_beats_both(tmp_path):
    assert graded(tmp_path, grade("lime", 0.3, False))["none"].level == "doubt"


def test_few_masks_are_a_doubt(tmp_path):
    assert set(graded(tmp_path, grade("lime", 0.9, True, n=3))) == {"few", "best"}


def faithful(method, better_than="", control=False, opposite=0, metric="deletion"):
    row = {"metric": metric, "better": "lower", "method": method, "control": control, "mean": 0.2, "low": 0.1}
    return {**row, "high": 0.3, "n": 10, "opposite": opposite, "better_than": better_than}


def ranked(tmp_path, *rows):
    controls = [faithful(name, control=True) for name in ("centre", "random")]
    return said(faithfulness.ANALYSIS, evidence(tmp_path, {"faithfulness/net-ranking.csv": [*rows, *controls]}))


def test_methods_that_beat_both_controls_and_those_that_never_do(tmp_path):
    found = ranked(tmp_path, faithful("gradcam", "centre;random;lime"), faithful("lime", "centre"))
    assert found["first"].sentence.startswith("gradcam is more faithful to net than both controls by 1 of 1")
    assert found["never"].sentence.endswith("lime.")
    assert "opposite" not in found


def test_maps_that_foretell_the_opposite(tmp_path):
    found = ranked(tmp_path, faithful("gradcam", "centre;random", opposite=4))
    assert "on 4 of 10 images" in found["opposite"].sentence
    assert "never" not in found


def test_controls_that_do_not_move_count_by_no_measure(tmp_path):
    assert not ranked(tmp_path, faithful("gradcam", "centre;random", metric="sensitivity_max"))


def test_the_unit_that_a_decision_rests_on(tmp_path):
    record = {"layer": "layer4", "target_name": "box", "units": 50}
    about = {"image": "one", "record": record, "units": [{"unit": 7, "share": 0.3}]}
    given = evidence(tmp_path, {})
    write_tensors(tmp_path / "relevance/net/crp/one.safetensors", {}, about)
    given = replace(given, results=type(given.results)(tmp_path))
    told = said(relevance.ANALYSIS, given)["one"]
    assert told.control == "as much for each of 50 units: 2 %"
    assert told.links[1] == ("#unit=net/layer4/7", "unit 7")

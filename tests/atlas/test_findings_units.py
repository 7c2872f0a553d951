"""What is said of units and their labels, from tables made by hand: where it speaks, and where it is silent."""

import pytest

from lucidag.atlas.findings import concepts, effects, function
from tests.atlas.results_of import evidence, said

RANK = {"units": 10, "margin": 0.01, "metric": "accuracy", "split": "test"}


def effect(split, unit, name, loss, found=True, low=None, high=None):
    ends = {"loss_low": loss - 0.1 if low is None else low, "loss_high": loss + 0.1 if high is None else high}
    row = {"split": split, "unit": unit, "kind": "class", "name": name, "images": 50, "loss": loss, **ends}
    return {**row, "found": found}


def test_the_strongest_effect_is_picked_on_validation_and_told_of_test_images(tmp_path):
    rows = [
        effect("val", 3, "heart", 0.9),
        effect("val", 3, "star", 0.0, False),
        effect("val", 4, "heart", 0.1, False),
        effect("val", 4, "star", 0.5),
        effect("test", 3, "heart", 0.31, low=0.22, high=0.4),
        effect("test", 3, "star", 0.01, False),
        effect("test", 4, "heart", 0.02, False),
        effect("test", 4, "star", 0.6),
    ]
    found = said(effects.ANALYSIS, evidence(tmp_path, {"units/net/effects.csv": rows}))
    told = found["-strongest"]
    assert told.sentence == (
        "Switching off unit 3 of the layer before the last of net costs heart .31 nats (.22 to .4); "
        "no other class loses more than .01; another unit costs it .02 on average."
    )
    assert (told.value, told.low, told.high) == (0.31, 0.22, 0.4)
    assert dict(told.evidence[0][1]) == {"split": "test", "unit": 3, "name": "heart"}
    assert "-unconfirmed" not in found


def test_effects_that_test_images_do_not_confirm_are_a_doubt(tmp_path):
    rows = [effect("val", 0, "a", 0.5), effect("test", 0, "a", 0.0, False)]
    found = said(effects.ANALYSIS, evidence(tmp_path, {"units/net/effects.csv": rows}))
    assert "No class of net" in found["-none"].sentence
    assert "1 of 1 effects" in found["-unconfirmed"].sentence
    assert found["-unconfirmed"].level == "doubt"


@pytest.mark.parametrize(("p", "level"), [(0.001, "result"), (0.7, "doubt")])
def test_sets_are_held_against_random_units(tmp_path, p, level):
    row = {"name": "heart", "members": "8 48", "loss": 0.3, "loss_low": 0.2, "loss_high": 0.4}
    sets = [{**row, "set": "worst", "p_fdr": None}, {**row, "set": "random", "loss": 0.02, "p_fdr": p}]
    rows = [effect("test", 0, "heart", 0.5)]
    given = evidence(tmp_path, {"units/net/effects.csv": rows, "units/net/sets.csv": sets})
    told = said(effects.ANALYSIS, given)["sets"]
    assert told.level == level
    assert ("as many random units cost .02" in told.sentence) == (level == "result")


def verdicts(confirmed, unconfirmed, circular, low, twin):
    share = {"value": confirmed / 10, "low": low, "high": 0.9, "n": 10}
    overall = {"confirmed": confirmed, "unconfirmed": unconfirmed, "untestable": 0, "circular": circular}
    untrained = {"value": twin, "low": 0.0, "high": twin, "n": 10}
    own = {
        "verdicts": {"overall": overall},
        "untrained": {"overall": untrained},
        "confirmed": {"overall": {"labelled": share}},
    }
    return {"dissect/net/summary.json": {"methods": {"netdissect": own}, "notes": []}}


def test_confirmed_labels_are_held_against_an_untrained_network(tmp_path):
    found = said(concepts.ANALYSIS, evidence(tmp_path, verdicts(8, 2, 0, 0.5, 0.02)))
    assert found["netdissect-confirmed"].level == "result"
    assert "8 of 10 labels" in found["netdissect-confirmed"].sentence
    assert found["netdissect-confirmed"].control == "units of an untrained network: 2 %"
    assert found["netdissect-unconfirmed"].level == "doubt"
    assert "netdissect-circular" not in found
    assert "netdissect-untestable" not in found


def test_labels_like_those_of_an_untrained_network_are_a_doubt(tmp_path):
    found = said(concepts.ANALYSIS, evidence(tmp_path, verdicts(2, 0, 2, 0.05, 0.3)))
    assert found["netdissect-confirmed"].level == "doubt"
    assert "netdissect-unconfirmed" not in found
    assert "judged by the CLIP" in found["netdissect-circular"].sentence


def test_a_method_without_labels_says_so(tmp_path):
    assert set(said(concepts.ANALYSIS, evidence(tmp_path, verdicts(0, 0, 0, None, 0.0)))) == {"netdissect-none"}


def points(degenerate, shares):
    main = {**RANK, "method": "l1", "n0": 4, "low": 3, "high": 10 if degenerate else 6, "degenerate": degenerate}
    random = [{**RANK, "method": "random", "n0": n0} for n0 in (7, 5)]
    return {"rof/net/turning_points.json": {"turning_points": [main, *random], "roles": shares}}


def test_a_turning_point_is_held_against_random_orders(tmp_path):
    told = said(function.ANALYSIS, evidence(tmp_path, points(False, [])))["turning"]
    assert told.level == "result"
    assert "4 of 10 units (3 to 6)" in told.sentence
    assert told.control == "random orders need 5 to 7"


def test_a_turning_point_whose_interval_reaches_all_units_is_a_doubt(tmp_path):
    assert said(function.ANALYSIS, evidence(tmp_path, points(True, [])))["turning"].level == "doubt"


@pytest.mark.parametrize(
    ("degenerate", "p", "words"), [(True, 0.01, "say nothing"), (False, 0.5, "no more than chance")]
)
def test_roles_that_tell_nothing_say_so(tmp_path, degenerate, p, words):
    share = {"metric": "loss", "role": "train_only", "share": 0.2, "low": 0.1, "high": 0.3, "null_share": 0.02, "p": p}
    told = said(function.ANALYSIS, evidence(tmp_path, points(False, [{**share, "degenerate": degenerate}])))
    assert words in told["roles-loss"].sentence
    assert (told["roles-loss"].level == "doubt") == degenerate


def test_roles_beyond_chance(tmp_path):
    share = {"metric": "loss", "role": "train_only", "share": 0.2, "low": 0.1, "high": 0.3, "null_share": 0.02}
    told = said(function.ANALYSIS, evidence(tmp_path, points(False, [{**share, "p": 0.01, "degenerate": False}])))
    assert "20 % of the units (10 % to 30 %)" in told["roles-loss"].sentence
    assert "chance" not in told["roles-loss"].sentence

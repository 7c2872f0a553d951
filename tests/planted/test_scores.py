"""Scores of planted units, by hand and against scikit-learn."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import average_precision_score

from lucidag.models.planted_units import DEAD, KINDS, NAMES, NOISE, NONE, PURE, REDUNDANT, SHORTCUT, TWO, Plants
from lucidag.planted.labels import label_table
from lucidag.planted.scores import auprc_rows, effect_scores, label_scores, relevance_scores, role_scores, table_of
from lucidag.planted.summary import headline, summary
from lucidag.planted.truth import truth_table
from lucidag.units.settings import Draws

ASKED = Draws(resamples=50)
UNITS = [PURE, PURE, TWO, REDUNDANT, DEAD, SHORTCUT, NOISE]
RED, FISH, SEA = (NAMES.index(pair) for pair in (("red", "colour"), ("fish", "object"), ("sea", "place")))
CLASSES = ["fish", "star"]


@pytest.fixture
def truth() -> pd.DataFrame:
    """Two trained units, then one planted unit of each kind, and a second pure one whose map tells nothing."""
    plants = Plants(
        kind=np.array([KINDS.index(kind) for kind in UNITS]),
        first=np.array([FISH, SEA, FISH, FISH, NONE, RED, NONE]),
        second=np.array([NONE, NONE, SEA, NONE, NONE, NONE, NONE]),
        source=np.array([NONE, NONE, NONE, 0, NONE, NONE, NONE]),
        acts_on=np.array([0, NONE, 0, 0, 1, 1, 1]),
        least=np.zeros(7),
    )
    rng = np.random.default_rng(0)
    covered = rng.random((20, len(NAMES), 8, 8)) < 0.1
    maps = np.zeros((20, 7, 8, 8))
    maps[:, 0] = maps[:, 3] = covered[:, FISH]
    maps[:, 1] = rng.random((20, 8, 8))
    maps[:, 2] = covered[:, FISH] + 2 * covered[:, SEA]
    maps[:, 5] = covered[:, RED]
    maps[:, 6] = rng.random((20, 8, 8))
    weight = torch.zeros(2, 9)
    weight[0, [2, 4, 5]] = weight[1, [6, 7, 8]] = 0.5
    return truth_table(plants, weight, CLASSES, maps, covered, 0.5, 0.1)


def test_the_truth_by_hand(truth):
    assert truth["unit"].tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert truth["kind"].tolist() == UNITS
    assert truth["concept"].tolist() == ["fish", "sea", "fish", "fish", "", "red", ""]
    assert truth["second_concept"].tolist() == ["", "", "sea", "", "", "", ""]
    assert truth["name"].tolist() == ["fish", "", "fish", "fish", "star", "star", "star"]
    assert truth["weight"].tolist() == [0.5, 0, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert truth["source"].dropna().tolist() == [2]
    assert truth["verified"].tolist() == [True, False, True, True, True, True, True]
    assert truth["auprc"].iloc[[0, 2, 3, 5]].tolist() == [1, 1, 1, 1]
    assert truth["auprc"].iloc[1] == pytest.approx(truth["base_rate"].iloc[1], abs=0.05)


def labelled(concepts: list[str], confirmed: list[int]) -> pd.DataFrame:
    categories = {"fish": "object", "sea": "place", "red": "colour", "none": "", "ball": "object"}
    return pd.DataFrame(
        {
            "method": "netdissect",
            "unit": range(9),
            "concept": concepts,
            "category": [categories[each] for each in concepts],
            "score": 0.5,
            "lift": [0.9 - 0.1 * unit for unit in range(9)],
            "verdict": ["confirmed" if unit in confirmed else "unconfirmed" for unit in range(9)],
            "second": ["none"] * 4 + ["sea", "red"] + ["none"] * 3,
            "second_category": [""] * 4 + ["place", "colour"] + [""] * 3,
            "second_verdict": ["untestable"] * 4 + ["confirmed", "confirmed"] + ["untestable"] * 3,
            "second_lift": [np.nan] * 4 + [0.4, 0.3] + [np.nan] * 3,
            "second_chance": [unit == 8 for unit in range(9)],
        }
    )


def scores_of(rows) -> dict[tuple[str, str, str], pd.Series]:
    table = table_of(rows)
    return {(row["method"], row["kind"], row["measure"]): row for _, row in table.iterrows()}


def test_labels_by_hand(truth):
    # Two trained units, and then: right, not verified, right by the second, wrong, right by none, wrong, wrong.
    units = labelled(["ball", "ball", "fish", "sea", "sea", "red", "none", "sea", "ball"], confirmed=[0, 2, 4, 7])
    labels = label_table(truth, units)
    assert labels["unit"].tolist() == [2, 4, 5, 6, 7, 8]
    assert labels["right"].tolist() == [True, True, False, True, False, False]
    found = scores_of(label_scores(labels, ASKED))
    whole = found["netdissect", "all", "right"]
    assert (whole["n"], whole["positives"], whole["value"]) == (6, 3, 0.5)
    # Of seven labels fish stands once, sea three times, red once, none once.
    assert whole["base_rate"] == pytest.approx(np.mean([1, 1 + 3, 1, 1, 1, 1]) / 7)
    wrong = found["netdissect", "all", "wrong_among_confirmed"]
    assert (wrong["n"], wrong["positives"], wrong["value"]) == (3, 1, pytest.approx(1 / 3))
    assert found["netdissect", SHORTCUT, "wrong_among_confirmed"]["value"] == 1
    assert np.isnan(found["netdissect", NOISE, "wrong_among_confirmed"]["value"])
    assert found["netdissect", NOISE, "wrong_among_confirmed"]["reason"] == "none"
    # Unit 4 of two concepts is called by the one and, second, the other; unit 5 has none of its two.
    labels = label_table(truth, labelled(["ball", "ball", "fish", "sea", "fish", "sea", "none", "sea", "ball"], [4]))
    assert labels.loc[labels["unit"].isin([2, 4, 5]), "second_right"].tolist() == [False, True, False]
    second = scores_of(label_scores(labels, ASKED))
    assert (second["netdissect", "all", "second_confirmed"]["positives"]) == 2
    assert (second["netdissect", "all", "second_wrong_among_confirmed"]["value"]) == 0.5
    assert (second["netdissect", TWO, "both_confirmed"]["value"]) == 1
    assert (second["netdissect", REDUNDANT, "both_confirmed"]["value"]) == 0
    assert (second["netdissect", NOISE, "second_confirmed_by_chance"]["value"]) == 1
    expected = average_precision_score([1, 1, 0, 0, 0], [0.7, 0.5, 0.4, 0.2, 0.1])
    assert found["netdissect", "all", "auprc"]["value"] == pytest.approx(expected)


def test_without_a_confirmed_label_there_is_no_share_of_wrong_ones(truth):
    labels = label_table(truth, labelled(["ball"] * 9, confirmed=[]))
    found = headline(table_of(label_scores(labels, ASKED)))
    assert json.loads(json.dumps(found, allow_nan=False))["netdissect"] == {
        **{"n": 0, "positives": 0, "value": None, "low": None, "high": None},
        "reason": "none",
    }


def test_a_label_of_another_category_is_wrong(truth):
    units = labelled(["ball"] * 9, confirmed=[]).assign(concept="fish", category="place")
    assert not label_table(truth, units)["right"].any()
    assert label_table(truth, units.assign(category=""))["right"].tolist() == [True, True, True, False, False, False]


def pairs(true: set[tuple[int, str]], column: str) -> pd.DataFrame:
    rows = [{"unit": unit, "name": name, column: float((unit, name) in true)} for unit in range(9) for name in CLASSES]
    return pd.DataFrame(rows)


def test_effects_by_hand(truth):
    needed = {(2, "fish"), (4, "fish"), (5, "fish"), (7, "star")}
    effects = pairs(needed, "beyond").assign(split="test", kind="class", loss=0.0)
    effects["found"] = (effects["beyond"] > 0) & (effects["unit"] != 7)
    effects.loc[effects["unit"] == 8, "found"] = True
    found = scores_of(effect_scores(truth, effects, ASKED))
    assert found["beyond", "all", "auprc"]["value"] == 1
    assert found["loss", "all", "auprc"]["value"] == pytest.approx(4 / 12)
    assert found["beyond", "all", "auprc"]["base_rate"] == pytest.approx(4 / 12)
    assert (found["found", "all", "found"]["positives"], found["found", "all", "found"]["n"]) == (3, 4)
    assert (
        found["found", NOISE, "found_without_need"]["positives"],
        found["found", "all", "found_without_need"]["n"],
    ) == (
        2,
        8,
    )


def test_relevance_and_roles_by_hand(truth):
    acting = {(2, "fish"), (4, "fish"), (5, "fish"), (7, "star"), (8, "star")}
    relevance = pairs(acting, "relevance").assign(contribution=0.0)
    relevance.loc[relevance["unit"] == 2, "contribution"] = relevance["relevance"] - 0.25
    found = scores_of(relevance_scores(truth, relevance, ASKED))
    assert found["crp", "all", "auprc"]["value"] == 1
    assert found["crp", NOISE, "auprc"]["value"] == 1
    assert found["crp", PURE, "difference"]["value"] == pytest.approx(0.25 / 0.75)
    ranking = pd.DataFrame({"split": "test", "method": "l1", "unit": range(9), "rank": range(1, 10)})
    roles = pd.DataFrame({"unit": range(9), "role": ["both"] * 6 + ["neither"] * 3})
    found = scores_of(role_scores(truth, roles, ranking, ASKED))
    expected = average_precision_score([1, 1, 1, 0, 1, 1], [-3, -5, -6, -7, -8, -9])
    assert found["l1", "all", "auprc"]["value"] == pytest.approx(expected)
    assert found["role", DEAD, "neither_of_unused"]["value"] == 1
    assert (found["role", "all", "neither_of_used"]["positives"], found["role", "all", "neither_of_used"]["n"]) == (
        2,
        5,
    )


@pytest.mark.parametrize("seed", range(3))
def test_precision_by_kind_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"unit": np.arange(60) // 3, "kind": np.repeat([PURE, NOISE, TWO], 20)})
    table = table.assign(true=rng.random(60) < 0.3, value=rng.random(60))
    for row in auprc_rows("effects", "x", table, "true", ASKED):
        hits = table["true"] & ((table["kind"] == row["kind"]) | (row["kind"] == "all"))
        chosen = hits | ~table["true"]
        if hits.any():
            assert row["value"] == pytest.approx(average_precision_score(hits[chosen], table["value"][chosen]))
            assert row["low"] <= row["value"] <= row["high"]
        else:
            assert row["reason"] == "nothing is true"


def test_models_are_put_together(truth):
    units = [
        labelled(["ball", "ball", first, "sea", "sea", "red", "none", "red", "ball"], [2, 4])
        for first in ("fish", "ball")
    ]
    labels = [label_table(truth, each) for each in units]
    scores = [table_of(label_scores(each, ASKED)) for each in labels]
    table = summary(labels, scores, ASKED).set_index(["kind", "measure"])
    wrong = table.loc[("all", "wrong_among_confirmed")]
    assert (wrong["n"], wrong["positives"], wrong["value"]) == (4, 1, 0.25)
    assert wrong["low"] < 0.25 < wrong["high"]
    auprc = table.loc[("all", "auprc")]
    assert auprc["value"] == pytest.approx(
        np.mean([each.set_index(["kind", "measure"]).loc[("all", "auprc"), "value"] for each in scores])
    )

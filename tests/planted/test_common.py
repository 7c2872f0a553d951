"""Scores of what top images have in common: tables by hand, and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from lucidag.models.planted_units import DEAD, NOISE, PURE, REDUNDANT, TWO
from lucidag.planted.common import alike_scores, clarity_scores, two_scores
from lucidag.planted.scores import table_of
from lucidag.units.settings import Draws

ASKED = Draws(resamples=50)
KINDS = [PURE, PURE, TWO, TWO, REDUNDANT, DEAD, NOISE, NOISE, PURE]


@pytest.fixture
def truth() -> pd.DataFrame:
    """Unit 4 copies unit 1, units 2 and 3 have the same concepts, unit 8 is not verified."""
    return pd.DataFrame(
        {
            "unit": range(9),
            "kind": KINDS,
            "concept": ["fish", "sea", "fish", "sea", "sea", "", "", "", "fish"],
            "category": ["object", "place", "object", "place", "place", "", "", "", "object"],
            "second_concept": ["", "", "sea", "fish", "", "", "", "", ""],
            "second_category": ["", "", "place", "object", "", "", "", "", ""],
            "verified": [True] * 8 + [False],
        }
    )


@pytest.fixture
def images() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unit": range(9),
            "clarity": [0.9, 0.3, 0.8, 0.7, 0.6, np.nan, 0.5, 0.1, 0.9],
            "clear": [True, False, True, True, True, False, True, False, True],
            "clusters": pd.array([1, 2, 2, 1, 1, None, 1, 1, 3], dtype="Int64"),
            "separation": [0.1, 0.4, 0.5, np.nan, 0.2, np.nan, 0.9, 0.9, 0.9],
        }
    )


def found(rows) -> dict[tuple[str, str, str], pd.Series]:
    return {(row["method"], row["kind"], row["measure"]): row for _, row in table_of(rows).iterrows()}


def test_clarity_by_hand(truth, images):
    scores = found(clarity_scores(truth, images, ASKED))
    expected = average_precision_score([1, 1, 1, 1, 1, 0, 0], [0.9, 0.3, 0.8, 0.7, 0.6, 0.5, 0.1])
    assert scores["clarity", "all", "auprc"]["value"] == pytest.approx(expected)
    assert scores["clarity", REDUNDANT, "auprc"]["value"] == 1
    assert scores["clarity", NOISE, "auprc"]["reason"] == "nothing is true"
    assert (scores["clarity", NOISE, "clear"]["positives"], scores["clarity", NOISE, "clear"]["n"]) == (1, 2)
    assert ("clarity", DEAD, "clear") not in scores


def test_two_concepts_by_hand(truth, images):
    labels = pd.DataFrame({"method": "netdissect", "unit": range(9), "second_lift": [0, 0, 0.5, 0.1, *[np.nan] * 5]})
    scores = found(two_scores(truth, images, labels, ASKED))
    expected = average_precision_score([0, 0, 1, 1, 0], [0.1, 0.4, 0.5, -1, 0.2])
    assert scores["clusters", "all", "auprc"]["value"] == pytest.approx(expected)
    assert scores["clusters", TWO, "several_clusters"]["value"] == 0.5
    assert scores["clusters", PURE, "several_clusters"]["positives"] == 1
    assert scores["second:netdissect", "all", "auprc"]["value"] == 1
    assert {key[0] for key in found(two_scores(truth, None, labels, ASKED))} == {"second:netdissect"}


@pytest.mark.parametrize("seed", range(3))
def test_pairs_that_were_planted_for_the_same_are_true(truth, seed):
    values = np.random.default_rng(seed).random((9, 9))
    values = values + values.T
    scores = found(alike_scores(truth, {"activations": values}, ASKED))
    pairs = [(one, other) for one in range(5) for other in range(one + 1, 5)]
    true = [pair in {(1, 4), (2, 3)} for pair in pairs]
    expected = average_precision_score(true, [values[pair] for pair in pairs])
    assert scores["activations", "all", "auprc"]["value"] == pytest.approx(expected)
    assert scores["activations", "all", "auprc"]["n"] == len(pairs)
    copies = [pair for pair, hit in zip(pairs, true, strict=True) if pair == (1, 4) or not hit]
    expected = average_precision_score([pair == (1, 4) for pair in copies], [values[pair] for pair in copies])
    assert scores["activations", REDUNDANT, "auprc"]["value"] == pytest.approx(expected)

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from lucidag.artefacts.examples import choose
from lucidag.artefacts.grading import best_threshold, flags, grade, halves, measures
from lucidag.ground.errors import InputError


@pytest.mark.parametrize("seed", range(6))
def test_no_threshold_has_a_higher_f1(seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(60) < 0.3
    scores = np.round(truth * rng.random() + rng.normal(0, 0.5, 60), 1)  # with ties
    mine = f1_score(truth, scores > best_threshold(scores, truth))
    others = [f1_score(truth, scores > limit, zero_division=0) for limit in np.unique(scores) - 0.05]
    assert mine == pytest.approx(max(others))


def test_measures_by_hand():
    found = np.array([True] * 10 + [False] * 10)
    truth = np.array([True] * 8 + [False] * 2 + [True] * 2 + [False] * 8)
    got = measures(found, truth, 0.95)
    assert (got["precision"]["value"], got["recall"]["value"], got["f1"]["value"]) == pytest.approx((0.8, 0.8, 0.8))
    # Wilson's interval of 8 in 10, from its formula.
    z, p, n = 1.959964, 0.8, 10
    middle, half = (p + z * z / (2 * n)) / (1 + z * z / n), z / (1 + z * z / n) * np.sqrt(p * 0.2 / n + z**2 / 400)
    assert (got["precision"]["low"], got["precision"]["high"]) == pytest.approx(
        (middle - half, middle + half), abs=1e-5
    )
    assert got["f1"]["low"] < 0.8 < got["f1"]["high"]
    nothing = measures(np.zeros(5, bool), np.array([True] + [False] * 4), 0.95)
    assert nothing["precision"]["value"] is None
    assert nothing["f1"]["value"] == 0


def test_the_interval_of_f1_covers_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(3), 0
    p, recall, false = 0.3, 0.8, 0.1
    truth = 2 * p * recall / (p * recall + (1 - p) * false + p)
    for _ in range(400):
        there = rng.random(200) < p
        found = np.where(there, rng.random(200) < recall, rng.random(200) < false)
        f1 = measures(found, there, 0.95)["f1"]
        covered += f1["low"] <= truth <= f1["high"]
    assert 0.92 <= covered / 400 <= 0.98


def test_halves_are_stratified_and_keep_ids_together():
    truth = np.arange(90) % 3 == 0
    chosen = halves(truth, None, 0)
    assert abs(chosen.sum() - 45) <= 1
    assert abs(truth[chosen].sum() - 15) <= 1
    assert (halves(truth, None, 1) != chosen).any()
    ids = [f"patient {row // 5}" for row in range(90)]
    kept = halves(truth, ids, 0)
    assert all(len(set(kept[row : row + 5])) == 1 for row in range(0, 90, 5))
    assert halves(np.array([True] * 3 + [False] * 50), None, 0) is None
    assert halves(truth, ["one patient"] * 90, 0) is None


def test_a_finder_that_knows_is_usable_and_one_that_guesses_is_weak():
    rng = np.random.default_rng(1)
    truth = rng.random(400) < 0.25
    good = grade("good", truth + rng.normal(0, 0.2, 400), truth, "flag", 0.5, False, None, 0, 0.95)
    assert good["weak"] is False
    assert "usable" in good["sentence"]
    assert good["chosen"]["images"] == pytest.approx(200, abs=1)  # the other half
    guess = grade("guess", rng.random(400), truth, "flag", 0.5, False, None, 0, 0.95)
    assert guess["weak"] is True
    assert "weak" in guess["sentence"]
    fixed = grade("fixed", truth + 0.0, truth, "flag", 5.0, True, None, 0, 0.95)
    assert (fixed["threshold"], fixed["used"], good["used"]) == (5.0, "own", "chosen")
    assert fixed["chosen"]["f1"]["value"] == 1
    assert fixed["own"]["found"] == 0
    assert "precision none" in fixed["sentence"]


@pytest.mark.parametrize("seed", range(3))
def test_the_half_that_chose_does_not_report(seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(120) < 0.3
    scores = truth + rng.normal(0, 0.7, 120)
    got, half = grade("x", scores, truth, "flag", 0.4, False, None, seed, 0.95), halves(truth, None, seed)
    chosen, own = scores > got["chosen"]["threshold"], scores > 0.4
    for side, found, f1 in (
        (half, chosen, got["selection_f1"]),
        (~half, chosen, got["chosen"]["f1"]["value"]),
        (~half, own, got["own"]["f1"]["value"]),
        (~half, np.ones(120, bool), got["always"]),
    ):
        assert f1 == pytest.approx(f1_score(truth[side], found[side]))
    assert got["selection_f1"] >= f1_score(truth[half], own[half])
    assert got["auc"]["value"] == pytest.approx(roc_auc_score(truth[~half], scores[~half]))


def test_a_finder_that_is_no_better_than_flagging_every_image_is_weak():
    truth = np.arange(400) % 10 != 0
    got = grade("x", np.where(np.arange(400) % 20 == 0, 0.0, 1.0), truth, "flag", 0.5, False, None, 0, 0.95)
    assert got["chosen"]["precision"]["low"] > 0.5 < got["chosen"]["recall"]["low"]
    assert got["weak"] == (got["chosen"]["f1"]["low"] <= got["always"])
    guess = grade("x", np.ones(400) - 1e-9 * np.arange(400), truth, "flag", 0.5, False, None, 0, 0.95)
    assert guess["weak"] is True
    common = " It finds something in 400 of 400 images: too common to tell one from another."
    assert guess["sentence"].endswith(f"weak: flagging every image may do as well.{common}")


@pytest.mark.parametrize(
    ("there", "not_there", "words"),
    [(0.3, 0.0, "it may miss half of the flagged images"), (1.0, 0.5, "its finds may be wrong half of the time")],
)
def test_a_finder_is_weak_for_the_reason_that_is_told(there, not_there, words):
    rng = np.random.default_rng(0)
    truth = np.arange(600) % 4 == 0
    found = np.where(truth, rng.random(600) < there, rng.random(600) < not_there)
    got = grade("x", found.astype(float), truth, "flag", 0.5, True, None, 0, 0.95)
    assert got["weak"] is True
    assert words in got["sentence"]
    assert ("half" in got["sentence"].replace(words, "")) is False


def test_too_few_flags_are_a_sentence_and_bad_scores_an_error():
    truth = np.array([True] + [False] * 30)
    assert (
        "1 of 31 images have the flag" in grade("x", np.arange(31.0), truth, "f", 0, False, None, 0, 0.95)["sentence"]
    )
    with pytest.raises(InputError, match="finder 'x'"):
        grade("x", np.full(31, np.nan), truth, "f", 0, False, None, 0, 0.95)


@pytest.mark.parametrize(
    ("cells", "read"),
    [(["1", "0"], [True, False]), (["True", "no"], [True, False]), (["1.0", "0.0"], [True, False]), (["2", "0"], None)],
)
def test_flags_are_read(cells, read):
    got = flags(cells)
    assert (got is None and read is None) or got.tolist() == read
    assert flags([]) is None


def test_examples_are_of_their_kind():
    scores = np.array([9.0, 8, 7, 6, 5, 4, 3, 2])
    truth = np.array([True, False, True, True, False, True, False, True])
    assert choose(scores, 4.5, truth, 2) == {"right": [0, 3], "wrong": [1, 4], "missed": [5, 7]}
    assert choose(scores, 10, None, 2) == {"found": []}
    assert choose(scores, 4.5, None, 3) == {"found": [0, 2, 4]}
    assert choose(scores, 8, None, 3) == {"found": [0]}


@pytest.mark.parametrize(("finds", "common"), [(100, True), (91, True), (90, False), (0, False)])
@pytest.mark.parametrize("flagged", [None, 2, 40])
def test_what_is_found_nearly_everywhere_or_has_no_flags_is_said_to_be_so(finds, common, flagged):
    known = (None, None) if flagged is None else (np.arange(100) < flagged, "hairs")
    told = grade("hair", (np.arange(100) < finds).astype(float), *known, 0.5, True, None, 0, 0.95)
    assert (told["found"], told["common"], told["validated"]) == (finds, common, flagged == 40)
    assert (f"{finds} of 100 images: too common" in told["sentence"]) is common
    assert told["sentence"].startswith("hair is unvalidated" if flagged != 40 else "hair against 'hairs'")

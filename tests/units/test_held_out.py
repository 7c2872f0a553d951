"""Labels against images that did not choose them: measures against libraries, and the rule against planted units."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, f1_score, jaccard_score

from lucidag.data.manifest import together
from lucidag.units.halves import chosen_half
from lucidag.units.labels.held_out import (
    average_precision,
    best_thresholds,
    by_id,
    measures,
    precision_interval,
)
from lucidag.units.labels.verdict import Labelled, dealt_anew, most_similar, verdicts
from lucidag.units.names import BY_ANNOTATIONS, CONFIRMED


def drawn(seed, images=80, units=7, ties=False):
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(images, units))
    shown = rng.random((images, units)) < rng.uniform(0.1, 0.6, units)
    activations += shown * rng.uniform(0, 2, units)
    return (np.maximum(activations.round(1), 0) if ties else activations), shown


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ties", [False, True])
def test_measures_are_those_of_libraries(seed, ties):
    activations, shown = drawn(seed, ties=ties)
    limits = best_thresholds(activations, shown)
    other, truth = drawn(seed + 100, ties=ties)
    found = measures(other, truth, limits)
    for unit in range(other.shape[1]):
        x, y = other[:, unit], truth[:, unit]
        on = x >= limits[unit]
        assert found.auprc[unit] == pytest.approx(average_precision_score(y, x))
        assert found.f1[unit] == pytest.approx(f1_score(y, on))
        assert found.iou[unit] == pytest.approx(jaccard_score(y, on))
        assert found.correlation[unit] == pytest.approx(np.corrcoef(x, y)[0, 1])
        assert found.cosine[unit] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y))
        assert (found.base[unit], found.positives[unit]) == (y.mean(), y.sum())


@pytest.mark.parametrize("seed", range(3))
def test_no_other_threshold_has_a_greater_f1(seed):
    activations, shown = drawn(seed, ties=True)
    limits = best_thresholds(activations, shown)
    for unit in range(activations.shape[1]):
        x, y = activations[:, unit], shown[:, unit]
        scores = {limit: 2 * (y & (x >= limit)).sum() / (y.sum() + (x >= limit).sum()) for limit in np.unique(x)}
        assert scores[limits[unit]] == max(scores.values())


@pytest.mark.parametrize("seed", range(3))
def test_a_unit_whose_best_threshold_lets_all_images_through_is_confirmed_all_the_same(seed):
    """Of a frequent concept the greatest F1 may be that of all images, at which nothing can be tested."""
    rng = np.random.default_rng(seed)
    shown = rng.random((400, 1)) < 0.7
    activations = rng.normal(size=shown.shape) + 0.6 * shown
    chosen = np.arange(400) % 2 == 0
    labels = Labelled(activations, shown, [BY_ANNOTATIONS], np.zeros(1, np.int64), np.ones(1, np.bool_))
    limit = best_thresholds(activations[chosen], shown[chosen])[0]
    assert (activations[chosen] >= limit).mean() > 0.85
    assert verdicts(labels, chosen, seed=0, confidence=0.95)["verdict"].tolist() == [CONFIRMED]


def test_precision_is_undefined_where_no_image_shows_the_concept():
    activations, shown = drawn(0)
    shown[:, 2] = False
    found = average_precision(activations, shown)
    assert np.isnan(found[2])
    assert not np.isnan(np.delete(found, 2)).any()
    low, high = precision_interval(found, shown.sum(axis=0), 0.95)
    assert np.isnan(low[2])
    assert np.isnan(high[2])
    rest = np.arange(7) != 2
    assert ((low < found) & (found < high))[rest].all()
    assert (low[rest] > 0).all()
    assert (high[rest] < 1).all()
    # By hand: logit(.8) = 1.3863, reach 1.95996 / sqrt(10 * .16) = 1.5495.
    low, high = precision_interval(np.array([0.8]), np.array([10]), 0.95)
    assert (low[0], high[0]) == pytest.approx((0.45931, 0.94961), abs=1e-4)


def test_images_without_a_patient_stand_alone():
    table = pd.DataFrame({"image": ["a", "b", "c", "d"], "id": ["p", "", "p", ""]})
    assert len(set(together(table))) == 3
    assert len(set(together(table.drop(columns="id")))) == 4


@pytest.mark.parametrize("seed", range(4))
def test_halves_are_of_names_and_depend_on_names_and_seed_alone(seed):
    names = [f"patient{number % 21}" for number in range(60)]
    half = chosen_half(names, seed)
    by_name = {name: {bool(h) for n, h in zip(names, half, strict=True) if n == name} for name in names}
    assert all(len(found) == 1 for found in by_name.values())
    assert sum(True in found for found in by_name.values()) == 10
    order = np.random.default_rng(seed).permutation(60)
    assert (chosen_half([names[place] for place in order], seed) == half[order]).all()
    assert (chosen_half(names, seed + 1) != half).any()


def test_images_of_an_id_count_once():
    activations = np.array([[1.0], [3.0], [5.0], [0.0]])
    shown = np.array([[True], [False], [False], [False]])
    means, any_of = by_id(activations, shown, np.array([7, 7, 2, 2]))
    assert means.ravel().tolist() == [2.5, 2.0]
    assert any_of.ravel().tolist() == [False, True]


def layer(seed, units=60, images=300, planted=20, concepts=8):
    """Units that answer to one of some concepts, and units of noise that are called by a concept at random."""
    rng = np.random.default_rng(seed)
    shown = rng.random((images, concepts)) < 0.15
    own = rng.integers(0, concepts, units)
    activations = rng.normal(size=(images, units))
    activations[:, :planted] += 3 * shown[:, own[:planted]]
    half = chosen_half([str(number) for number in range(images)], seed)
    # What a method does: the concepts that go best with the unit, once by all images and once by the choosing half.
    every, first = (np.argsort(-_fit(activations[rows], shown[rows]), axis=1) for rows in (half | ~half, half))
    again = (first[:, :5] == every[:, :1]).any(axis=1)
    return Labelled(activations, shown, [BY_ANNOTATIONS] * concepts, every[:, 0], again), half, own


def _fit(activations, shown):
    return np.corrcoef(activations.T, shown.T)[: activations.shape[1], activations.shape[1] :]


@pytest.mark.parametrize("seed", range(3))
def test_planted_labels_are_confirmed_and_labels_of_noise_are_not(seed):
    labels, half, own = layer(seed)
    found = verdicts(labels, half, seed=0, confidence=0.95)
    right = labels.own[:20] == own[:20]
    assert (found["verdict"][:20][right] == "confirmed").mean() > 0.85
    assert (found["verdict"][20:] == "confirmed").mean() <= 0.06
    assert (found["judged_by"] == BY_ANNOTATIONS).all()
    confirmed = found["verdict"] == "confirmed"
    assert (found["why"][confirmed] == "").all()
    assert (found["why"][~confirmed] != "").all()
    assert (found["dealt"] < found["auprc"])[confirmed].all()


def test_the_twin_and_the_other_half_have_their_say():
    labels, half, _ = layer(0)
    first = verdicts(labels, half, seed=0, confidence=0.95)
    confirmed = (first["verdict"] == "confirmed").to_numpy()
    above = verdicts(labels, half, seed=0, confidence=0.95, twin=np.ones(40))
    assert set(above["verdict"]) == {"unconfirmed"}
    assert (above["why"][confirmed] == "no further above its base rate than labels of an untrained network").all()
    other = Labelled(labels.activations, labels.shown, labels.judges, labels.own, np.zeros(60, bool))
    assert set(verdicts(other, half, seed=0, confidence=0.95)["why"]) == {"half of the images gives other labels"}


def test_what_cannot_be_tested_says_why():
    labels, half, _ = layer(1)
    shown, own, activations = labels.shown.copy(), labels.own.copy(), labels.activations.copy()
    own[0] = -1
    shown[:, own[1]] = False
    shown[np.flatnonzero(~half)[:4], own[1]] = True
    activations[:, 2] = 1.0
    own[2] = next(column for column in range(8) if column != own[1])
    found = verdicts(Labelled(activations, shown, labels.judges, own, labels.again), half, seed=0, confidence=0.95)
    assert found["verdict"][:3].tolist() == ["untestable"] * 3
    assert "no label" in found["why"][0]
    assert "fewer than 5" in found["why"][1]
    assert "same in all images" in found["why"][2]
    assert found.loc[:2, "auprc":"p"].isna().all(axis=None)
    assert found["judged_by"][0] == ""


def test_many_images_of_few_ids_confirm_less_than_as_many_ids():
    """Noise of ids: every image of an id has nearly its activation and shows what the others show."""
    counts = {True: 0, False: 0}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        owner = np.repeat(np.arange(40), 10)
        shown = np.repeat(rng.random((40, 6)) < 0.4, 10, axis=0)
        activations = np.repeat(rng.normal(size=(40, 30)), 10, axis=0) + 0.01 * rng.normal(size=(400, 30))
        half = chosen_half(owner.astype(str), seed)
        best = _fit(activations[half], shown[half]).argmax(axis=1)
        labels = Labelled(activations, shown, [BY_ANNOTATIONS] * 6, best, np.ones(30, bool), 1)
        for known in (True, False):
            found = verdicts(labels, half, owner if known else None, seed=0, confidence=0.95)
            counts[known] += int((found["verdict"] == "confirmed").sum())
    assert counts[True] <= 0.06 * 180 < counts[False]


def test_dealt_labels_are_those_of_other_units():
    labels, half, _ = layer(2, units=2, planted=2)
    own = np.array([0, 1])
    pair = Labelled(labels.activations, labels.shown, labels.judges, own, labels.again)
    found = dealt_anew(pair, ~half, 0)
    swapped = average_precision(labels.activations[~half], labels.shown[~half][:, [1, 0]])
    assert found == pytest.approx(swapped)
    alike = Labelled(labels.activations, labels.shown, labels.judges, np.array([3, 3]), labels.again)
    assert np.isnan(dealt_anew(alike, ~half, 0)).all()


def test_a_clip_takes_the_most_similar_images_of_each_half():
    similarity = np.random.default_rng(0).random((41, 3))
    half = chosen_half([str(number) for number in range(41)], 0)
    shown = most_similar(similarity, half, 0.1)
    for rows in (half, ~half):
        assert (shown[rows].sum(axis=0) == 2).all()
        for concept in range(3):
            own = similarity[rows, concept]
            assert own[shown[rows, concept]].min() > own[~shown[rows, concept]].max()


@pytest.mark.parametrize("seed", range(3))
def test_labels_of_an_untrained_network_are_held_against_each_other(seed):
    rng = np.random.default_rng(seed)
    shown = rng.random((300, 60)) < 0.3
    activations = rng.normal(size=shown.shape) + shown * rng.uniform(0.5, 3, 60)
    labels = Labelled(activations, shown, [BY_ANNOTATIONS] * 60, np.arange(60), np.ones(60, np.bool_))
    chosen = np.arange(300) % 2 == 0
    free = verdicts(labels, chosen, seed=0, confidence=0.95)
    held = verdicts(labels, chosen, seed=0, confidence=0.95, untrained=True)
    assert (free["verdict"] == CONFIRMED).sum() > 40
    kept = held["verdict"] == CONFIRMED
    assert kept.sum() <= 3  # 5 % of 60
    assert held["lift"][kept].min() >= held["lift"].quantile(0.95)

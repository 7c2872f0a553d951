"""Second concepts: units that were made for two concepts, for one, and for nothing; and cases by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from lucidag.ground.statistics.owners import owners
from lucidag.units.halves import chosen_half
from lucidag.units.labels.second import second_concepts
from lucidag.units.labels.tested import judged, with_verdicts
from lucidag.units.labels.truth import Truth
from lucidag.units.labels.verdict import NO_TWIN, Labelled, verdicts
from lucidag.units.names import BY_ANNOTATIONS, CONFIRMED, UNTESTABLE
from lucidag.units.settings import Labelling

CONCEPTS, IMAGES = 6, 600
NAMES = tuple((f"c{at}", "kind") for at in range(CONCEPTS))


def world(seed):
    """Six units that add up two concepts each, six of one concept, six of nothing."""
    rng = np.random.default_rng(seed)
    shown = rng.random((IMAGES, CONCEPTS)) < 0.25
    noise = rng.random((IMAGES, 3 * CONCEPTS))
    of = np.concatenate([shown + np.roll(shown, -1, axis=1), shown, np.zeros_like(shown)], axis=1)
    names = [f"image-{at}" for at in range(IMAGES)]
    return of + 0.6 * noise, shown, Truth(NAMES, shown, chosen_half(names, 0), owners(names, IMAGES))


def labelled(seed, activations=None, twin=None, untrained=False):
    own, _, truth = world(seed)
    values = own if activations is None else activations
    first = np.tile(np.arange(CONCEPTS), 3)
    labels = pd.DataFrame({"method": "netdissect", "unit": range(len(first)), "score": 0.5, "category": "kind"})
    labels["concept"] = [f"c{at}" for at in first]
    concepts = pd.DataFrame(NAMES, columns=["concept", "category"])
    found = judged(labels, concepts, truth, None, 0.05)
    again = np.ones(len(first), dtype=bool), 5
    return with_verdicts(labels, again, values, found, truth, 0.05, Labelling(clip_dissect=None), twin, untrained)


@pytest.mark.parametrize("seed", range(4))
def test_units_of_two_concepts_have_a_second_one_and_no_others(seed):
    twin = labelled(seed, np.random.default_rng(seed + 50).random((IMAGES, 3 * CONCEPTS)), untrained=True)
    found = labelled(seed, twin=twin)
    two = found.iloc[:CONCEPTS]
    assert two["second"].tolist() == [f"c{(at + 1) % CONCEPTS}" for at in range(CONCEPTS)]
    assert set(two["second_verdict"]) == {CONFIRMED}
    assert (two["verdict"] == CONFIRMED).sum() >= CONCEPTS - 1
    assert set(two["second_judged_by"]) == {BY_ANNOTATIONS}
    assert (two["second_auprc_low"] > two["second_base_rate"]).all()
    assert not (found["second_verdict"][CONCEPTS:] == CONFIRMED).any()
    assert not found["second_chance"].any()
    assert (found["second"] != found["concept"]).all()
    assert set(twin["second_verdict"]) <= {"unconfirmed", UNTESTABLE}


def test_two_concepts_that_always_go_together_are_one():
    activations, shown, _ = world(0)
    shown = np.concatenate([shown, shown[:, :1]], axis=1)  # the last is the first by another name
    second, _ = second_concepts(activations[:, :1], shown, np.array([0]), np.ones(CONCEPTS + 1, dtype=bool), 0.05)
    assert second.tolist() == [1]


@pytest.mark.parametrize("seed", range(3))
def test_the_second_concept_is_the_one_of_the_smallest_p(seed):
    activations, shown, _ = world(seed)
    first, allowed = np.tile(np.arange(CONCEPTS), 3), np.ones(CONCEPTS, dtype=bool)
    allowed[4] = False
    second, score = second_concepts(activations, shown, first, allowed, 0.05)
    for unit in range(0, 3 * CONCEPTS, 4):
        rest = np.flatnonzero(~shown[:, first[unit]])
        count = round(0.05 * len(rest))
        top = rest[np.argsort(-activations[rest, unit], kind="stable")[:count]]
        p = np.ones(CONCEPTS)
        for concept in set(range(CONCEPTS)) - {4, int(first[unit])}:
            hits, of = shown[top, concept].sum(), shown[rest, concept].sum()
            table = [[hits, count - hits], [of - hits, len(rest) - of - count + hits]]
            p[concept] = fisher_exact(table, alternative="greater").pvalue if hits >= 5 else 1.0
        if second[unit] >= 0:
            assert second[unit] == p.argmin()
            assert score[unit] == pytest.approx(shown[top, second[unit]].mean())
    assert (second != 4).all()
    assert (second != first).all()


def test_what_nothing_tells_has_no_second_concept():
    activations, shown, _ = world(0)
    second, score = second_concepts(activations, shown, np.full(18, -1), np.ones(CONCEPTS, dtype=bool), 0.05)
    assert (second == -1).all()
    assert np.isnan(score).all()
    everywhere = np.ones((IMAGES, 1), dtype=bool)
    assert second_concepts(activations, everywhere, np.zeros(18, int), np.ones(1, bool), 0.05)[0].max() == -1


def test_images_that_are_left_out_have_no_say():
    activations, shown, truth = world(1)
    own, first = np.roll(np.arange(CONCEPTS), -1), np.arange(CONCEPTS)
    again = np.ones(CONCEPTS, dtype=bool)
    known = {"seed": 0, "confidence": 0.95}

    def found(values):
        work = Labelled(values, shown, [BY_ANNOTATIONS] * CONCEPTS, own, again, 1, first)
        return verdicts(work, truth.chosen, **known)

    other = activations[:, :CONCEPTS].copy()
    other[shown] = 99.0  # each unit on the images of its own first concept
    pd.testing.assert_frame_equal(found(activations[:, :CONCEPTS]), found(other))
    # One unit, by hand: the images without its first concept alone.
    rest = ~shown[:, 0]
    alone = verdicts(
        Labelled(activations[rest, :1], shown[rest], [BY_ANNOTATIONS] * CONCEPTS, own[:1], again[:1], 1),
        truth.chosen[rest],
        **known,
    )
    numbers = ["auprc", "auprc_low", "f1", "iou", "correlation", "cosine", "base_rate", "lift"]
    assert found(activations[:, :CONCEPTS]).loc[0, numbers].tolist() == alone.loc[0, numbers].tolist()


def test_a_twin_without_testable_labels_is_said():
    activations, shown, truth = world(2)
    own = np.arange(CONCEPTS)
    work = Labelled(activations[:, CONCEPTS : 2 * CONCEPTS], shown, [BY_ANNOTATIONS] * CONCEPTS, own, own >= 0)
    without = verdicts(work, truth.chosen, seed=0, confidence=0.95)
    assert set(without["verdict"]) == {CONFIRMED}
    nothing = verdicts(work, truth.chosen, seed=0, confidence=0.95, twin=np.full(CONCEPTS, np.nan))
    assert set(nothing["verdict"]) == {UNTESTABLE}
    assert set(nothing["why"]) == {NO_TWIN}
    assert nothing["auprc"].equals(without["auprc"])

"""The five similarities against plain loops in float64, and what must never change a label."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from lucidag.ground.errors import InputError
from lucidag.units.labels.similarity import (
    SIMILARITIES,
    best_concepts,
    constant_units,
    cosine,
    cosine_cubed,
    describe_layer,
    rank,
    soft_wpmi,
    wpmi,
)

LAYER = {"soft_wpmi": soft_wpmi, "wpmi": wpmi}
CASES = [(0, 130, 40, 7, 16), (1, 300, 300, 20, 64), (2, 110, 9, 3, 4), (3, 60, 25, 5, 8)]


def directions(rng, count, width):
    drawn = rng.standard_normal((count, width))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def score(name, images, texts, top, activations, constant, count=1):
    _, found = describe_layer(name, images, texts, top, activations, constant)
    concepts, scores = best_concepts(found, count)
    return SimpleNamespace(concepts=concepts, scores=scores)


def case(seed, n, m, u, d):
    """Units that each follow one concept to some extent, so that scores are far from 0 too."""
    rng = np.random.default_rng(seed)
    images, texts = directions(rng, n, d), directions(rng, m, d)
    followed = images @ texts[rng.integers(0, m, u)].T
    activations = (followed + 0.3 * rng.standard_normal((n, u))).astype(np.float32)
    return images, texts, activations, top_of(activations)


def top_of(activations, count=100):
    return np.argsort(-activations, axis=0, kind="stable")[:count].T.copy()


def product(images, texts):
    return images.astype(np.float64) @ texts.T.astype(np.float64)


def softmax(values):
    powers = [[math.exp(x) for x in row] for row in values]
    return np.array([[x / sum(row) for x in row] for row in powers])


def mutual(given, weight):
    """log p(d|u) - weight log p(d), each exponential taken on its own, against the greatest."""
    scores = np.empty_like(given)
    for d in range(given.shape[1]):
        most = max(given[:, d])
        overall = most + math.log(sum(math.exp(x - most) for x in given[:, d])) - math.log(len(given))
        scores[:, d] = [x - weight * overall for x in given[:, d]]
    return scores


def plain_soft_wpmi(similarities, top):
    share = softmax(10 * similarities)
    given = np.zeros((len(top), similarities.shape[1]))
    for u, rows in enumerate(top):
        for j, row in enumerate(rows):
            p = 0.998 - (j / len(rows)) * (0.998 - 0.97)
            for d in range(similarities.shape[1]):
                given[u, d] += math.log(1 + p * (share[row, d] - 1) + 1e-7)
    return mutual(given, 1.0)


def plain_wpmi(similarities, top):
    share = softmax(2 * similarities)
    given = np.array(
        [[sum(math.log(share[i, d] + 1e-7) for i in rows[:28]) for d in range(share.shape[1])] for rows in top]
    )
    return mutual(given, 0.6)


def plain_cosine(similarities, activations):
    scores = np.empty((activations.shape[1], similarities.shape[1]))
    for u, d in np.ndindex(*scores.shape):
        a, b = activations[:, u].astype(np.float64), similarities[:, d]
        scores[u, d] = (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
    return scores


def authors_cubed(similarities, activations, min_norm):
    """What the authors' program does, with its floor of the norms; without one it is the formula."""
    sides = [(each - each.mean(axis=0)) ** 3 for each in (activations.astype(np.float64), similarities)]
    unit, concept = (each / np.maximum(np.linalg.norm(each, axis=0), min_norm) for each in sides)
    return unit.T @ concept


def plain_rank(similarities, activations):
    count = int(0.05 * len(activations))
    scores = np.empty((activations.shape[1], similarities.shape[1]))
    for u, d in np.ndindex(*scores.shape):
        rows = sorted(range(len(activations)), key=lambda i: -activations[i, u])[:count]
        values = [float(activations[i, u]) for i in rows]
        usual = np.mean([abs(x - y) ** 3 for x in values for y in values])
        by_concept = sorted(rows, key=lambda i: -similarities[i, d])
        taken = dict(zip(by_concept, sorted(values, reverse=True), strict=True))
        moved = np.mean([abs(taken[i] - value) ** 3 for i, value in zip(rows, values, strict=True)])
        mean = max(np.mean([similarities[i, d] for i in rows]), 1e-3)
        scores[u, d] = -moved / usual / math.sqrt(mean)
    return scores


@pytest.mark.parametrize(("seed", "n", "m", "u", "d"), CASES)
def test_soft_wpmi_is_the_formula(seed, n, m, u, d):
    images, texts, _, top = case(seed, n, m, u, d)
    plain, ours = plain_soft_wpmi(product(images, texts), top), soft_wpmi(top, images, texts)
    assert np.abs(plain).max() > 1
    np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-5)
    assert (ours.argmax(1) == plain.argmax(1)).all()


@pytest.mark.parametrize(("seed", "n", "m", "u", "d"), CASES)
def test_wpmi_is_the_formula(seed, n, m, u, d):
    images, texts, _, top = case(seed, n, m, u, d)
    plain, ours = plain_wpmi(product(images, texts), top), wpmi(top, images, texts)
    np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-5)
    assert (ours.argmax(1) == plain.argmax(1)).all()


@pytest.mark.parametrize(("seed", "n", "m", "u", "d"), CASES)
def test_cosine_needs_no_matrix_of_similarities(seed, n, m, u, d):
    images, texts, activations, _ = case(seed, n, m, u, d)
    plain = plain_cosine(product(images, texts), activations)
    for block in (7, 4096):
        np.testing.assert_allclose(cosine(activations, images, texts, block), plain, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("seed", "n", "m", "u", "d"), CASES)
def test_the_cubed_cosine_needs_no_matrix_of_similarities(seed, n, m, u, d):
    images, texts, activations, _ = case(seed, n, m, u, d)
    plain = authors_cubed(product(images, texts), activations, 0)
    assert np.abs(plain).max() > 0.3
    for block in (8 * 7 * (u + m), 2**26):
        np.testing.assert_allclose(cosine_cubed(activations, images, texts, block), plain, rtol=0, atol=1e-9)
    # Scores of the authors' program are the same where no norm is below its floor, whatever the scale of activations.
    np.testing.assert_allclose(cosine_cubed(7 * activations, images, texts), plain, rtol=0, atol=1e-6)
    np.testing.assert_allclose(plain, authors_cubed(product(images, texts), activations, 1e-3), rtol=0, atol=1e-9)


def test_the_floor_of_the_authors_norms_is_not_ours():
    images, texts, activations, _ = case(*CASES[0])
    similarities = 0.2 + 0.001 * product(images, texts)  # hardly different, as CLIP's are
    wide = np.concatenate([images * np.float32(0.001), np.ones((len(images), 1), np.float32)], axis=1)
    words = np.concatenate([texts, np.full((len(texts), 1), 0.2, np.float32)], axis=1)
    ours = cosine_cubed(activations, wide, words)
    np.testing.assert_allclose(ours, authors_cubed(similarities, activations, 0), rtol=0, atol=1e-3)
    assert np.abs(authors_cubed(similarities, activations, 1e-3)).max() < 0.1 < np.abs(ours).max()


@pytest.mark.parametrize(("seed", "n", "m", "u", "d"), CASES[:3])
def test_rank_is_the_formula(seed, n, m, u, d):
    images, texts, activations, _ = case(seed, n, m, u, d)
    plain = plain_rank(product(images, texts), activations)
    np.testing.assert_allclose(rank(activations, images, texts), plain, rtol=2e-5)
    np.testing.assert_allclose(rank(activations, images, texts, block_bytes=1), plain, rtol=2e-5)


def test_a_random_order_ranks_as_chance():
    rng = np.random.default_rng(0)
    activations = rng.exponential(size=(2000, 4)).astype(np.float32)
    images, texts = rng.uniform(0.2, 0.4, (2000, 300)).astype(np.float32), np.eye(300, dtype=np.float32)
    scores = rank(activations, images, texts, length=0)
    assert scores.mean() == pytest.approx(-1, abs=0.02)
    perfect = rank(activations, activations, np.eye(4, dtype=np.float32), length=0)
    assert np.abs(np.diag(perfect)).max() < 1e-12


def test_a_concept_that_tells_no_image_from_another_ranks_as_chance():
    activations = np.random.default_rng(1).random((2000, 10)).astype(np.float32)
    images, texts = np.full((2000, 1), 0.3, np.float32), np.ones((1, 1), np.float32)
    # One order of 100 images, the same for all units: reversed it would be -2.5, kept 0.
    assert rank(activations, images, texts, length=0).mean() == pytest.approx(-1, abs=0.4)


def test_blocks_and_threads_change_nothing():
    for seed, n, m, u, d in CASES:
        images, texts, _, top = case(seed, n, m, u, d)
        for function in (soft_wpmi, wpmi):
            whole = function(top, images, texts)
            for rows, threads in ((1, 1), (7, 2), (64, 3)):
                part = function(top, images, texts, block_bytes=4 * m * rows, threads=threads)
                np.testing.assert_allclose(part, whole, rtol=0, atol=1e-5)
                assert (part.argmax(1) == whole.argmax(1)).all()
            again = function(top, images, texts, threads=2)
            assert again.tobytes() == whole.tobytes()


def test_only_top_images_are_read():
    images, texts, _, top = case(*CASES[1])
    top = top[:, :5]
    spoiled = np.full_like(images, np.nan)
    spoiled[np.unique(top)] = images[np.unique(top)]
    assert np.array_equal(soft_wpmi(top, spoiled, texts), soft_wpmi(top, images, texts))


def test_the_units_of_the_call_make_p_of_d():
    images, texts, _, top = case(*CASES[1])
    together, apart = soft_wpmi(top, images, texts), soft_wpmi(top[:3], images, texts)
    assert np.abs(together[:3] - apart).max() > 0.1
    np.testing.assert_allclose(apart, plain_soft_wpmi(product(images, texts), top[:3]), atol=1e-5)


def test_one_unit_alone_has_no_mutual_information():
    images, texts, _, top = case(*CASES[0])
    assert not soft_wpmi(top[:1], images, texts).any()
    found = score("soft_wpmi", images, texts, top[:1], None, np.zeros(1, dtype=bool))
    assert found.concepts.tolist() == [[-1]]
    assert found.scores.tolist() == [[0.0]]
    alone = score("wpmi", images, texts, top[:1], None, np.zeros(1, dtype=bool))
    assert alone.concepts[0, 0] == plain_wpmi(product(images, texts), top[:1]).argmax()


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_unit_whose_top_images_show_a_concept_gets_it(name, seed):
    rng = np.random.default_rng(seed)
    n, m, u, d = 1500, 30, 12, 24
    texts = directions(rng, m, d)
    shown = rng.integers(0, m, n)
    strength = rng.uniform(0.3, 1, (n, 1)).astype(np.float32)
    images = strength * texts[shown] + 0.15 * rng.standard_normal((n, d)).astype(np.float32)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    wanted = rng.choice(m, u, replace=False)
    activations = np.where(shown[:, None] == wanted, (images @ texts[wanted].T), 0).astype(np.float32)
    labels = score(name, images, texts, top_of(activations, 40), activations, np.zeros(u, dtype=bool), 3)
    assert labels.concepts[:, 0].tolist() == wanted.tolist()
    assert labels.concepts.shape == labels.scores.shape == (u, 3)
    assert (np.diff(labels.scores, axis=1) <= 0).all()


@pytest.mark.parametrize("name", LAYER)
def test_a_layer_is_described_once_for_both_its_numbers(name):
    images, texts, activations, top = case(*CASES[1])
    constant = np.arange(len(top)) % 4 == 1
    alone, scores = describe_layer(name, images, texts, top, activations, constant)
    for found in (alone, scores):
        assert np.isnan(found).any(axis=1).tolist() == np.isnan(found).all(axis=1).tolist() == constant.tolist()
    assert scores[~constant].tobytes() == LAYER[name](top[~constant], images, texts).tobytes()
    assert alone[~constant].tobytes() == LAYER[name](top[~constant], images, texts, weight=0).tobytes()


@pytest.mark.parametrize("name", SIMILARITIES)
def test_constant_units_get_no_label_and_change_no_other(name):
    images, texts, activations, _ = case(*CASES[1])
    idle = np.concatenate([np.zeros((len(images), 1)), activations, np.full((len(images), 1), 2.5)], axis=1)
    idle = idle.astype(np.float32)
    constant = constant_units(idle, block=37)
    assert np.flatnonzero(constant).tolist() == [0, idle.shape[1] - 1]
    found = score(name, images, texts, top_of(idle), idle, constant, 2)
    without = score(name, images, texts, top_of(activations), activations, constant[1:-1], 2)
    assert (found.concepts[[0, -1]] == -1).all()
    assert not found.scores[[0, -1]].any()
    assert np.array_equal(found.concepts[1:-1], without.concepts)
    np.testing.assert_allclose(found.scores[1:-1], without.scores, rtol=1e-12)
    assert np.isfinite(found.scores).all()


def test_a_layer_of_constant_units_only():
    images, texts, _, top = case(*CASES[0])
    found = score("soft_wpmi", images, texts, top, None, np.ones(len(top), dtype=bool))
    assert (found.concepts == -1).all()


def test_values_that_are_zero_or_equal_give_no_nan():
    images = np.zeros((40, 3), dtype=np.float32)
    images[:, 0], images[:7, 1] = 0.5, 1.0  # the third concept is nowhere, the first everywhere alike
    activations = np.zeros((40, 2), dtype=np.float32)
    activations[:7, 0], activations[3, 1] = np.arange(7) + 1, 1
    for name in SIMILARITIES:
        found = score(name, images, np.eye(3, dtype=np.float32), top_of(activations), activations, np.zeros(2, bool))
        assert np.isfinite(found.scores).all()
    assert not cosine(activations, images, np.eye(3, dtype=np.float32))[:, 2].any()
    assert not cosine_cubed(activations, images, np.eye(3, dtype=np.float32))[:, 2].any()
    ordered = rank(activations, images, np.eye(3, dtype=np.float32), share=0.2, length=0)[0]
    assert ordered[1] > ordered[0]  # a concept that tells no image from another gains nothing by it


def test_what_is_missing_is_named():
    images, texts, _, top = case(*CASES[0])
    alive = np.zeros(len(top), dtype=bool)
    with pytest.raises(InputError, match=r"similarity 'soft_wpmy' does not exist \(did you mean 'soft_wpmi'"):
        score("soft_wpmy", images, texts, top, None, alive)
    with pytest.raises(InputError, match="'rank' needs the pooled activations"):
        score("rank", images, texts, top, None, alive)


@pytest.mark.parametrize("level", [0.1, 1 / 3, 700.7])
def test_what_is_the_same_in_all_images_has_no_cubed_cosine(level):
    images, texts, activations, _ = case(*CASES[0])
    activations[:, 1] = level
    everywhere = np.concatenate([images, np.full((len(images), 1), level, np.float32)], axis=1)
    words = np.zeros((len(texts), everywhere.shape[1]), np.float32)
    words[:, :-1], words[3] = texts, 0
    words[3, -1] = 1
    found = cosine_cubed(activations, everywhere, words)
    assert not found[1].any()
    assert not found[:, 3].any()
    assert found.any(axis=0).sum() == len(texts) - 1


def test_rank_has_a_score_where_the_mean_similarity_is_negative():
    images, texts, activations, _ = case(*CASES[1])
    found = rank(activations, images, -np.abs(texts) * np.sign(images.mean(axis=0)))
    assert np.isfinite(found).all()

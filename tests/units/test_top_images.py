"""What the top images of units have in common: against libraries, cases by hand, and units with a known truth."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from lucidag.ground.errors import InputError
from lucidag.units.labels.top_images import (
    _silhouette,
    clarity,
    nearest_units,
    polysemy,
    random_top,
    search,
    unit_embeddings,
)

KINDS, EACH = 8, 40


def embedded(seed, spread=0.6):
    """Images of some kinds in a space where all have something in common, as CLIP's do."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(KINDS, 32)) + 1
    images = np.repeat(centres, EACH, axis=0) + spread * rng.normal(size=(KINDS * EACH, 32))
    return images / np.linalg.norm(images, axis=1, keepdims=True), np.repeat(np.arange(KINDS), EACH)


def tops(kind, seed):
    """Top images of pure units, of units of two kinds, and of units of noise: eight of each."""
    rng = np.random.default_rng(seed)
    pure = [rng.permutation(np.flatnonzero(kind == each))[:20] for each in range(KINDS)]
    two = [np.concatenate([pure[each][:10], pure[(each + 3) % KINDS][:10]]) for each in range(KINDS)]
    return np.array([*pure, *two, *random_top(len(kind), 20, seed + 1, KINDS)])


@pytest.mark.parametrize("seed", range(3))
def test_clarity_is_the_mean_of_all_pairs(seed):
    images, kind = embedded(seed)
    top = tops(kind, seed)
    found = clarity(3 * images, top)
    for unit, rows in enumerate(top):
        similar = images[rows] @ images[rows].T
        assert found[unit] == pytest.approx(similar[~np.eye(20, dtype=bool)].mean())
    assert found[:8].min() > found[8:16].max() > found[16:].max()


@pytest.mark.parametrize("seed", range(4))
def test_units_of_two_kinds_have_two_clusters_and_others_one(seed):
    images, kind = embedded(seed)
    top = tops(kind, seed)
    found = polysemy(images, top, seed=seed)
    assert (found.count[:8] == 1).all()
    assert (found.count[8:16] == 2).all()
    assert (found.count[16:] == 1).mean() >= 0.75
    for unit in range(8, 16):
        assert set(map(tuple, np.stack([found.parts[unit], kind[top[unit]]], axis=1))) in (
            {(0, unit - 8), (1, (unit - 5) % KINDS)},
            {(1, unit - 8), (0, (unit - 5) % KINDS)},
        )
    assert (found.parts[:8] == 0).all()


def test_few_of_the_sets_of_random_images_have_clusters():
    images, _ = embedded(0)
    found = polysemy(images, random_top(len(images), 20, 77, 300), seed=1)
    assert (found.count > 1).mean() < 0.1


@pytest.mark.parametrize("clusters", [2, 3, 4])
def test_silhouettes_are_those_of_the_library(clusters):
    rng = np.random.default_rng(clusters)
    points = rng.normal(size=(30, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    parts = np.arange(30) % clusters
    expected = silhouette_score(distances, parts, metric="precomputed")
    assert _silhouette(distances, parts) == pytest.approx(expected)


def test_equal_and_very_few_images_are_one_cluster():
    images = np.ones((30, 4))
    assert polysemy(images, np.tile(np.arange(10), (2, 1)), seed=0).count.tolist() == [1, 1]
    assert polysemy(images, np.array([[0, 1, 2]]), seed=0).count.tolist() == [1]


def test_the_nearest_unit_shows_the_same_kind():
    images, kind = embedded(1)
    top = np.array([np.flatnonzero(kind == each)[start : start + 20] for each in range(KINDS) for start in (0, 20)])
    embeddings = unit_embeddings(images, top)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(16))
    nearest, similarity = nearest_units(embeddings)
    assert nearest.tolist() == [unit ^ 1 for unit in range(16)]
    assert similarity == pytest.approx([embeddings[unit] @ embeddings[unit ^ 1] for unit in range(16)])
    alone, nothing = nearest_units(embeddings[:1])
    assert alone.tolist() == [-1]
    assert np.isnan(nothing).all()


def test_words_find_the_units_of_their_kind():
    images, kind = embedded(2)
    pure = tops(kind, 2)[:8]
    texts = np.stack([images[kind == each].mean(axis=0) for each in range(KINDS)])
    units, similarity = search(unit_embeddings(images, pure), 5 * texts, 3)
    assert units[:, 0].tolist() == list(range(8))
    assert units.shape == similarity.shape == (8, 3)
    assert (np.diff(similarity, axis=1) <= 0).all()
    with pytest.raises(InputError, match="two CLIPs"):
        search(unit_embeddings(images, pure), texts[:, :5], 3)

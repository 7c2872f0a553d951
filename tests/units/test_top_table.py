"""The table of the images of units, and units found by words, on units with a known truth."""

import numpy as np
import pytest

from lucidag.ground.errors import InputError
from lucidag.units.labels.top_table import top_table
from lucidag.units.labels.unit_search import search_layers
from lucidag.units.passes.unit_statistics import LayerStatistics
from tests.units.test_top_images import KINDS, embedded

PURE, TWO, NOISE, DEAD = (slice(8 * n, 8 * n + 8) for n in range(4))


def layer(seed):
    """Eight pure units, eight of two kinds, eight of noise, eight dead ones; and a copy of each pure one with noise."""
    images, kind = embedded(seed)
    rng = np.random.default_rng(seed + 10)
    pure = np.eye(KINDS)[kind]
    answers = [pure, pure + np.roll(pure, -3, axis=1), np.zeros_like(pure)]
    activations = np.concatenate([each + 0.2 * rng.random(each.shape) for each in answers], axis=1)
    copies = activations[:, PURE] + 0.02 * rng.random(pure.shape)
    activations = np.concatenate([activations, np.ones_like(pure), copies], axis=1).astype(np.float32)
    top = np.argsort(-activations, axis=0, kind="stable")[:20].T
    none = np.zeros(activations.shape[1], np.float32)
    units = LayerStatistics(top, np.take_along_axis(activations.T, top, 1), none, none, none, none)
    return units, activations, images, kind


@pytest.mark.parametrize("seed", range(3))
def test_planted_units_are_told_by_their_images(seed):
    units, activations, images, _ = layer(seed)
    table, embeddings = top_table(units, activations, images, 0.95, seed)
    assert table["clear"].iloc[PURE].all()
    assert (table["clusters"].iloc[PURE] == 1).all()
    assert (table["clusters"].iloc[TWO] == 2).all()
    assert table["clear"].iloc[NOISE].astype(bool).sum() <= 2
    assert table.iloc[DEAD].drop(columns=["unit", "clear"]).isna().all(axis=None)
    assert not table["clear"].iloc[DEAD].any()
    assert not embeddings[DEAD].any()
    np.testing.assert_array_equal(table["alike"].iloc[PURE], 32 + np.arange(8))


@pytest.mark.parametrize("seed", range(3))
def test_words_find_the_units_that_answer_to_them(seed):
    units, activations, images, kind = layer(seed)
    embeddings = top_table(units, activations, images, 0.95, seed)[1]
    texts = np.stack([images[kind == each].mean(axis=0) for each in range(KINDS)])
    words = [f"kind {each}" for each in range(KINDS)]
    found = search_layers({"a": embeddings[:32], "b": embeddings[32:]}, words, texts, 2)
    for each, word in enumerate(words):
        rows = found[found["text"] == word]
        assert set(zip(rows["layer"], rows["unit"], strict=True)) == {("a", each), ("b", each)}
        assert rows["rank"].tolist() == [1, 2]
        assert rows["similarity"].is_monotonic_decreasing
    with pytest.raises(InputError, match="two CLIPs"):
        search_layers({"a": embeddings}, words, texts[:, :5], 2)


def test_a_layer_without_active_units_has_empty_rows():
    units, activations, images, _ = layer(0)
    dead = np.ones_like(activations[:, :3])
    table, embeddings = top_table(units, dead, images, 0.95, 0)
    assert table.columns.tolist() == top_table(units, activations, images, 0.95, 0)[0].columns.tolist()
    assert table.drop(columns=["unit", "clear"]).isna().all(axis=None)
    assert embeddings.shape == (3, images.shape[1])

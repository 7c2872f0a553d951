"""Rankings against hand-made numbers."""

import numpy as np
import pytest

from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.rof.rank import RANKING_COLUMNS, order_of, rank, ranking_table, score

FEATURES = np.array([[1.0, -4.0, 0.0], [3.0, 4.0, 0.0]], dtype=np.float32)
WEIGHT = np.array([[5.0, 0.0, 1.0], [-5.0, 1.0, 1.0]], dtype=np.float32)


def content(features=FEATURES, weight=WEIGHT):
    return Features(
        images=tuple(str(i) for i in range(len(features))),
        labels=np.zeros(len(features), dtype=np.int64),
        groups=np.zeros(len(features), dtype=np.int64),
        logits=np.zeros((len(features), 2), dtype=np.float32),
        features=features,
        weight=weight,
        bias=None if weight is None else np.zeros(len(weight), dtype=np.float32),
        classes=("a", "b"),
        group_names=("all",),
        layer="fc",
    )


@pytest.mark.parametrize(
    ("method", "expected"),
    [("l1", [2, 4, 0]), ("l2", [5**0.5, 4, 0]), ("variance", [1, 16, 0]), ("contribution", [10, 2, 0])],
)
def test_scores_by_hand(method, expected):
    np.testing.assert_allclose(score(FEATURES, WEIGHT, method), expected, rtol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_contribution_is_the_mean_of_every_product(seed):
    draw = np.random.default_rng(seed)
    features, weight = (draw.normal(size=shape).astype(np.float32) for shape in ((40, 6), (5, 6)))
    products = np.abs(weight.astype(np.float64)[None] * features.astype(np.float64)[:, None])
    np.testing.assert_allclose(score(features, weight, "contribution"), products.mean(axis=(0, 1)), rtol=1e-12)


def test_orders():
    assert rank(FEATURES, WEIGHT).tolist() == [1, 0, 2]
    assert rank(FEATURES, WEIGHT, "contribution").tolist() == [0, 1, 2]
    assert rank(FEATURES, WEIGHT, "reversed").tolist() == [2, 0, 1]
    ties = np.array([[1.0, 2.0, 1.0, 2.0]], dtype=np.float32)
    assert rank(ties, ties).tolist() == [1, 3, 0, 2]


def test_random_is_a_permutation_fixed_by_its_seed():
    wide = np.ones((2, 50), dtype=np.float32)
    first, again, other = (rank(wide, wide, "random", seed) for seed in (1, 1, 2))
    assert sorted(first) == list(range(50))
    assert first.tolist() == again.tolist() != other.tolist()


def test_table():
    table = ranking_table({"train": content(), "test": content(FEATURES[:1])}, ["l1", "random", "reversed"], [7, 8])
    assert tuple(table.columns) == RANKING_COLUMNS
    assert len(table) == 2 * 4 * 3
    train = table[(table["split"] == "train") & (table["method"] == "l1")]
    assert train[["rank", "unit", "score"]].to_numpy().tolist() == [[1, 1, 4], [2, 0, 2], [3, 2, 0]]
    assert table[table["method"] == "random"]["score"].isna().all()
    assert (table["seed"].notna() == (table["method"] == "random")).all()
    back = table[(table["split"] == "train") & (table["method"] == "reversed")]
    assert back["score"].tolist() == [0, 2, 4]
    assert order_of(table, "train", "random", 8).tolist() == rank(FEATURES, WEIGHT, "random", 8).tolist()
    shuffled = table.sample(frac=1, random_state=0)
    assert order_of(shuffled, "train", "random", 8).tolist() == rank(FEATURES, WEIGHT, "random", 8).tolist()
    assert order_of(shuffled, "train", "l1").tolist() == rank(FEATURES, WEIGHT).tolist()
    with pytest.raises(InputError, match=r"l2.*train"):
        order_of(table, "train", "l2")


def test_wrong_input_is_named():
    with pytest.raises(InputError, match="'l3' is unknown"):
        rank(FEATURES, WEIGHT, "l3")
    with pytest.raises(InputError, match="needs a seed"):
        rank(FEATURES, WEIGHT, "random")
    broken = FEATURES.copy()
    broken[0, 1] = np.nan
    with pytest.raises(InputError, match="unit 1"):
        rank(broken, WEIGHT)
    with pytest.raises(InputError, match="no last linear layer"):
        ranking_table({"train": content(FEATURES, None)}, ["l1"])

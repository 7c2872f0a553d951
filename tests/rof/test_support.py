"""Support of roles: planted differences of splits are found, two splits of one population have none."""

from dataclasses import replace

import numpy as np
import pytest

from lucidag.data.features import Features
from lucidag.rof.null import deals, ranks_of, role_draws
from lucidag.rof.plateau import retrieved
from lucidag.rof.rank import rank, ranking_table
from lucidag.rof.roles import judged_roles
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_sweep
from lucidag.rof.support import ROLES, support
from lucidag.rof.sweep import sweep

RANKS = {split: np.arange(1, 11) for split in ("train", "test")}


def content(images, seed, useful=6, units=10):
    """Give units that tell the class a little, each more often the greater; only the first `useful` do."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, images)
    features = np.abs(rng.normal(size=(images, units))) * np.linspace(2, 1, units)
    tells = np.where(np.arange(units) < useful, 0.75, 0.5)
    right = rng.random((images, units)) < tells
    features *= np.where(right, 1, -1) * (2 * labels - 1)[:, None]
    return Features(
        images=tuple(map(str, range(images))),
        labels=labels,
        groups=np.zeros(images, dtype=np.int64),
        logits=np.zeros((images, 2), dtype=np.float32),
        features=features.astype(np.float32),
        weight=np.array([[-1.0], [1.0]], dtype=np.float32) * np.ones((1, units), dtype=np.float32),
        bias=np.zeros(2, dtype=np.float32),
        classes=("a", "b"),
        group_names=("all",),
        layer="fc",
    )


@pytest.mark.parametrize("method", ["l1", "l2", "variance", "contribution"])
@pytest.mark.parametrize("seed", range(2))
def test_ranks_of_samples_are_those_of_the_resampled_images(method, seed):
    rng = np.random.default_rng(seed)
    features, weight = rng.normal(size=(30, 7)).astype(np.float32), rng.normal(size=(3, 7)).astype(np.float32)
    counts = rng.multinomial(30, np.full(30, 1 / 30), size=5)
    for count, found in zip(counts, ranks_of(counts, features, weight, method), strict=True):
        order = rank(np.repeat(features, count, axis=0), weight, method)
        assert (np.argsort(found) == order).all()
        assert sorted(found) == list(range(1, 8))


def test_deals_are_of_the_sizes_of_the_splits():
    labels = np.array([0, 0, 1, 1, 1]), np.array([1, 1, 0])
    dealt = deals(*labels, 60, 0)
    assert dealt[0].tolist() == [1] * 5 + [0] * 3
    of_class = np.concatenate(labels) == 1
    assert (dealt[:, of_class].sum(axis=1) == 3).all()
    assert (dealt[:, ~of_class].sum(axis=1) == 2).all()
    assert len({row.tobytes() for row in dealt}) > 20


@pytest.mark.parametrize("seed", range(3))
def test_patients_are_dealt_with_all_their_images(seed):
    owners = np.arange(12).repeat([1, 2, 3, 4] * 3)
    labels = (owners % 3 == 0).astype(np.int64)
    train = owners < 7
    dealt = deals(labels[train], labels[~train], 80, seed, owners)
    assert (dealt[0] == train).all()
    for each in range(12):
        assert (dealt[:, owners == each] == dealt[:, owners == each][:, :1]).all()
    first = np.unique(owners, return_index=True)[1]
    for label in (0, 1):
        of_class = dealt[:, first[labels[first] == label]].sum(axis=1)
        assert len(set(of_class)) == 1
    assert len({row.tobytes() for row in dealt}) > 40


def test_patients_with_one_image_each_change_nothing():
    contents = {"train": content(30, 0), "test": content(20, 1)}
    owned = {
        split: replace(each, owners=np.arange(len(each.labels)) + 50 * (split == "test"))
        for split, each in contents.items()
    }
    counts = {split: np.ones((6, len(each.labels)), dtype=np.uint8) for split, each in contents.items()}
    plain, by_patient = (role_draws(each, counts, "l1", 0.01, 3) for each in (contents, owned))
    assert plain.keys() == by_patient.keys()
    for name, values in plain.items():
        np.testing.assert_array_equal(values, by_patient[name])


@pytest.mark.parametrize("owners", [None, 7])
def test_turning_points_of_deals_are_those_of_the_dealt_images(owners):
    contents = {"train": content(50, 0), "test": content(40, 1)}
    whose = None
    if owners is not None:
        contents = {
            split: replace(each, owners=np.arange(len(each.labels)) // owners + 100 * (split == "test"))
            for split, each in contents.items()
        }
        whose = np.concatenate([each.owners for each in contents.values()])
    counts = {split: np.ones((6, len(each.labels)), dtype=np.uint8) for split, each in contents.items()}
    draws = role_draws(contents, counts, "l1", 0.01, 3)
    dealt = deals(contents["train"].labels, contents["test"].labels, 6, 3, whose)
    features, labels = (
        np.concatenate([getattr(each, name) for each in contents.values()]) for name in ("features", "labels")
    )
    head = contents["train"].weight, contents["train"].bias
    order = rank(features, head[0])
    for split, member in (("train", 1), ("test", 0)):
        for row, n0 in enumerate(
            zip(draws[f"dealt/n0/{split}/accuracy"], draws[f"dealt/n0/{split}/loss"], strict=True)
        ):
            own = dealt[row] == member
            result = sweep(features[own], labels[own], *head, order)
            assert n0 == (
                retrieved(result.accuracy[None], "accuracy", 0.01),
                retrieved(result.loss[None], "loss", 0.01),
            )
            assert (np.argsort(draws[f"dealt/ranks/{split}"][row]) == rank(features[own], head[0])).all()


def drawn(train, test, ends, dealt):
    """Give draws where bootstrap samples are as the splits, and deals have the turning points asked for."""
    ranks = np.tile(RANKS["train"], (len(dealt), 1))
    draws = {f"{name}/{split}": ranks for name in ("ranks", "dealt/ranks") for split in ("train", "test")}
    for place, (split, n0) in enumerate((("train", train), ("test", test))):
        draws[f"n0/{split}/l1/loss"] = np.full(len(dealt), n0)
        draws[f"bounds/{split}/l1/loss"] = np.array(ends[place])
        draws[f"dealt/n0/{split}/loss"] = np.array([each[place] for each in dealt])
    return draws


def test_roles_beyond_the_null_stand_at_both_ends():
    dealt = [(8, 3)] + [(5, 5)] * 99
    found = support(RANKS, {"train": 8, "test": 3}, drawn(8, 3, [(7, 9), (2, 4)], dealt), "l1", "loss", 0.95)
    assert found.role.tolist() == ["both"] * 3 + ["train_only"] * 5 + ["neither"] * 2
    undetermined = {2, 3, 7, 8}
    for unit in range(10):
        assert found.supported[unit] == ("undetermined" if unit in undetermined else found.role[unit])
    assert found.degenerate is False
    assert found.stability.tolist() == [1.0] * 10
    assert found.null.tolist() == [1.0] * 3 + [0.0] * 5 + [1.0] * 2
    rows = {row["role"]: row for row in found.shares}
    assert tuple(rows) == ROLES
    assert (rows["train_only"]["share"], rows["train_only"]["low"], rows["train_only"]["high"]) == (0.5, 0.3, 0.7)
    assert (rows["both"]["low"], rows["both"]["high"], rows["both"]["p"]) == (0.2, 0.4, None)
    assert rows["train_only"]["p"] == 0.01
    assert rows["train_only"]["null_share"] == rows["train_only"]["null_high"] == 0
    assert rows["test_only"]["p"] == 1
    assert [rows[role]["supported"] for role in ROLES] == [2, 3, 0, 1]


@pytest.mark.parametrize("n0", [(8, 3), (3, 8), (10, 10), (9, 10)])
def test_roles_that_one_population_gives_as_often_are_undetermined(n0):
    dealt = [n0] + [(8, 3), (3, 8)] * 50
    found = support(
        RANKS, dict(zip(RANKS, n0, strict=True)), drawn(*n0, [(k, k) for k in n0], dealt), "l1", "loss", 0.95
    )
    assert found.degenerate is True
    assert not {"train_only", "test_only"} & set(found.supported)


def test_without_draws_nothing_is_supported():
    found = support(RANKS, {"train": 8, "test": 3}, {}, "l1", "loss", 0.95)
    assert set(found.supported) == {"undetermined"}
    assert found.degenerate is None
    assert np.isnan(found.stability).all()
    assert {row["low"] for row in found.shares} == {row["p"] for row in found.shares} == {None}


@pytest.mark.parametrize("seed", range(2))
def test_splits_that_differ_are_told_apart_and_those_of_one_population_are_not(seed):
    asked = Rof(methods=["l1"], resamples=100, order_resamples=5, seed=seed)
    for useful, differ in ((6, False), (2, True)):
        contents = {"train": content(2000, seed, 8), "test": content(2000, seed + 100, 8 if not differ else useful)}
        ranking = ranking_table(contents, ["l1"])
        swept = run_sweep(contents, ranking, asked, 1)
        table, shares = judged_roles(ranking, swept.sweep, draws=swept.draws, confidence=0.95)
        degenerate = {row["metric"]: row["degenerate"] for row in shares}
        assert degenerate == dict.fromkeys(("accuracy", "loss"), not differ)
        assert ("train_only" in set(table["supported_accuracy"])) == differ
        assert table["flags"].str.contains("degenerate_accuracy").all() == (not differ)

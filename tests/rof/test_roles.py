"""Roles of units that were planted for a role."""

import numpy as np
import pandas as pd
import pytest

from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.rof.rank import ranking_table
from lucidag.rof.roles import ROLE_COLUMNS, ROLES, roles, shares
from lucidag.rof.settings import Rof
from lucidag.rof.stage import run_sweep

BOTH, TRAIN, TEST, DEAD, NOISE = range(5)


def planted(split, seed):
    """Unit 0 tells the class on both splits, units 1 and 2 on one each; unit 4 is weak noise."""
    draw = np.random.default_rng(seed + (split == "test"))
    labels = np.arange(400) % 2
    sign = 2.0 * labels - 1
    features = np.zeros((400, 5))
    features[:, BOTH] = 2.0 * sign
    features[:, TRAIN] = 3.0 * sign if split == "train" else 0.01 * draw.choice([-1, 1], size=400)
    features[:, TEST] = 3.0 * sign if split == "test" else 0.01 * draw.choice([-1, 1], size=400)
    features[:, NOISE] = 0.5 * np.where(np.arange(400) < 200, sign, -sign)
    features[:, BOTH] *= np.where(np.arange(400) % 100 == 3, -1, 1)  # wrong on 1 %
    weight = np.array([[-1.0] * 5, [1.0] * 5], dtype=np.float32)
    return Features(
        images=tuple(str(i) for i in range(400)),
        labels=labels,
        groups=np.zeros(400, dtype=np.int64),
        logits=np.zeros((400, 2), dtype=np.float32),
        features=features.astype(np.float32),
        weight=weight,
        bias=np.zeros(2, dtype=np.float32),
        classes=("a", "b"),
        group_names=("all",),
        layer="fc",
    )


def tables(seed):
    contents = {split: planted(split, seed) for split in ("train", "test")}
    ranking = ranking_table(contents, ["l1"])
    return ranking, run_sweep(contents, ranking, Rof(methods=["l1"], resamples=0), 1).sweep


@pytest.mark.parametrize("seed", range(3))
def test_planted_roles(seed):
    ranking, sweep = tables(seed)
    table = roles(ranking, sweep, margin=0)
    assert tuple(table.columns) == ROLE_COLUMNS
    assert table["unit"].tolist() == [0, 1, 2, 3, 4]
    assert table["role"].tolist() == ["both", "train_only", "test_only", "neither", "neither"]
    assert table["role"].tolist() == table["role_loss"].tolist()
    assert table["flags"][DEAD] == "dead_test;dead_train"
    assert table["flags"][BOTH] == ""
    assert (table.loc[TRAIN, "rank_train"], table.loc[TEST, "rank_test"]) == (1, 1)
    assert table.loc[TRAIN, "score_train"] == 3.0
    assert table.loc[TRAIN, "gain_train_accuracy"] == 0.5  # from the tie that class 0 wins to all right
    assert table.loc[TRAIN, "gain_train_loss"] == pytest.approx(np.log(2) - np.log1p(np.exp(-6)), abs=1e-6)
    assert table.loc[DEAD, "gain_train_loss"] == 0
    assert table.loc[NOISE, "gain_test_loss"] < 0
    by_loss = shares(table)
    assert by_loss == {"both": 0.2, "train_only": 0.2, "test_only": 0.2, "neither": 0.4}
    assert tuple(by_loss) == ROLES


def test_accuracy_needs_only_the_first_unit_here():
    table = roles(*tables(0), metric="accuracy")
    assert table["role"].tolist() == ["neither", "train_only", "test_only", "neither", "neither"]


def test_every_unit_is_both_when_all_are_needed():
    ranking, sweep = tables(0)
    sweep = sweep.copy()
    sweep["loss"] = -sweep["k"].astype(float)
    table = roles(ranking, sweep)
    assert (table["role"] == "both").all()
    assert set(table["supported"]) == {"undetermined"}  # nothing was drawn


def test_wrong_input_is_named():
    ranking, sweep = tables(0)
    with pytest.raises(InputError, match="allowed: loss, accuracy"):
        roles(ranking, sweep, metric="worst_accuracy")
    with pytest.raises(InputError, match="l2"):
        roles(ranking, sweep, method="l2")
    with pytest.raises(InputError, match="ends at k = 3"):
        roles(ranking, sweep[sweep["k"] < 4])
    for split in ("train", "test"):
        with pytest.raises(InputError, match=f"of split '{split}'"):
            roles(ranking[ranking["split"] != split], sweep)
        with pytest.raises(InputError, match=f"on split '{split}'"):
            roles(ranking, sweep[sweep["split"] != split])


def by_hand(method, order, accuracy_turns, loss_turns):
    """Five units ranked alike on both splits, and curves that turn where they are asked to."""
    k, none = np.arange(6), pd.array([None] * 6, dtype="Int64")
    ranking, sweep = [], []
    for split in ("train", "test"):
        key = {"split": split, "method": method}
        ranking.append(pd.DataFrame({**key, "seed": none[:5], "rank": k[1:], "unit": order, "score": 1.0}))
        curves = {"accuracy": 1.0 * (k >= accuracy_turns), "loss": 1.0 * (k < loss_turns)}
        sweep.append(pd.DataFrame({**key, "seed": none, "k": k, **curves}))
    return pd.concat(ranking), pd.concat(sweep)


def test_roles_and_flags_go_by_the_method_and_the_metric_that_are_asked_for():
    both = by_hand("l1", [0, 1, 2, 3, 4], 2, 5), by_hand("l2", [4, 3, 2, 1, 0], 4, 1)
    ranking, sweep = (pd.concat(parts) for parts in zip(*both, strict=True))
    found = roles(ranking, sweep, "l2", "accuracy")
    assert found["role"].tolist() == ["neither", "both", "both", "both", "both"]
    assert found["role_loss"].tolist() == ["neither", "neither", "neither", "neither", "both"]
    assert found["gain_train_loss"].tolist() == [0, 0, 0, 0, 1]

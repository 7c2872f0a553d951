"""Roles against generalisation: planted associations and SciPy's own results."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lucidag.ground.errors import InputError
from lucidag.rof.generalisation import between, correlations, model_row, nothing_correlated, within
from lucidag.rof.roles import roles


def one_family(values):
    return np.zeros(len(values), dtype=np.int64)


@pytest.mark.parametrize("seed", range(2))
def test_p_and_interval_against_scipy(seed):
    draw = np.random.default_rng(seed)
    gap = draw.normal(size=12)
    share = gap + 1.5 * draw.normal(size=12)
    found = within(share, gap, one_family(gap), 3000, 0.9, 0)
    expected = stats.spearmanr(share, gap)
    assert found["rho"] == pytest.approx(expected.statistic, abs=1e-12)
    assert found["p"] == pytest.approx(expected.pvalue, abs=0.03)
    half = stats.norm.ppf(0.95) * np.sqrt((1 + found["rho"] ** 2 / 2) / (12 - 3))
    assert found["low"] == pytest.approx(np.tanh(np.arctanh(found["rho"]) - half))
    assert found["high"] == pytest.approx(np.tanh(np.arctanh(found["rho"]) + half))
    assert found == within(share, gap, one_family(gap), 3000, 0.9, 0)


def test_an_association_of_families_only_is_not_one_within():
    draw = np.random.default_rng(0)
    family = np.repeat(np.arange(4), 6)
    share = family + 0.2 * draw.normal(size=24)
    gap = family + 0.2 * draw.normal(size=24)
    whole = within(share, gap, np.zeros_like(family), 500, 0.95, 0)
    inside = within(share, gap, family, 500, 0.95, 0)
    assert whole["rho"] > 0.8
    assert whole["p"] < 0.01
    assert abs(inside["rho"]) < 0.5
    assert inside["p"] > 0.05
    assert inside["low"] < 0 < inside["high"]


def test_an_association_within_families_is_found_though_families_oppose_it():
    draw = np.random.default_rng(1)
    family = np.repeat(np.arange(4), 6)
    inner = draw.normal(size=24)
    share, gap = inner + 10 * family, inner - 10 * family
    assert within(share, gap, np.zeros_like(family), 300, 0.95, 0)["rho"] < -0.5
    inside = within(share, gap, family, 300, 0.95, 0)
    assert inside["rho"] > 0.9
    assert inside["p"] < 0.02


@pytest.mark.parametrize(
    ("share", "gap", "family", "reason"),
    [
        ([0.5] * 4, [1, 2, 3, 4], [0] * 4, "the share is the same for all models"),
        ([1, 2, 3, 4], [0.5] * 4, [0] * 4, "the gap is the same for all models"),
        ([1, 1, 2, 2], [1, 2, 3, 4], [0, 0, 1, 1], "the share is the same for all models within every family"),
        ([1, 2], [1, 2], [0, 0], "2 models are fewer than 3"),
        ([1, 2, np.nan], [1, 2, 3], [0] * 3, "the share of a model is missing"),
    ],
)
def test_no_correlation_has_a_reason(share, gap, family, reason):
    found = within(np.array(share, float), np.array(gap, float), np.array(family), 50, 0.95, 0)
    assert found.pop("reason") == reason
    assert set(found.values()) == {None}


def tables(n0_train, n0_test):
    """Four units, ranked 0..3 on both splits, with turning points where they are asked for."""
    ranking = pd.concat(
        [
            pd.DataFrame(
                {
                    "split": split,
                    "method": "l1",
                    "seed": pd.array([None] * 4, dtype="Int64"),
                    "rank": range(1, 5),
                    "unit": range(4),
                    "score": 1.0,
                }
            )
            for split in ("train", "test")
        ]
    )
    k = np.arange(5)
    sweep = pd.concat(
        [
            pd.DataFrame(
                {
                    "split": split,
                    "method": "l1",
                    "seed": pd.array([None] * 5, dtype="Int64"),
                    "k": k,
                    "accuracy": 0.9 - np.where(k < n0, 0.5, n0 / 10) - offset,
                    "loss": 1.0 * (k < n0),
                }
            )
            for split, n0, offset in (("train", n0_train, 0.0), ("test", n0_test, 0.25))
        ]
    )
    return ranking, sweep


def test_rows_of_models_and_their_correlations():
    rows = []
    for seed, (n0_train, n0_test) in enumerate([(1, 1), (2, 1), (3, 1), (4, 1)]):
        ranking, sweep = tables(n0_train, n0_test)
        rows += model_row(f"m{seed}", "a", seed, roles(ranking, sweep), sweep)
    table = pd.DataFrame(rows)
    first = table.iloc[2]  # the second model by accuracy or loss
    assert (first["model"], first["n0_train"], first["n0_test"]) == ("m1", 2, 1)
    assert first["gap"] == pytest.approx(0.9 - 0.2 - (0.9 - 0.1 - 0.25))
    assert [first[f"share_{r}"] for r in ("both", "train_only", "test_only", "neither")] == [0.25, 0.25, 0, 0.5]
    found = pd.DataFrame(correlations(table, 100, 0.95, 0))
    assert len(found) == 2 * 4 * 2
    pick = found[(found["metric"] == "loss") & (found["scope"] == "within_family")].set_index("share")
    # n0_train grows from model to model, and the train accuracy with all units on falls with it, and so the gap.
    assert pick.loc["train_only", "rho"] == -1.0
    assert pick.loc["neither", "rho"] == 1.0
    assert pick.loc["both", "reason"] == "the share is the same for all models"
    with pytest.raises(InputError, match="at least 1 draw"):
        correlations(table, 0, 0.95, 0)


def test_equal_gaps_tie():
    ranking, sweep = tables(4, 4)
    gaps = []
    for train, test in ((0.9, 0.8), (0.8, 0.7), (1.0, 0.9)):  # whose differences are not equal in float64
        accuracy = sweep["accuracy"].where(sweep["k"] < 4, sweep["split"].map({"train": train, "test": test}))
        rows = model_row("m", "a", 0, roles(ranking, sweep), sweep.assign(accuracy=accuracy))
        gaps += [row["gap"] for row in rows]
    assert set(gaps) == {0.1}


def test_rows_go_by_the_method_and_the_metric():
    _, l1 = tables(1, 2)
    _, l2 = tables(3, 4)
    units = pd.DataFrame({"role_loss": ["both", "both", "neither", "both"], "role_accuracy": ["test_only"] * 4})
    accuracy, loss = model_row("m", "a", 0, units, pd.concat([l1, l2.assign(method="l2")]), "l2")[::-1]
    assert (accuracy["metric"], loss["metric"]) == ("accuracy", "loss")
    assert (accuracy["n0_train"], accuracy["n0_test"], loss["n0_train"], loss["n0_test"]) == (3, 4, 3, 4)
    assert (accuracy["train_accuracy"], accuracy["test_accuracy"]) == pytest.approx((0.9 - 0.3, 0.9 - 0.4 - 0.25))
    assert [row["share_both"] for row in (accuracy, loss)] == [0, 0.75]
    assert [row["share_test_only"] for row in (accuracy, loss)] == [1, 0]


def test_correlations_are_those_of_each_metric_at_the_level_asked_for():
    draw = np.random.default_rng(2)
    gap, family = draw.normal(size=8), np.repeat(["x", "y"], 4)
    parts = []
    for metric in ("loss", "accuracy"):
        shares = {f"share_{role}": draw.normal(size=8) for role in ("both", "train_only", "test_only", "neither")}
        parts.append(pd.DataFrame({"metric": metric, "family": family, "gap": gap, **shares}))
    for row in correlations(pd.concat(parts), resamples=40, confidence=0.5, seed=7):
        part = parts[row["metric"] == "accuracy"]
        how = within if row["scope"] == "within_family" else between
        expected = how(part[f"share_{row['share']}"].to_numpy(), gap, (family == "y").astype(np.int64), 40, 0.5, 7)
        assert {key: row[key] for key in expected} == expected


def test_p_is_the_share_of_all_matchings():
    line = np.arange(4.0)
    # Of 24 matchings the order itself and its reverse are as far from 0.
    assert within(line, line, one_family(line), 1500, 0.95, 0)["p"] == pytest.approx(2 / 24, abs=0.02)
    # Of 6 x 6 matchings within two families, again two.
    two, family = np.array([1.0, 2, 3, 11, 12, 13]), np.repeat([0, 1], 3)
    assert within(two, two, family, 1500, 0.95, 0)["p"] == pytest.approx(2 / 36, abs=0.018)
    # The observed matching counts too, so p is never 0.
    long = np.arange(12.0)
    assert within(long, long, one_family(long), 30, 0.95, 0)["p"] == 1 / 31


def test_no_correlation_at_all_is_said():
    reasons = ["2 models are fewer than 3", "2 models are fewer than 3"]
    (sentence,) = nothing_correlated([{"reason": reason} for reason in reasons])
    assert sentence.count("2 models are fewer than 3") == 1
    assert nothing_correlated([{"reason": reasons[0]}, {"reason": None}]) == []


@pytest.mark.parametrize("seed", range(2))
def test_between_families_is_the_correlation_of_their_means(seed):
    draw = np.random.default_rng(seed)
    family = draw.permutation(np.repeat(np.arange(6), 3))
    share, gap = draw.normal(size=18), draw.normal(size=18)
    means = pd.DataFrame({"share": share, "gap": gap}).groupby(family).mean()
    expected = stats.spearmanr(means["share"], means["gap"])
    found = between(share, gap, family, 10_000, 0.95, 0)  # all 720 orders
    exact = stats.permutation_test(
        (means["share"],), lambda x: stats.spearmanr(x, means["gap"]).statistic, permutation_type="pairings"
    )
    assert found["rho"] == pytest.approx(expected.statistic)
    assert found["p"] == pytest.approx(exact.pvalue)
    assert found["low"] < found["rho"] < found["high"]


def test_seeds_of_a_family_are_no_models_of_their_own():
    """Four families whose shares and gaps differ by chance, thirty seeds each: far from a finding."""
    family = np.repeat(np.arange(4), 30)
    share, gap = np.array([0.0, 1, 2, 3])[family], np.array([0.0, 2, 1, 3])[family]
    draw = np.random.default_rng(0)
    found = between(share + 0.01 * draw.normal(size=120), gap + 0.01 * draw.normal(size=120), family, 999, 0.95, 0)
    assert found["rho"] == pytest.approx(0.8)
    assert found["p"] > 0.3
    assert found["low"] is None
    assert between(share[:30], gap[:30], family[:30], 9, 0.95, 0)["reason"] == "1 families are fewer than 3"


def test_p_is_corrected_for_shares_and_metrics():
    draw = np.random.default_rng(5)
    rows = []
    for metric in ("loss", "accuracy"):
        for model in range(8):
            shares = {f"share_{role}": draw.normal() for role in ("both", "train_only", "test_only", "neither")}
            rows.append({"metric": metric, "family": str(model), "gap": float(model), **shares})
    found = [row for row in correlations(pd.DataFrame(rows), 99, 0.95, 0) if row["scope"] == "between_families"]
    p = sorted(row["p"] for row in found)
    least = min(found, key=lambda row: row["p"])
    assert least["p_holm"] == pytest.approx(min(1, 8 * p[0]))
    assert all(row["p_holm"] >= row["p"] for row in found)

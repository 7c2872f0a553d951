"""Roles joined with labels: planted effects are found, their absence is not, and degenerate roles are said."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lucidag.ground.errors import InputError
from lucidag.ground.files import write_json
from lucidag.rof.support import ROLES, role_of
from lucidag.units.compare.roles_join import concept_roles, join, role_tests
from lucidag.units.settings import Draws


def roles_of(units, n0=(20, 16), seed=0, degenerate=(), determined=True):
    """Give units ranks on train and test, and the roles of turning points n0."""
    rng = np.random.default_rng(seed)
    ranks = [rng.permutation(units) + 1 for _ in range(2)]
    role = role_of(ranks[0] <= n0[0], ranks[1] <= n0[1])
    return pd.DataFrame(
        {
            "unit": range(units),
            "role": role,
            "role_loss": role,
            "role_accuracy": "both",
            **dict.fromkeys(("supported", "supported_loss"), role if determined else "undetermined"),
            "supported_accuracy": "undetermined",
            "rank_train": ranks[0],
            "rank_test": ranks[1],
            "flags": ";".join(f"degenerate_{metric}" for metric in degenerate) or np.nan,
        }
    )


def labels(scores, concepts=None, method="netdissect"):
    return pd.DataFrame(
        {
            "method": method,
            "unit": range(len(scores)),
            "concept": concepts or ["wall"] * len(scores),
            "category": "object",
            "score": scores,
            "verdict": np.where(np.asarray(scores, dtype=float) >= 0.04, "confirmed", "unconfirmed"),
        }
    )


def test_every_unit_keeps_its_role_and_its_label():
    roles = roles_of(40)
    scores = np.linspace(0, 0.1, 40)
    both = pd.concat([labels(scores + 1, method="clip-dissect"), labels(scores)]).sample(frac=1, random_state=0)
    joined = join(roles.sample(frac=1, random_state=1), both)
    assert joined["method"].tolist() == ["clip-dissect"] * 40 + ["netdissect"] * 40
    own = joined[joined["method"] == "netdissect"]
    assert own["rank_test"].tolist() == list(range(1, 41))
    own = own.set_index("unit").sort_index()
    assert own["role"].tolist() == roles["role"].tolist()
    assert own["score"].tolist() == scores.tolist()
    assert own["labelled"].tolist() == (scores >= 0.04).tolist()
    assert set(join(roles, labels(scores), "role_accuracy")["role"]) == {"both"}


@pytest.mark.parametrize("seed", range(2))
def test_a_planted_effect_is_found(seed):
    rng = np.random.default_rng(seed)
    roles = roles_of(60, (30, 25), seed)
    scores = rng.uniform(0, 0.06, 60) + 0.03 * roles["role"].isin(("both", "test_only"))
    found = role_tests(join(roles, labels(scores)), Draws(resamples=999))["netdissect"]["restoring"]["test"]
    needed = roles["rank_test"] <= 25
    assert (found["units"], found["others"]) == (25, 35)
    assert found["score"]["difference"] == pytest.approx(scores[needed].mean() - scores[~needed].mean())
    assert found["score"]["low"] > 0
    assert found["score"]["p"] < 0.01
    assert found["labelled"]["restoring"] == pytest.approx((scores[needed] >= 0.04).mean())
    assert found["labelled"]["p"] < 0.05
    assert found["rank"]["rho"] == pytest.approx(spearmanr(roles["rank_test"], scores).statistic)
    assert found["rank"]["rho"] < 0
    assert found["rank"]["p"] < 0.05
    assert not found["degenerate"]


def test_without_an_effect_p_is_even():
    rng = np.random.default_rng(3)
    p = {"score": [], "labelled": [], "rank": []}
    for seed in range(40):
        roles = roles_of(30, (10, 12), seed)
        tests = role_tests(join(roles, labels(rng.uniform(0, 0.08, 30))), Draws(resamples=99))
        for name, values in p.items():
            values.append(tests["netdissect"]["restoring"]["train"][name]["p"])
    for values in p.values():
        assert np.mean(np.array(values) <= 0.1) < 0.25
        assert np.mean(values) > 0.4


def test_p_of_few_units_is_that_of_all_orders():
    scores = [0.9, 0.1, 0.5, 0.2, 0.3]
    roles = roles_of(5, (2, 2)).assign(role=["both", "neither", "both", "neither", "neither"])
    found = role_tests(join(roles, labels(scores)), Draws(resamples=9999))["netdissect"]["restoring"]["train"]["score"]
    differences = [
        np.mean([scores[i] for i in chosen]) - np.mean([scores[i] for i in range(5) if i not in chosen])
        for chosen in itertools.combinations(range(5), 2)
    ]
    assert found["p"] == pytest.approx(2 * np.mean(np.array(differences) >= found["difference"] - 1e-12))


@pytest.mark.parametrize(
    ("n0", "sentence"),
    [((40, 40), "all 40 units are ranked up to the turning point"), ((0, 0), "none of the 40 units is ranked up")],
)
def test_degenerate_roles_say_so_instead_of_a_p_value(tmp_path, n0, sentence):
    roles = roles_of(40, n0, degenerate=("accuracy", "loss") if n0[0] else ())
    found = role_tests(join(roles, labels(np.linspace(0, 0.1, 40))), Draws(resamples=50))
    for split in ("train", "test"):
        each = found["netdissect"]["restoring"][split]
        assert each["degenerate"] == (n0[0] == 40)
        for name in ("score", "labelled"):
            assert sentence in each[name]["reason"]
            assert each[name]["p"] is each[name]["difference"] is None
        # the order of the units is there all the same
        assert each["rank"]["reason"] is None
    only = "both" if n0[0] else "neither"
    assert {role: each["units"] for role, each in found["netdissect"]["roles"].items()} == {
        role: 40 * (role == only) for role in ROLES
    }
    write_json(tmp_path / "roles.json", found)
    assert json.loads((tmp_path / "roles.json").read_text()) == found


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_degenerate_roles_are_those_of_their_metric(metric):
    roles, scores = roles_of(40, (30, 30), degenerate=(metric,)), labels(np.linspace(0, 0.1, 40))
    for column in ("role_loss", "role_accuracy"):
        joined = join(roles, scores, column)
        found = role_tests(joined, Draws(resamples=50))["netdissect"]["restoring"]
        assert {each["degenerate"] for each in found.values()} == {column == f"role_{metric}"}
        assert set(joined["flags"]) == ({f"degenerate_{metric}"} if column == f"role_{metric}" else {""})
        assert (joined["supported"] == "undetermined").all() == (column == "role_accuracy")


def test_units_without_a_supported_role_are_counted_by_concept():
    for determined in (True, False):
        joined = join(roles_of(20, determined=determined), labels(np.full(20, 0.5)))
        table = concept_roles(joined)
        assert table["undetermined"].sum() == (0 if determined else 20)
        assert table[list(ROLES)].to_numpy().sum() == 20


def test_equal_or_missing_scores_say_so():
    roles = roles_of(12, (6, 6))
    same = role_tests(join(roles, labels([0.05] * 12)), Draws(resamples=50))["netdissect"]["restoring"]["test"]
    for name in ("score", "labelled", "rank"):
        assert same[name]["reason"] == "all units have the same value"
    none = join(roles, labels([np.nan] * 12, ["none"] * 12))
    tests = role_tests(none, Draws(resamples=50))["netdissect"]["restoring"]["test"]
    assert tests["score"]["reason"] == "no unit has a score"
    assert tests["rank"]["reason"] == "fewer than 3 units have a score"
    assert len(concept_roles(none)) == 0


def test_concepts_by_role_by_hand():
    roles = pd.DataFrame(
        {
            "unit": range(5),
            "role": ["both", "neither", "both", "train_only", "test_only"],
            "supported": ["both", "undetermined", "both", "undetermined", "undetermined"],
            "rank_train": [1, 5, 2, 3, 4],
            "rank_test": [2, 5, 1, 4, 3],
            "flags": "",
        }
    )
    units = labels([0.1, 0.2, 0.3, 0.4, 0.01], ["wall", "sky", "sky", "sky", "wall"])
    table = concept_roles(join(roles, units))
    assert table["concept"].tolist() == ["sky", "wall"]
    sky = table.iloc[0]
    assert {role: sky[role] for role in ROLES} == {"both": 1, "train_only": 1, "test_only": 0, "neither": 1}
    assert sky["undetermined"] == 2
    assert sky["score"] == pytest.approx(0.3)
    assert (sky["rank_test_best"], sky["rank_train_best"]) == (1, 2)
    assert sky["rank_test_mean"] == pytest.approx(10 / 3)
    # the wall of score .01 is no label
    assert table.iloc[1]["units"] == 1


def test_what_does_not_fit_is_named():
    with pytest.raises(InputError, match="labels 30 units, but 40 units have roles"):
        join(roles_of(40), labels(np.ones(30)))
    with pytest.raises(InputError, match="column 'role_los' does not exist"):
        join(roles_of(40), labels(np.ones(40)), "role_los")
    with pytest.raises(InputError, match="no method labels the units"):
        join(roles_of(40), labels([]))


@pytest.mark.parametrize("n0", [(1, 39), (39, 1)])
def test_a_single_unit_on_a_side_makes_no_test(n0):
    scores = np.linspace(0, 0.1, 40)
    roles = roles_of(40, n0)
    found = role_tests(join(roles, labels(scores)), Draws(resamples=99))["netdissect"]["restoring"]
    for split, units in zip(("train", "test"), n0, strict=True):
        each = found[split]["score"]
        needed = roles[f"rank_{split}"] <= units
        assert (each["restoring"], each["others"]) == pytest.approx((scores[needed].mean(), scores[~needed].mean()))
        assert each["p"] is each["low"] is None
        assert ("only one unit is" if units == 1 else "all units but one are") in each["reason"]

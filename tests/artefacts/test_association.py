import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, chi2_contingency, fisher_exact, hypergeom
from scipy.stats.contingency import odds_ratio

from lucidag.artefacts.association import associations, best_rule, counted
from lucidag.artefacts.columns import sort_out
from lucidag.ground.errors import InputError

CLASSES = ("benign", "malignant")


def columns(**cells):
    return pd.DataFrame(cells, dtype=str)


def expanded(table):
    """Give values and labels of a 2 x 2 table [[without benign, without malignant], [with ...]]."""
    values, labels = [], []
    for value, row in zip("01", table, strict=True):
        for label, count in zip(CLASSES, row, strict=True):
            values += [value] * count
            labels += [label] * count
    return columns(flag=values), labels


@pytest.mark.parametrize("table", [[[30, 12], [5, 20]], [[8, 9], [10, 9]], [[40, 3], [2, 9]]])
def test_a_two_by_two_table_by_hand(table):
    cells, labels = expanded(table)
    (one,) = associations(cells, {"flag": "metadata"}, labels, CLASSES, 0.8, 0)
    (a, b), (c, d) = table
    # Fisher's test from the hypergeometric distribution: all tables at most as likely as the one seen.
    law = hypergeom(a + b + c + d, c + d, b + d)
    chances = law.pmf(np.arange(min(c + d, b + d) + 1))
    assert one["p"] == pytest.approx(chances[chances <= law.pmf(d) * (1 + 1e-9)].sum())
    assert one["p_holm"] == one["p"]
    ratio = odds_ratio([[d, c], [b, a]])
    assert one["odds_ratio"] == pytest.approx(ratio.statistic)
    assert one["odds_ratio"] == pytest.approx(d * a / (b * c), rel=0.2)  # near the plain one
    assert (one["odds_ratio_low"], one["odds_ratio_high"]) == pytest.approx(tuple(ratio.confidence_interval(0.8)))
    phi = abs(a * d - b * c) / np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    assert one["cramers_v"] == pytest.approx(phi)
    assert one["counts"] == {"0": {"benign": a, "malignant": b}, "1": {"benign": c, "malignant": d}}


def test_no_upper_limit_is_a_word():
    cells, labels = expanded([[20, 10], [0, 10]])
    (one,) = associations(cells, {"flag": "metadata"}, labels, CLASSES, 0.95, 0)
    assert one["odds_ratio"] == one["odds_ratio_high"] == "inf"
    assert one["odds_ratio_low"] > 1


def test_several_values_use_chi_square_or_where_few_monte_carlo():
    rng = np.random.default_rng(0)
    labels = rng.choice(CLASSES, 300).tolist()
    part = np.where(np.array(labels) == "malignant", rng.choice(["a", "b", "c"], 300, p=[0.6, 0.2, 0.2]), "")
    part = np.where(part == "", rng.choice(["a", "b", "c"], 300), part)
    rare = np.array(["x", "y", "z"])[np.r_[0, 0, 1, np.full(297, 2)]]
    cells = columns(part=part.tolist(), rare=rare.tolist())
    found = {
        one["column"]: one for one in associations(cells, dict.fromkeys(cells, "metadata"), labels, CLASSES, 0.95, 0)
    }
    assert found["part"]["test"] == "chi-square"
    assert found["part"]["p"] == pytest.approx(chi2_contingency(pd.crosstab(part, labels)).pvalue)
    assert found["rare"]["test"] == "Fisher's exact, Monte Carlo"
    assert 0.2 < found["rare"]["p"] <= 1
    again = [associations(cells[["rare"]], {"rare": "x"}, labels, CLASSES, 0.95, seed)[0]["p"] for seed in (0, 0, 1)]
    assert again[0] == again[1] != again[2]
    assert "odds_ratio" not in found["part"]
    assert found["part"]["rule"]["value"] == "a"
    assert found["part"]["rule"]["class"] == "malignant"


def test_a_column_that_says_the_class_goes_with_it_as_far_as_can_be():
    classes = [f"c{index}" for index in range(8)]
    labels = [classes[index % 8] for index in range(60)]
    cells = columns(same=[f"is {label}" for label in labels])
    (found,) = associations(cells, {"same": "metadata"}, labels, classes, 0.95, 0)
    assert found["cramers_v"] == pytest.approx(1)
    assert found["p"] < 0.001


def test_the_best_rule_by_hand():
    cells, labels = expanded([[10, 30], [40, 20]])
    rule = best_rule(counted(cells["flag"], labels, CLASSES), 0.95)
    assert (rule["value"], rule["class"], rule["images"]) == ("0", "malignant", 40)
    assert (rule["share"], rule["covers"], rule["informedness"]) == pytest.approx((0.75, 0.6, 0.4))


def test_the_interval_of_the_best_rule_allows_for_all_rules_it_was_chosen_among():
    cells, labels = expanded([[10, 30], [40, 20]])
    rule = best_rule(counted(cells["flag"], labels, CLASSES), 0.95)
    wilson = binomtest(30, 40).proportion_ci(1 - 0.05 / 4, method="wilson")  # two values, two classes
    assert (rule["share_low"], rule["share_high"]) == pytest.approx((wilson.low, wilson.high))


def test_of_equal_rules_the_surer_is_told():
    cells, labels = expanded([[60, 40], [0, 20]])
    rule = best_rule(counted(cells["flag"], labels, CLASSES), 0.95)
    assert (rule["value"], rule["class"], rule["share"]) == ("1", "malignant", 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_p_of_all_columns_are_corrected_together_and_the_surest_come_first(seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(CLASSES, 80).tolist()
    same = np.array(labels) == "malignant"
    cells = columns(
        **{f"c{i}": np.where(rng.random(80) < i / 10, same, rng.random(80) < 0.5).astype(int) for i in range(5)}
    )
    tests = associations(cells, dict.fromkeys(cells, "metadata"), labels, CLASSES, 0.95, 0)
    plain = sorted((fisher_exact(pd.crosstab(cells[name], np.array(labels))).pvalue, name) for name in cells)
    # Holm's steps: the least of five times 5, the next times 4, ..., none below the one before it.
    steps = np.minimum(1, np.maximum.accumulate([p * (5 - place) for place, (p, _) in enumerate(plain)]))
    assert [one["column"] for one in tests] == [name for _, name in plain]
    assert [one["p"] for one in tests] == pytest.approx([p for p, _ in plain])
    assert [one["p_holm"] for one in tests] == pytest.approx(steps)


def test_one_class_has_no_association():
    assert associations(columns(a=["0", "1"]), {"a": "metadata"}, ["benign"] * 2, CLASSES, 0.95, 0) == []


def test_columns_that_name_images_or_say_nothing_are_left_out():
    n = 60
    table = columns(
        name=[f"ISIC_{row}" for row in range(n)],
        lesion=[f"L{row // 2}" for row in range(n)],
        ward=[f"w{row % 30}" for row in range(n)],
        same=["x"] * n,
        nothing=[""] * n,
        sex=["f", "m", ""] * (n // 3),
        age=[str(20 + row % 40) for row in range(n)],
    )
    values, left_out = sort_out(table, list(table), "lesion", 20)
    assert set(values) == {"sex", "age"}
    assert set(left_out) == {"name", "lesion", "ward", "same", "nothing"}
    assert "only names them" in left_out["name"]
    assert "like an id" in left_out["ward"]
    assert left_out["same"] == "has one value only: 'x'"
    assert set(values["sex"]) == {"f", "m", "(empty)"}
    quarters = values["age"].value_counts()
    assert len(quarters) == 4
    assert quarters.min() >= 10
    assert quarters["20 to 27"] == 16  # of ages 20 to 39 twice and 40 to 59 once
    with pytest.raises(InputError, match="column 'sexx' does not exist"):
        sort_out(table, ["sexx"], None, 20)


def test_no_column_of_numbers_is_lost():
    n = 200
    table = columns(
        hairs=[str(max(0, row - 159)) for row in range(n)],  # three of the four quartiles are 0
        share=[str(row) for row in range(30)] + ["100"] * 170,
        taken=[str(20180101 + row // 2) for row in range(n)],  # six digits would not tell them apart
        area=[f"{row}.{row}1" for row in range(n)],  # measured, so all differ
        number=[str(row) for row in range(n)],
    )
    values, left_out = sort_out(table, list(table), None, 20)
    assert values["hairs"].value_counts().to_dict() == {"0 to 0": 160, "1 to 40": 40}
    assert values["share"].value_counts().to_dict() == {"0 to 29": 30, "100 to 100": 170}
    for name in ("taken", "area"):
        assert values[name].value_counts().tolist() == [50] * 4
    assert left_out == {"number": "has another value for each image, so it only names them"}
    few = columns(weight=["1.5", "2.25", "3.5"])
    assert "only names them" in sort_out(few, ["weight"], None, 20)[1]["weight"]


@pytest.mark.parametrize("images", [1, 3])
def test_columns_of_patients_are_tested_by_patients(images):
    cells, labels = expanded([[30, 12], [5, 20]])
    (plain,) = associations(cells, {"flag": "metadata"}, labels, CLASSES, 0.95, 0)
    rows = np.arange(len(cells)).repeat(images)
    ids = rows.astype(str).tolist()
    many = cells.iloc[rows].reset_index(drop=True)
    (one,) = associations(many, {"flag": "metadata"}, [labels[row] for row in rows], CLASSES, 0.95, 0, ids)
    for key in ("p", "odds_ratio", "odds_ratio_low", "odds_ratio_high"):
        assert one[key] == pytest.approx(plain[key])
    assert one["test"] == plain["test"] + ", of ids" * (images > 1)
    assert sum(sum(row.values()) for row in one["counts"].values()) == len(labels) * images


@pytest.mark.parametrize("seed", range(2))
def test_what_varies_within_patients_is_tested_by_permuting_patients(seed):
    rng = np.random.default_rng(seed)
    own, owner = rng.random(80) < 0.5, np.arange(80).repeat(4)
    labels = [CLASSES[int(each)] for each in own[owner]]
    noise, told = rng.random(320) < 0.5, np.where(rng.random(320) < 0.6, own[owner], rng.random(320) < 0.5)
    cells = columns(noise=noise.astype(int), told=told.astype(int))
    found = associations(cells, dict.fromkeys(cells, "finder"), labels, CLASSES, 0.95, 0, owner.astype(str).tolist())
    by_name = {one["column"]: one for one in found}
    assert {one["test"] for one in found} == {"permutation of ids"}
    assert by_name["told"]["p"] == 1 / 10_000
    assert by_name["told"]["odds_ratio_low"] > 1
    assert by_name["noise"]["p"] > 0.01
    assert by_name["told"]["reason"] is None
    few = associations(
        cells[:24], dict.fromkeys(cells, "finder"), labels[:24], CLASSES, 0.95, 0, owner[:24].astype(str).tolist()
    )
    for one in few:
        assert one["odds_ratio_low"] is None
        assert "too few" in one["reason"]

"""Counts, diversity, overlap and agreement of labelled units: hand-made cases, brute force, published tables."""

import itertools
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from lucidag.ground.errors import InputError
from lucidag.ground.files import write_json
from lucidag.ground.statistics.intervals import share
from lucidag.units.compare.summary import agreement, summary
from lucidag.units.compare.two_models import MEASURES, compare, overlap
from lucidag.units.labels.counts import concept_counts, diversity, labelled, measures, second_counts, verdict_counts
from lucidag.units.labels.quality import label_quality, true_columns
from lucidag.units.labels.unit_tables import read_layers, read_units, write_units
from lucidag.units.names import plain_name
from lucidag.units.settings import Comparison, Counting

LEAST = {"clip-dissect": 0.2, "netdissect": 0.04}  # of a score that is confirmed here


def units(concepts, scores=None, layer="layer4", method="clip-dissect", category=""):
    """Make the table of one layer; a concept may be given as (concept, category)."""
    pairs = [each if isinstance(each, tuple) else (each, category) for each in concepts]
    score = np.ones(len(pairs)) if scores is None else np.asarray(scores, dtype=float)
    return pd.DataFrame(
        {
            "layer": layer,
            "method": method,
            "unit": range(len(pairs)),
            "concept": [concept for concept, _ in pairs],
            "category": [category for _, category in pairs],
            "score": score,
            "verdict": np.where(score >= LEAST.get(method, 0.2), "confirmed", "unconfirmed"),
            "judged_by": "annotations",
            "second_verdict": "unconfirmed",
            "second_chance": False,
        }
    )


def dealt(rng, number, size, layer="layer4"):
    return units([f"c{code:02d}" for code in rng.integers(0, number, size)], layer=layer)


def test_tables_come_back_as_they_were(tmp_path):
    table = units(["null", "nan", "none", "007"], [0.1 + 0.2, math.pi, np.nan, 1.2345678901234567e-9]).drop(
        columns="layer"
    )
    table = table.assign(category=["NA", "", "", "12"], object_concept=["1", "2", "", "none"], iou=[0.5, np.nan, 1, 2])
    write_units(tmp_path / "layer4.csv", table)
    pd.testing.assert_frame_equal(read_units(tmp_path / "layer4.csv"), table, check_exact=True)
    write_units(tmp_path / "fc.csv", table.iloc[:1])
    both = read_layers({"layer4": tmp_path / "layer4.csv", "fc": tmp_path / "fc.csv"})
    assert both["layer"].tolist() == ["layer4"] * 4 + ["fc"]
    assert both["unit"].tolist() == [0, 1, 2, 3, 0]


def test_every_number_comes_back_as_it_was(tmp_path):
    scores = np.random.default_rng(0).random(3000)
    write_units(tmp_path / "l.csv", units(["cat"] * 3000, scores).drop(columns="layer").assign(strength=scores * 9))
    back = read_units(tmp_path / "l.csv")
    assert np.array_equal(back["score"], scores)
    assert np.array_equal(back["strength"], scores * 9)


def test_ties_of_units_dealt_out_are_broken_as_those_of_the_models_are():
    # Whoever gets which unit of a layer, a has as many of each concept, and b has most of cat.
    a = pd.concat([units([name], layer=name) for name in ("cat", "dog", "eel")])
    b = pd.concat([units([name] * (1 + 2 * (name == "cat")), layer=name) for name in ("cat", "dog", "eel")])
    found = compare(a, b, Comparison(top_concepts=1, resamples=20))["methods"]["clip-dissect"]["all"]["overlap"]
    assert (found["shared"], found["permuted"]["mean"], found["permuted"]["p"]) == (1, 1, 1)


def test_layers_of_one_model_alone_are_dealt_out_together():
    a, b = units(["cat"] * 8, layer="one"), units([f"c{at}" for at in range(8)], layer="two")
    found = compare(a, b, Comparison(resamples=200))["methods"]["clip-dissect"]["all"]["differences"]["unique"]
    assert (found["a"], found["b"]) == (1, 8)
    assert found["low"] < 0 < found["high"]
    assert found["p"] < 0.05


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"method": "clip"}, "method 'clip' does not exist; there are: clip-dissect, annotations, netdissect"),
        ({"concept": ""}, "unit 0 has an empty concept; 'none' says none"),
        ({"unit": 3}, "unit 3 has two rows of method 'clip-dissect'"),
        ({"unit": 0.5}, "column 'unit' must hold whole numbers"),
        ({"score": "high"}, "column 'score' must hold numbers"),
    ],
)
def test_bad_tables_are_named(tmp_path, change, sentence):
    table = units(["a", "b"]).assign(**change)
    with pytest.raises(InputError, match=re.escape(sentence)):
        write_units(tmp_path / "x.csv", table)
    table.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_units(tmp_path / "x.csv")


def test_what_is_no_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.csv does not exist"):
        read_units(tmp_path / "gone.csv")
    (tmp_path / "x.csv").write_text("layer,unit,description,similarity\nlayer2,0,red,0.5\n")
    with pytest.raises(InputError, match="column 'method' does not exist"):
        read_units(tmp_path / "x.csv")
    with pytest.raises(InputError, match="no layer was given"):
        read_layers({})


def test_a_label_counts_where_it_is_confirmed():
    table = units(["a", "none", "b", "c"], [0.2, 0.9, 0.1999, np.nan])
    assert labelled(table).tolist() == [True, False, False, False]
    assert labelled(table, confirmed=False).tolist() == [True, False, True, True]
    circular = table.assign(judged_by="CLIP (circular)", verdict=["confirmed", "untestable", "confirmed", "confirmed"])
    found = verdict_counts(table, 0.95)
    assert found["shares"]["unconfirmed"] == share(2, 4, 0.95)
    assert found["shares"]["untestable"] == share(0, 4, 0.95)
    assert found.keys() == {"confirmed", "unconfirmed", "untestable", "circular", "shares"}
    assert list(found.values())[:4] == [2, 2, 0, 0]
    assert list(verdict_counts(circular, 0.95).values())[:4] == [3, 0, 1, 3]


def test_units_of_two_concepts_are_counted():
    table = units(["a", "none", "b", "c"], [0.2, 0.9, 0.1999, np.nan])
    first = (table["verdict"] == "confirmed").to_numpy()
    assert first.tolist() == [True, False, False, True] or first.sum() == 2
    second = ["confirmed", "untestable", "confirmed", "unconfirmed"]
    found = second_counts(table.assign(second_verdict=second, second_chance=[False, False, True, False]), 0.95)
    assert found["confirmed"] == share(2, 4, 0.95)
    assert found["two"] == share(int((first & (np.array(second) == "confirmed")).sum()), 4, 0.95)
    assert found["chance"] == share(1, 4, 0.95)


def test_measures_by_hand():
    concepts = [("a", "x")] * 4 + [("b", "x")] * 2 + [("a", "y"), ("c", "y"), "none", ("d", "x")]
    found = measures(units(concepts, [0.5] * 9 + [0.1]), True, Counting(min_units_per_concept=4))
    assert found["units"] == 10
    interval = binomtest(8, 10).proportion_ci(0.95, method="wilson")
    assert found["labelled"] == {"value": 0.8, "low": interval.low, "high": interval.high, "n": 10}
    # the scene a and the object a are two concepts
    assert found["unique"] == 4
    assert found["units_per_concept"] == 2
    assert found["redundant"] == 6 / 8
    p = [0.5, 0.25, 0.125, 0.125]
    assert found["shannon"] == pytest.approx(-sum(q * math.log(q) for q in p), rel=1e-12)
    assert found["effective"] == pytest.approx(2**1.75, rel=1e-12)
    assert found["simpson"] == pytest.approx(1 - 0.25 - 0.0625 - 2 / 64, rel=1e-12)
    assert found["top"] == found["frequent"] == [{"concept": "a", "category": "x", "units": 4}]
    assert {name: (each["unique"], each["share"]["value"]) for name, each in found["categories"].items()} == {
        "x": (2, 0.75),
        "y": (2, 0.25),
    }
    assert measures(units(concepts, [0.5] * 9 + [0.1]), False, Counting())["unique"] == 5


def test_equal_top_concepts_are_all_named():
    found = measures(units(["b", "a", "b", "a", "c"]), False, Counting(min_units_per_concept=2))
    assert [each["concept"] for each in found["top"]] == ["a", "b"]
    assert [each["concept"] for each in found["frequent"]] == ["a", "b"]


@pytest.mark.parametrize("number", [1, 4, 37])
def test_diversity_has_its_known_ends(number):
    even = diversity(np.full(number, 3))
    assert even["effective"] == pytest.approx(number, rel=1e-12)
    assert even["shannon"] == pytest.approx(math.log(number), abs=1e-12)
    assert even["simpson"] == pytest.approx(1 - 1 / number, abs=1e-12)
    assert even["redundant"] == 1
    assert diversity(np.ones(number, dtype=int))["redundant"] == 0
    # a concept without units changes nothing
    assert diversity(np.array([5, 2, 0])) == diversity(np.array([5, 2]))


def test_units_without_a_label_give_none_and_no_nan(tmp_path):
    table = pd.concat([units(["none"] * 3), units(["x"] * 3, [0.0] * 3, method="netdissect")])
    found = summary(table, Counting())
    block = found["methods"]["clip-dissect"]["all"]["overall"]
    assert block["unique"] == 0
    assert block["top"] == []
    assert block["shannon"] is block["simpson"] is block["redundant"] is block["score"]["value"] is None
    assert found["agreement"]["overall"]["exact"]["value"] is None
    both = compare(table, table, Comparison(resamples=10))
    assert both["methods"]["clip-dissect"]["all"]["overlap"]["jaccard"] is None
    assert both["methods"]["clip-dissect"]["all"]["differences"]["shannon"]["p"] is None
    # plain values: the writer of JSON refuses NaN and numpy's numbers
    for name, value in (("summary.json", found), ("a-vs-b.json", both)):
        write_json(tmp_path / name, value)
        assert json.loads((tmp_path / name).read_text()) == value


def choices(counted, top_concepts):
    """Give every list of the most frequent concepts that some order of tied ones makes."""
    number = counted.set_index(["concept", "category"])["units"]
    length = min(top_concepts, len(number))
    if length == 0:
        return [set()]
    least = sorted(number, reverse=True)[length - 1]
    sure = [name for name, units in number.items() if units > least]
    tied = [name for name, units in number.items() if units == least]
    return [{*sure, *more} for more in itertools.combinations(tied, length - len(sure))]


@pytest.mark.parametrize("seed", range(12))
def test_the_effect_of_ties_is_that_of_all_choices(seed):
    rng = np.random.default_rng(seed)
    a, b = (concept_counts(dealt(rng, 9, int(rng.integers(6, 14)))) for _ in range(2))
    length = int(rng.integers(2, 7))
    shared = [len(x & y) for x in choices(a, length) for y in choices(b, length)]
    found = overlap(a, b, length)
    assert found["by_ties"]["lowest"] == min(shared)
    assert found["by_ties"]["highest"] == max(shared)
    assert found["by_ties"]["expected"] == pytest.approx(np.mean(shared), rel=1e-12)
    assert min(shared) <= found["shared"] <= max(shared)
    lists = [set(zip(*(each[c][:length] for c in ("concept", "category")), strict=True)) for each in (a, b)]
    assert found["shared"] == len(lists[0] & lists[1])
    assert found["jaccard"] == len(lists[0] & lists[1]) / len(lists[0] | lists[1])


def test_ties_are_broken_by_name():
    a = concept_counts(units(["z", "z", "c", "b", "a"]))
    assert a["concept"].tolist() == ["z", "a", "b", "c"]
    b = concept_counts(units(["a", "b", "x", "x", "y"]))
    found = overlap(a, b, 2)
    assert found["concepts"] == ["a"]
    assert found["a"] == {"length": 2, "least": 1, "tied": 3, "places": 1}
    assert found["by_ties"] == {"lowest": 0, "highest": 1, "expected": pytest.approx(2 / 9)}
    # 2 of 6 concepts in either list
    assert found["chance"] == pytest.approx(2 * 2 / 6)


def test_chance_is_what_shuffled_lists_share():
    rng = np.random.default_rng(5)
    a, b = (concept_counts(dealt(rng, 30, 60)) for _ in range(2))
    pool = sorted({*a["concept"], *b["concept"]})
    drawn = [
        len(set(rng.choice(pool, 10, replace=False)) & set(rng.choice(pool, 10, replace=False))) for _ in range(4000)
    ]
    assert overlap(a, b, 10)["chance"] == pytest.approx(np.mean(drawn), abs=0.08)


def test_concepts_of_one_model_only():
    a = pd.concat([units(["a", "a", "b"], layer="layer3"), units(["c"])])
    b = pd.concat([units(["b", "d"], layer="layer3"), units(["a"])])
    found = compare(a, b, Comparison(resamples=10))["methods"]["clip-dissect"]["all"]
    assert found["only_a"] == [{"concept": "c", "category": "", "units": 1}]
    assert found["only_b"] == [{"concept": "d", "category": "", "units": 1}]
    assert {key: found["concepts"][key] for key in ("a", "b", "shared", "jaccard")} == {
        "a": 3,
        "b": 3,
        "shared": 2,
        "jaccard": 0.5,
    }
    assert found["concepts"]["layers"]["layer3"]["shared"] == 1
    assert found["concepts"]["layers"]["layer4"]["shared"] == 0


def test_p_is_even_between_models_of_one_kind_and_small_between_unlike_ones():
    rng = np.random.default_rng(1)
    names = ("unique", "shannon")
    alike = [
        compare(dealt(rng, 40, 60), dealt(rng, 40, 60), Comparison(top_concepts=10, resamples=39, seed=s))
        for s in range(40)
    ]
    for value in (*(lambda r, n=n: r["differences"][n]["p"] for n in names), lambda r: r["overlap"]["permuted"]["p"]):
        p = np.array([value(each["methods"]["clip-dissect"]["all"]) for each in alike])
        assert (p <= 0.1).mean() < 0.25
        assert p.mean() > 0.4
    unlike = compare(dealt(rng, 8, 60), dealt(rng, 60, 60), Comparison(top_concepts=10, resamples=99))["methods"][
        "clip-dissect"
    ]["all"]
    for name in names:
        assert unlike["differences"][name]["p"] == 0.02
        assert unlike["differences"][name]["difference"] < unlike["differences"][name]["low"] < 0
    lists = ([f"{letter}{i // 10}" for i in range(50)] + [f"{letter}x{i}" for i in range(30)] for letter in "ab")
    apart = compare(*map(units, lists), Comparison(top_concepts=10, resamples=99))
    assert apart["methods"]["clip-dissect"]["all"]["overlap"]["permuted"]["p"] < 0.05
    assert apart["methods"]["clip-dissect"]["all"]["overlap"]["shared"] == 0


def test_units_change_places_within_their_layer_only():
    # Layers with one concept each: whatever changes places within a layer, nothing changes.
    a = pd.concat([units(["a"] * 4, layer="layer3"), units(["b"] * 5)])
    b = pd.concat([units(["a"] * 2, layer="layer3"), units(["b"] * 3)])
    found = compare(a, b, Comparison(resamples=50))["methods"]["clip-dissect"]["all"]
    for name in MEASURES:
        each = found["differences"][name]
        assert each["low"] == pytest.approx(each["difference"])
        assert each["high"] == pytest.approx(each["difference"])
        assert each["p"] == 1


def test_the_same_seed_gives_the_same_and_no_draws_is_named():
    rng = np.random.default_rng(2)
    a, b = dealt(rng, 10, 40), dealt(rng, 10, 40)
    assert compare(a, b, Comparison(resamples=20, seed=4)) == compare(a, b, Comparison(resamples=20, seed=4))
    with pytest.raises(ValidationError, match="resamples"):
        Comparison(resamples=0)
    with pytest.raises(InputError, match="no method in common: clip-dissect and netdissect"):
        compare(a, b.assign(method="netdissect"), Comparison())


def test_agreement_of_two_methods_by_hand_and_by_sklearn():
    rng = np.random.default_rng(3)
    names = np.array(["swimming_pool", "Wall", "tree-top", "sky"])
    true = rng.integers(0, 4, 200)
    other = np.where(rng.random(200) < 0.6, true, rng.integers(0, 4, 200))
    words = np.array(["swimming pool", "wall", "tree top", "Sky"])
    categories = np.array(["object", "object", "scene", "scene"])
    one = units(list(zip(words[true], categories[true], strict=True)))
    two = units(list(zip(names[other], categories[other], strict=True)), method="netdissect")
    two.loc[:9, "concept"] = "none"
    one.loc[10:14, "verdict"] = "unconfirmed"
    one.loc[15:19, "category"] = ""
    found = agreement(pd.concat([two, one]), 0.95)["overall"]
    kept = slice(15, None)
    assert found["units"] == found["exact"]["n"] == 185
    assert found["exact"]["value"] == np.mean(true[kept] == other[kept])
    assert found["exact"]["kappa"] == pytest.approx(cohen_kappa_score(true[kept], other[kept]), rel=1e-12)
    assert found["category"]["n"] == 180
    same = (true[20:] // 2) == (other[20:] // 2)
    assert found["category"]["value"] == np.mean(same)
    assert found["category"]["kappa"] == pytest.approx(cohen_kappa_score(true[20:] // 2, other[20:] // 2), rel=1e-12)


def test_agreement_goes_by_layer_and_unit():
    table = pd.concat(
        [
            units(["a", "b"], layer="layer3"),
            units(["c"]),
            units(["a", "x"], layer="layer3", method="netdissect"),
            units(["x"], method="netdissect"),
        ]
    )
    found = summary(table, Counting())
    assert found["units"] == 3
    assert found["layers"] == ["layer3", "layer4"]
    assert {name: each["exact"]["value"] for name, each in found["agreement"]["layers"].items()} == {
        "layer3": 0.5,
        "layer4": 0,
    }
    assert found["agreement"]["overall"]["exact"]["value"] == pytest.approx(1 / 3)
    assert summary(units(["a"]), Counting())["agreement"] is None


def test_label_quality_by_hand():
    scores = np.array([[0.9, 0.1, 0.2], [0.3, 0.2, 0.1], [0.5, 0.5, 0.5], [np.nan, 0.1, 0.2], [1.0, 0.0, 0.0]])
    found = label_quality(scores, [0, 1, 2, 0, -1], 0.95, top=(1, 2))
    assert found["units"] == 5
    assert found["absent"] == 1
    # ranks 1, 2, 3 (a constant unit knows nothing) and 3 (its truth has no score)
    assert found["top"]["1"]["value"] == 0.25
    assert found["top"]["2"]["value"] == 0.5
    assert found["top"]["1"]["chance"] == pytest.approx(1 / 3)
    assert found["median_rank"] == 2.5
    interval = binomtest(1, 4).proportion_ci(0.95, method="wilson")
    assert (found["top"]["1"]["low"], found["top"]["1"]["high"]) == (interval.low, interval.high)


@pytest.mark.parametrize("seed", range(3))
def test_label_quality_of_random_scores_is_chance(seed):
    rng = np.random.default_rng(seed)
    found = label_quality(rng.normal(size=(3000, 20)), rng.integers(0, 20, 3000), 0.95)
    for each in found["top"].values():
        assert each["low"] - 0.01 < each["chance"] < each["high"] + 0.01
    assert label_quality(np.eye(6), range(6), 0.95)["top"]["1"]["value"] == 1
    assert label_quality(np.eye(3), range(3), 0.95)["top"]["5"]["chance"] == 1


def test_classes_find_their_concepts():
    concepts = ["art gallery", "bar", "Bar", "tennis-court"]
    assert true_columns(["art_gallery", "BAR", "zoo", "tennis court"], concepts).tolist() == [0, 1, -1, 3]
    assert plain_name(" Church_outdoor ") == "church outdoor"
    with pytest.raises(InputError, match="but 2 units have a true concept"):
        label_quality(np.eye(3), [0, 1], 0.95)
    with pytest.raises(InputError, match="columns -1 to 2"):
        label_quality(np.eye(3), [0, 1, 3], 0.95)
    with pytest.raises(InputError, match="1 or more"):
        label_quality(np.eye(3), [0, 1, 2], 0.95, top=(0,))


@pytest.mark.shared_data
def test_published_tables_give_their_published_counts(shared_data):
    a, b = (
        pd.read_csv(shared_data / "clip_dissect" / f"resnet18-{name}.csv", keep_default_na=False, dtype={"layer": str})
        .rename(columns={"description": "concept", "similarity": "score"})
        .assign(method="clip-dissect", category="", judged_by="", second_verdict="", second_chance=False)
        for name in ("imagenet", "places365")
    )
    a, b = (table.assign(verdict=np.where(table["score"] >= 0.2, "confirmed", "unconfirmed")) for table in (a, b))
    expected = {"a": (374, (68, 124, 278), 60), "b": (428, (66, 135, 314), 49)}
    for table, (unique, by_layer, dotted) in zip((a, b), expected.values(), strict=True):
        found = summary(table, Counting())["methods"]["clip-dissect"]["all"]
        assert found["overall"]["units"] == 896
        assert found["overall"]["unique"] == unique
        assert tuple(each["unique"] for each in found["layers"].values()) == by_layer
        assert found["overall"]["top"] == [{"concept": "dotted", "category": "", "units": dotted}]
    found = compare(a, b, Comparison())["methods"]["clip-dissect"]
    shared = found["all"]["overlap"]
    assert shared["shared"] == 28
    assert shared["jaccard"] == 28 / 72
    assert (shared["a"]["tied"], shared["a"]["places"]) == (20, 12)
    assert (shared["b"]["tied"], shared["b"]["places"]) == (37, 1)
    assert (shared["by_ties"]["lowest"], shared["by_ties"]["highest"]) == (23, 30)
    # Models dealt out anew share as many: 28 of 50 say nothing about a difference; the labels above .2 do.
    assert shared["permuted"]["low"] <= 28 <= shared["permuted"]["high"]
    assert found["confirmed"]["overlap"]["permuted"]["p"] < 0.01
    assert found["all"]["differences"]["unique"]["p"] < 0.01

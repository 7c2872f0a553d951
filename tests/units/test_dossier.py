"""The dossier of a layer: each part against tables made by hand, and what is joined, warned of and left out."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from scipy.stats import t as student

from lucidag.explain.relevance.store import ACTIVATION, RELEVANCE, Best, ClassMeans, References
from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table, write_table
from lucidag.units.dossier.activity import (
    activity_part,
    correlations,
    dealt_correlation,
    dealt_overlap,
    fisher_interval,
    overlaps,
)
from lucidag.units.dossier.effects import effect_part
from lucidag.units.dossier.join import about, dossier
from lucidag.units.dossier.labels import label_parts, measure_part
from lucidag.units.dossier.part import WARNINGS, Part
from lucidag.units.dossier.relevance import relevance_part
from lucidag.units.dossier.roles import rank_part, role_part
from lucidag.units.labels.top_images import most_alike


def effects_table():
    """Two units and three classes: unit 0 is needed by b, unit 1 by none that test images confirm."""
    rows = []
    for split, losses in {
        "val": ([0.1, 0.5, 0.2], [0.3, 0.0, 0.0]),
        "test": ([0.0, 0.4, 0.6], [0.2, 0.1, 0.0]),
    }.items():
        for unit, own in enumerate(losses):
            base = {"split": split, "unit": unit, "images": 10, "margin": 0.0, "selectivity": np.nan}
            mean = {"kind": "all", "name": "", "loss": np.mean(own), "selectivity": 0.1 + unit, "found": False}
            rows.append(base | mean)
            for name, loss in zip("abc", own, strict=True):
                found = (name == "b" and unit == 0) or (split == "val" and unit == 1 and name == "a")
                rows.append(base | {"kind": "class", "name": name, "loss": loss, "found": found})
    table = pd.DataFrame(rows)
    for column in ("loss_low", "loss_high", "accuracy", "accuracy_low", "accuracy_high", "beyond", "p_fdr"):
        table[column] = table["loss"] + 1
    return table


def test_effects_are_of_the_classes_that_validation_images_name_and_told_by_test_images():
    part = effect_part(effects_table(), "zero", "units/m/effects.csv")
    own = part.values
    assert own["zero_first_class"].tolist() == ["b", "a"]
    assert own["zero_second_class"].tolist() == ["c", "b"]
    assert own["zero_first_loss"].tolist() == [0.4, 0.2]
    assert own["zero_second_loss"].tolist() == [0.6, 0.1]
    assert own["zero_first_loss_high"].tolist() == [1.4, 1.2]
    assert own["zero_first_found"].tolist() == [True, False]
    assert own["zero_confirmed"].tolist() == ["b", ""]
    assert own["selectivity"].tolist() == [0.1, 1.1]
    assert own["zero_all_loss"].tolist() == pytest.approx([1 / 3, 0.1])
    assert part.warnings["unconfirmed_effect"].tolist() == [False, True]
    assert set(part.definitions) == set(own.columns)
    assert "set to 0" in part.definitions["zero_first_loss"]
    assert "its mean" in effect_part(effects_table(), "mean", "x").definitions["mean_all_loss"]


def test_without_validation_images_classes_are_those_of_test_images():
    table = effects_table()
    own = effect_part(table[table["split"] == "test"], "zero", "x").values
    assert own["zero_first_class"].tolist() == ["c", "a"]


def labels_table():
    words = {
        "method": "clip-dissect",
        "category": "",
        "next_concept": "cow",
        "score": 0.5,
        "strength": 3.0,
        "auprc": 0.4,
    }
    pixels = {
        "method": "netdissect",
        "category": "colour",
        "next_concept": "",
        "score": 0.1,
        "verdict": "untestable",
        "judged_by": "",
    }
    return pd.DataFrame(
        [
            words | {"unit": 0, "concept": "cat", "verdict": "confirmed", "why": "", "judged_by": "annotations"},
            words | {"unit": 1, "concept": "dog", "verdict": "confirmed", "why": "", "judged_by": "CLIP (circular)"},
            words | {"unit": 2, "concept": "none", "verdict": "untestable", "why": "no label", "judged_by": ""},
            pixels
            | {"unit": 0, "concept": "red", "verdict": "untestable", "why": "few", "judged_by": "", "detector": True},
            pixels
            | {"unit": 1, "concept": "none", "verdict": "untestable", "why": "", "judged_by": "", "detector": False},
        ]
    )


def test_labels_by_words_and_pixels_stand_side_by_side_with_their_verdicts():
    words, pixels = label_parts(labels_table(), 3, "dissect/m/l.csv")
    assert words.values["words_concept"].tolist() == ["cat", "dog", "none"]
    assert words.values["words_verdict"].tolist() == ["confirmed", "confirmed", "untestable"]
    assert words.warnings["circular_words"].tolist() == [False, True, False]
    assert words.warnings["untestable_words"].tolist() == [False, False, False]  # without a label it is no warning
    assert "words_detector" not in words.values
    assert pixels.values["pixels_concept"].tolist() == ["red", "none", "none"]
    assert pixels.values["pixels_verdict"].tolist() == ["untestable", "untestable", ""]
    assert pixels.warnings["untestable_pixels"].tolist() == [True, False, False]
    assert "NetDissect" in pixels.definitions["pixels_score"]
    assert not {"pixels_strength", "pixels_next_concept"} & set(pixels.values)
    assert words.values["words_next_concept"].tolist() == ["cow"] * 3


def test_roles_are_those_of_one_metric_and_flags_are_warnings():
    roles = pd.DataFrame({"unit": [1, 0], "flags": ["dead_test;degenerate_loss", "degenerate_accuracy"]})
    for metric, role in (("loss", "both"), ("accuracy", "neither")):
        roles[f"role_{metric}"] = role
        for column in ("supported", "stability", "null", "gain_train", "gain_test"):
            roles[f"{column}_{metric}"] = [metric + column, column]
    part = role_part(roles, "loss", "rof/m/roles.csv")
    assert part.values["role"].tolist() == ["both", "both"]
    assert part.values["role_supported"].tolist() == ["supported", "losssupported"]  # by unit
    assert part.warnings["degenerate"].tolist() == [False, True]
    assert part.warnings["dead_test"].tolist() == [False, True]
    assert role_part(roles, "accuracy", "x").warnings["degenerate"].tolist() == [True, False]


def test_ranks_are_of_each_ranking_but_random_ones():
    rows = [("train", "l1", [2, 1]), ("test", "l1", [1, 2]), ("test", "random", [1, 2]), ("val", "l1", [1, 2])]
    table = pd.DataFrame(
        [
            {"split": s, "method": m, "rank": rank, "unit": unit}
            for s, m, ranks in rows
            for unit, rank in enumerate(ranks)
        ]
    )
    own = rank_part(table, "rof/m/ranking.csv").values
    assert own.to_dict("list") == {"train_rank:l1": [2, 1], "test_rank:l1": [1, 2]}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_correlations_and_their_intervals_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(50, 4)).astype(np.float32)
    activations[:, 1] += activations[:, 0]
    activations[:, 3] = 2
    found = correlations(activations)
    assert np.isnan(found[3]).all()
    unit, value = most_alike(found)
    for one in range(3):
        tests = {other: pearsonr(activations[:, one], activations[:, other]) for other in range(3) if other != one}
        best = max(tests, key=lambda other: tests[other].statistic)
        assert unit[one] == best
        assert value[one] == pytest.approx(tests[best].statistic, abs=1e-6)
        ends = [float(each[one]) for each in fisher_interval(value, 50, 0.9)]
        assert ends == pytest.approx(list(tests[best].confidence_interval(0.9)), abs=1e-5)
    assert np.isnan(unit[3])
    assert np.isnan(fisher_interval(value, 3, 0.9)[0]).all()


def test_what_is_dealt_out_says_what_the_greatest_of_many_is_by_chance():
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(400, 60))
    greatest = most_alike(correlations(activations))[1]
    assert dealt_correlation(activations, 0).mean() == pytest.approx(greatest.mean(), abs=0.02)
    top = np.argsort(-activations, axis=0)[:20].T
    assert dealt_overlap(top, 400, 0).mean() == pytest.approx(most_alike(overlaps(top, 400))[1].mean(), abs=0.02)


def test_top_images_are_shared_as_counted_by_hand():
    top = np.array([[0, 1, 2], [2, 1, 5], [7, 8, 9]])
    assert overlaps(top, 10).tolist() == [[1, 2 / 3, 0], [2 / 3, 1, 0], [0, 0, 1]]
    assert overlaps(top, 10, np.array([[0, 3, 4], [5, 6, 7], [1, 2, 3]]))[0].tolist() == [1 / 3, 0, 0]
    activations = np.zeros((10, 3))
    for unit, images in enumerate(top):
        activations[images, unit] = [3, 2, 1]
    activations[:, 2] = 0
    part = activity_part(activations, tuple(f"i{n}" for n in range(10)), top, 0.95, 0, "x")
    assert part.values["nearest_by_images"].tolist()[:2] == [1, 0]
    assert part.values["nearest_by_images"].isna().tolist() == [False, False, True]
    assert part.values["shared_images"].tolist()[:2] == [2 / 3, 2 / 3]
    assert part.values["share_active"].tolist() == [0.3, 0.3, 0]
    assert part.values["top_images"].tolist() == ["i0;i1;i2", "i2;i1;i5", "i7;i8;i9"]
    assert part.warnings["dead"].tolist() == [False, False, True]
    assert set(part.definitions) == set(part.values.columns)


def test_relevance_is_signed_and_has_students_interval():
    values = np.array([[0.2, -0.1], [0.4, -0.3], [0.3, 0.1]])
    error = values.std(axis=0, ddof=1) / 3**0.5
    means = ClassMeans(np.array([1]), np.array([3]), values.mean(axis=0)[None], error[None])
    best = Best(np.array([[1, 0], [2, 1]]), np.zeros((2, 2)), np.zeros((2, 2)))
    settings = {"normalised": True}
    found = References(
        ("x", "y", "z"), np.ones(3), {"l": {RELEVANCE: best, ACTIVATION: best}}, {}, settings, {"l": means}
    )
    part = relevance_part(found, "l", ("a", "b"), 0.9, "relevance/m/crp/references.safetensors")
    assert part.values["relevance:b"].tolist() == pytest.approx([0.3, -0.1])
    for unit in range(2):
        low, high = student.interval(0.9, 2, values[:, unit].mean(), error[unit])
        assert part.values["relevance_low:b"][unit] == pytest.approx(low)
        assert part.values["relevance_high:b"][unit] == pytest.approx(high)
    assert part.values["reference_images"].tolist() == ["y;x", "z;y"]
    assert "3 images" in part.definitions["relevance:b"]


def test_measures_and_ranks_without_a_mask_are_left_out():
    table = pd.DataFrame({"unit": [1, 0], "mean": [0.5, 0.2], "peak": [1.0, 2.0], "sparseness": [0.1, 0.2]})
    table = table.assign(
        inside=np.nan, inside_chance=np.nan, mean_rank=[1, 2], peak_rank=[2, 1], sparseness_rank=[2, 1]
    )
    part = measure_part(table, "x")
    assert list(part.values.columns) == ["mean", "peak", "sparseness", "mean_rank", "peak_rank", "sparseness_rank"]
    assert part.values["mean"].tolist() == [0.2, 0.5]


def hand_made():
    effects = effect_part(effects_table(), "zero", "units/m/effects.csv")
    mean = effect_part(effects_table(), "mean", "units/m/inner/l.csv")
    labels = label_parts(labels_table().query("unit < 2"), 2, "dissect/m/l.csv")
    dead = Part(
        pd.DataFrame({"share_active": [0.0, 1.0]}), {"share_active": "x"}, "a.npy", {"dead": np.array([True, False])}
    )
    return [*labels, effects, mean, dead]


def test_parts_are_joined_with_all_warnings_in_one_column(tmp_path):
    parts = hand_made()
    table = dossier(parts)
    assert table["unit"].tolist() == [0, 1]
    assert table["warnings"].tolist() == ["dead;untestable_pixels", "circular_words;unconfirmed_effect"]
    said = about("m", "l", parts, {"roles, ranks": "there is no `rof` section"}, ["a note"])
    json.dumps(said, allow_nan=False)
    assert set(said["columns"]) | {"warnings"} == set(table.columns)
    assert said["columns"]["selectivity"]["source"] == "units/m/effects.csv"  # of the two that have it, the first
    assert said["columns"]["mean_first_loss"]["source"] == "units/m/inner/l.csv"
    assert set(said["warnings"]) <= set(WARNINGS)
    assert {word for words in table["warnings"] for word in words.split(";")} <= set(said["warnings"])
    assert said["absent"] == {"roles, ranks": "there is no `rof` section"}
    write_table(tmp_path / "d.csv", table)
    back = read_table(tmp_path / "d.csv")
    assert back["warnings"].tolist() == table["warnings"].tolist()
    assert back["zero_confirmed"].tolist() == ["b", ""]
    assert back["words_why"].tolist() == ["", ""]


def test_parts_of_different_layers_are_refused():
    parts = [*hand_made(), Part(pd.DataFrame({"role": ["both"]}), {"role": "x"}, "rof/m/roles.csv")]
    with pytest.raises(InputError, match=r"1 in rof/m/roles\.csv"):
        dossier(parts)
    with pytest.raises(InputError, match="there is none"):
        dossier([])

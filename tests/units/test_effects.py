"""Effects of units: against a loop that zeroes each, against permutations, and with labels that are dealt out."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.dealt import dealt_out, more_than_dealt
from lucidag.ground.statistics.many import mean_intervals
from lucidag.ground.statistics.studentised import studentised
from lucidag.units.effects.exact import without_units
from lucidag.units.effects.selectivity import selectivity
from lucidag.units.effects.sets import COLUMNS as SET_COLUMNS
from lucidag.units.effects.sets import matched, sets_table, worst_units
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import run_effects
from lucidag.units.effects.table import COLUMNS, effects
from lucidag.units.effects.told import told


def network(seed, images=60, units=7, classes=3):
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.normal(size=(images, units)), 0).astype(np.float32)
    weight, bias = rng.normal(size=(classes, units)).astype(np.float32), rng.normal(size=classes).astype(np.float32)
    return features, weight, bias, rng.integers(0, classes, images)


def judged(z, labels):
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, labels] = -np.inf
    return logsumexp(z, axis=1) - z[rows, labels], z[rows, labels] - others.max(1), z.argmax(1) == labels


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("block", [1, 500, 10**7])
def test_effects_are_those_of_a_loop_that_zeroes_each_unit(seed, block):
    features, weight, bias, labels = network(seed)
    full = features.astype(float) @ weight.T.astype(float) + bias
    before = judged(full, labels)
    seen = []
    for found in without_units(features, weight, bias, labels, block):
        for place, unit in enumerate(found.units):
            zeroed = features.copy()
            zeroed[:, unit] = 0
            cut = zeroed.astype(float) @ weight.T.astype(float) + bias
            after = judged(cut, labels)
            np.testing.assert_allclose(found.loss[:, place], after[0] - before[0], atol=1e-12)
            for index in range(len(bias)):
                margins = [judged(z, np.full_like(labels, index))[1] for z in (full, cut)]
                np.testing.assert_allclose(found.margin[:, index, place], margins[1] - margins[0], atol=1e-12)
            assert np.array_equal(found.correct[:, place], after[2].astype(int) - before[2].astype(int))
            seen.append(int(unit))
    assert seen == list(range(features.shape[1]))


def split_of(seed, labels=None, images=60, units=7, groups=None):
    features, weight, bias, drawn = network(seed, images, units)
    names = ("much", "little") if groups is not None else ("all",)
    return Features(
        tuple(map(str, range(images))),
        drawn if labels is None else labels,
        np.zeros(images, dtype=np.int64) if groups is None else groups,
        np.zeros((images, 3), dtype=np.float32),
        features,
        weight,
        bias,
        ("a", "b", "c"),
        names,
        "fc",
    )


def test_the_table_has_a_row_per_unit_and_class_and_group():
    groups = (np.arange(60) < 20).astype(int)
    table = effects(split_of(0, groups=groups), "test", 0.95, 200, 0)
    assert tuple(table.columns) == COLUMNS
    assert table.groupby(["kind", "name"]).size().to_dict() == dict.fromkeys(
        [("all", ""), ("class", "a"), ("class", "b"), ("class", "c"), ("group", "little"), ("group", "much")], 7
    )
    whole = table[table["kind"] == "all"].set_index("unit")["loss"]
    for kind in ("class", "group"):
        rows = table[table["kind"] == kind]
        mean = (rows["loss"] * rows["images"]).groupby(rows["unit"]).sum() / 60
        np.testing.assert_allclose(mean, whole, atol=1e-12)
    assert (table["loss_low"] <= table["loss"]).all()
    assert (table["loss"] <= table["loss_high"]).all()


def planted(seed, images=300, units=20):
    """Draw the images of a split whose unit 0 speaks for class b."""
    rng = np.random.default_rng([7, seed])
    labels = rng.integers(0, 3, images)
    features = np.maximum(rng.normal(size=(images, units)), 0)
    features[:, 0] = 2.0 * (labels == 1) + rng.random(images)
    weight = np.random.default_rng(7).normal(size=(3, units)) * 0.1
    weight[:, 0] = (0, 2, 0)
    content = split_of(0, labels, images, units)
    return replace(content, features=features, weight=weight, bias=np.zeros(3))


SETTINGS = Units(set_size=1, random_sets=99, resamples=50)


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_unit_is_found_on_validation_and_again_on_test_images(seed):
    found = run_effects({"val": planted(seed), "test": planted(seed + 10)}, SETTINGS)
    table = found.table
    for split in ("val", "test"):
        rows = table[(table["split"] == split) & table["found"]]
        assert (0, "b") in set(zip(rows["unit"], rows["name"], strict=True))
    val, test = (table[table["split"] == split] for split in ("val", "test"))
    assert test["p_fdr"].notna().sum() == val["found"].sum() == found.report["splits"]["test"]["looked_at"]
    sets = found.sets.set_index(["name", "set"])
    assert sets.loc[("b", "worst"), "members"] == "0"
    assert sets.loc[("b", "random"), "p_fdr"] <= 0.2  # of 20 units one draw in 20 is the same
    assert sets.loc[("b", "worst"), "loss"] > 10 * sets.loc[("b", "random"), "loss"]


def test_with_dealt_out_labels_as_little_is_found_as_the_level_says():
    hits = 0
    for draw in range(20):
        content = planted(draw)
        dealt = np.random.default_rng(draw).permutation(content.labels)
        hits += effects(replace(content, labels=dealt), "val", 0.95, 10, 0)["found"].any()
    assert hits / 20 <= 0.1  # at most 5 %, of twenty draws


def test_without_validation_images_all_is_told_by_test_images_and_it_is_said():
    found = run_effects({"test": planted(0)}, SETTINGS)
    assert found.sets.empty
    assert list(found.sets.columns) == list(SET_COLUMNS)
    assert "no validation images" in found.report["notes"][0]
    assert found.table["p_fdr"].notna().sum() == 60
    with pytest.raises(InputError, match="test images"):
        run_effects({"val": planted(0)}, SETTINGS)


@pytest.mark.parametrize("seed", range(3))
def test_sets_are_those_of_a_loop_that_zeroes_them(seed):
    content = split_of(seed, images=80, units=9)
    worst = worst_units(effects(content, "val", 0.95, 10, 0), 3)
    table = sets_table(content, "test", worst, 30, 0.95, 50, 0).set_index(["name", "set"])
    z = content.features.astype(float) @ content.weight.T.astype(float) + content.bias
    before = judged(z, content.labels)
    for index, name in enumerate(content.classes):
        zeroed = content.features.astype(float)
        zeroed[:, worst[name]] = 0
        after = judged(zeroed @ content.weight.T.astype(float) + content.bias, content.labels)
        own = content.labels == index
        row = table.loc[(name, "worst")]
        assert row["loss"] == pytest.approx((after[0] - before[0])[own].mean(), abs=1e-12)
        assert row["accuracy"] == after[2][own].mean() - before[2][own].mean()
        assert row["others_loss"] == pytest.approx((after[0] - before[0])[~own].mean(), abs=1e-12)
        assert row["members"] == " ".join(map(str, worst[name]))


def test_matched_units_are_of_the_nearest_activation_and_drawn_for_themselves_too():
    active, rng, same = np.arange(40.0), np.random.default_rng(0), 0
    for _ in range(300):
        drawn = matched(np.array([10, 39]), active, rng)
        assert len({*drawn}) == 2
        assert np.abs(active[drawn] - [10, 39]).max() <= 9
        same += int(drawn[1] == 39)
    assert 10 <= same <= 60  # one in ten
    assert sorted(matched(np.arange(3), np.arange(3.0), rng)) == [0, 1, 2]


def test_a_unit_that_every_image_has_is_no_unit_of_a_class_and_one_that_speaks_against_is_not_needed():
    labels = np.arange(300) % 3
    noise = 0.1 * np.random.default_rng(0).random((300, 2))
    features = np.stack([np.ones(300), labels == 1], axis=1) + noise
    content = replace(split_of(0, labels, 300, 2), features=features, bias=np.zeros(3))
    for weight, needed in ((1.0, {(1, "b")}), (-1.0, set())):
        own = replace(content, weight=np.array([[0, 0], [1, weight], [0, 0]]))
        table = effects(own, "test", 0.95, 50, 0)
        assert set(table.loc[table["found"], ["unit", "name"]].itertuples(index=False, name=None)) == needed


def test_selectivity_by_hand():
    features = np.array([[3, 1, 0, -1], [3, 1, 0, 1], [1, 1, 0, 1], [0, 1, 0, 1]], dtype=float)
    found = selectivity(features, np.array([0, 0, 1, 2]))
    np.testing.assert_allclose(found[:2], [(3 - 0.5) / 3.5, 0])
    assert np.isnan(found[2:]).all()  # dead, and signed
    assert np.isnan(selectivity(features, np.zeros(4, dtype=int))).all()


def test_one_class_alone_has_selectivity_one_and_goes_into_the_table():
    content = planted(0)
    table = effects(content, "test", 0.95, 10, 0)
    whole = table[table["kind"] == "all"].set_index("unit")["selectivity"]
    np.testing.assert_allclose(whole, selectivity(content.features, content.labels))
    assert table.loc[table["kind"] != "all", "selectivity"].isna().all()


def test_moments_of_dealt_out_parts_are_those_of_permutations():
    rng = np.random.default_rng(0)
    values = rng.exponential(size=(40, 4))
    part = np.arange(40) < 9
    drawn = np.array([values[rng.permutation(40)[:9]].mean(axis=0) for _ in range(20000)])
    seen = values[part].mean(axis=0)
    tail = 2 * np.minimum((drawn >= seen).mean(axis=0), (drawn <= seen).mean(axis=0))
    beyond, p = dealt_out(values, part)
    np.testing.assert_allclose(p, tail, atol=0.06)
    np.testing.assert_allclose(beyond, values[part].mean(axis=0) - values[~part].mean(axis=0))
    assert dealt_out(np.ones((40, 1)), part)[1] == 1
    assert np.isnan(dealt_out(values, np.arange(40) < 1)[1]).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_part_for_each_number_has_the_upper_tail_of_its_own_deals(seed):
    rng = np.random.default_rng(seed)
    values, parts = rng.exponential(size=(60, 4)), rng.random((60, 4)) < [0.1, 0.3, 0.5, 0.8]
    p = more_than_dealt(values, parts)
    for column in range(4):
        drawn = np.array([values[rng.permutation(parts[:, column]), column].mean() for _ in range(4000)])
        assert p[column] == pytest.approx((drawn >= values[parts[:, column], column].mean()).mean(), abs=0.04)
        both = dealt_out(values[:, [column]], parts[:, column])[1]
        assert both[0] == pytest.approx(2 * min(p[column], 1 - p[column]))


def test_dealt_out_parts_are_called_as_often_as_the_level_says_at_most():
    rng, hits = np.random.default_rng(1), 0
    for _ in range(60):
        values = np.maximum(rng.normal(size=(120, 40)) - 1, 0) ** 2
        hits += int((dealt_out(values, rng.permutation(120) < 15)[1] < 0.05).sum())
    assert hits / (60 * 40) <= 0.06


@pytest.mark.parametrize("seed", range(3))
def test_many_intervals_are_those_of_one_at_a_time(seed):
    values = np.random.default_rng(seed).exponential(size=(25, 4))
    low, high = mean_intervals(values, 0.95, 20000, seed)
    for column in range(4):
        one = studentised((values[:, column],), 0.95, 20000, seed)
        assert (low[column], high[column]) == pytest.approx(one, abs=0.06 * (one[1] - one[0]))


def test_no_interval_of_what_hardly_varies():
    values = np.zeros((10, 2))
    values[0, 0] = 1
    values[:2, 1] = 1
    low, high = mean_intervals(values, 0.95, 200, 0)
    assert np.isnan(low[0])
    assert low[1] < 0.2 < high[1]
    assert np.isnan(mean_intervals(values[:2], 0.95, 200, 0)[0]).all()


@pytest.mark.parametrize("seed", range(3))
def test_patients_of_one_image_each_change_no_interval_and_no_p(seed):
    values = np.random.default_rng(seed).exponential(size=(30, 4))
    own = np.random.default_rng(seed).permutation(30)
    for one, other in zip(
        mean_intervals(values[np.argsort(own)], 0.9, 300, 0), mean_intervals(values, 0.9, 300, 0, own), strict=True
    ):
        np.testing.assert_allclose(one, other)
    for one, other in zip(dealt_out(values, np.arange(30) < 9), dealt_out(values, np.arange(30) < 9, own), strict=True):
        np.testing.assert_allclose(one, other)


def clustered(seed, patients=25, columns=40):
    """Draw values of patients of 1 to 8 images each, whose images are alike; their mean is 0."""
    rng = np.random.default_rng([3, seed])
    owner = np.repeat(np.arange(patients), rng.integers(1, 9, patients))
    return rng.normal(size=(patients, columns))[owner] + 0.3 * rng.normal(size=(len(owner), columns)), owner


def test_intervals_over_patients_cover_where_those_over_images_do_not():
    hits = np.zeros(2)
    for draw in range(40):
        values, owner = clustered(draw)
        for place, own in enumerate((None, owner)):
            low, high = mean_intervals(values, 0.95, 200, draw, own)
            hits[place] += ((low < 0) & (high > 0)).mean() / 40
    assert hits[0] < 0.75
    assert hits[1] > 0.93


def test_the_variance_over_patients_is_that_of_a_ratio():
    values, owner = clustered(0, patients=12, columns=1)
    low, high = mean_intervals(values, 0.95, 4000, 0, owner)
    sums = np.array([(values[owner == one] - values.mean()).sum() for one in range(12)])
    spread = (sums @ sums * 12 / 11) ** 0.5 / len(values)
    assert high[0] - low[0] >= 2 * 2.200985 * spread * (1 - 1e-6)  # Student's, 11 degrees of freedom


def test_parts_of_patients_are_called_as_often_as_the_level_says_at_most():
    hits = np.zeros(2)
    for draw in range(40):
        values, owner = clustered(draw, patients=40)
        part = np.random.default_rng(draw).permutation(40)[owner] < 12
        for place, own in enumerate((None, owner)):
            hits[place] += (dealt_out(values, part, own)[1] < 0.05).mean() / 40
    assert hits[0] > 0.2
    assert hits[1] <= 0.07


def test_intervals_in_the_table_are_over_patients_where_there_are_any():
    content = planted(0, images=120)
    owned = replace(content, owners=np.arange(120) // 4)
    one, other = (effects(each, "test", 0.95, 100, 0) for each in (content, owned))
    np.testing.assert_allclose(one["loss"], other["loss"])
    whole = other["kind"] == "all"
    assert not np.allclose(one.loc[whole, "loss_low"], other.loc[whole, "loss_low"])
    sets = sets_table(owned, "test", {"b": np.array([0])}, 19, 0.95, 50, 0)
    assert sets["loss_low"].notna().all()


def test_what_was_found_is_told_in_a_sentence():
    found = run_effects({"val": planted(0), "test": planted(10)}, SETTINGS)
    said = told(found.table, "val", "test")
    test = found.report["splits"]["test"]
    assert said.startswith(
        f"{found.report['splits']['val']['found']} pairs of unit and class found on validation images, "
    )
    assert f"{test['found']} confirmed on test images ({test['units_found']} of 20 units); " in said
    assert "without unit 0, 'b' loses" in said
    nothing = found.table.assign(found=False)
    assert told(nothing[nothing["split"] == "test"], "val", "test") == (
        "0 pairs of unit and class found on test images, which nothing confirms (0 of 20 units)"
    )

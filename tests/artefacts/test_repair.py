"""Repairs against planted truth: features in which some units carry an artefact, and others the class."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from lucidag.artefacts.repair.groups import artefacts_shown, balanced_rows, check_groups, group_codes
from lucidag.artefacts.repair.head import Head, head_of, put_head
from lucidag.artefacts.repair.masked import carried, choose_units, taken_out
from lucidag.artefacts.repair.repaired import Material, control, group_names, repaired
from lucidag.artefacts.repair.report import ACCURACY, EFFECTS, Changes, accuracy_table, effects_table, verdicts
from lucidag.artefacts.repair.retrained import retrained, retrained_on_any
from lucidag.artefacts.repair.settings import ORIGINAL, RANDOM, REPAIRED, WITHOUT, Repairing
from lucidag.data.features import Features
from lucidag.ground.errors import InputError
from lucidag.models.network import open_network

SEEDS = range(3)
CLASS_UNITS, ARTEFACT_UNITS = range(4), (4, 5)
K = 12


def planted(seed: int, count: int = 400, rate: tuple[float, float] = (0.1, 0.8)):
    """Draw features: units 0 to 3 follow the class, 4 and 5 the artefact, the rest nothing; and a head that uses all.

    The artefact goes with class 1.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    shown = rng.random(count) < np.asarray(rate)[labels]
    features = rng.normal(0, 1, (count, K))
    features[:, :4] += 1.2 * (2 * labels[:, None] - 1)
    features[:, 4:6] += 3 * shown[:, None]
    slope = np.zeros(K)
    slope[:4], slope[4:6] = 0.5, 0.7
    return features, labels, shown[:, None], Head(np.stack([-slope, slope]) / 2, np.array([0.9, -0.9]))


def effect(head: Head, features: np.ndarray) -> float:
    """Put the artefact into images: how far does the margin of class 1 rise?"""
    after = features.copy()
    after[:, 4:6] += 3
    margin = np.diff(head.logits(after) - head.logits(features), axis=1)
    return float(margin.mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_what_units_carry_adds_up_to_what_the_artefact_does_to_the_margin(seed):
    features, labels, shown, head = planted(seed, 4000)
    found = carried(features, labels, shown, head)
    assert found.shape == (K, 1)
    margin = np.diff(head.logits(features), axis=1)[:, 0]
    own = [margin[(labels == c) & shown[:, 0]].mean() - margin[(labels == c) & ~shown[:, 0]].mean() for c in (0, 1)]
    assert found.sum() == pytest.approx(np.mean(own), rel=1e-9)
    assert set(np.argsort(-found[:, 0])[:2]) == set(ARTEFACT_UNITS)
    assert found[4:6, 0] == pytest.approx(3 * 0.7, rel=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_masking_takes_the_planted_units_and_accuracy_stays(seed):
    features, labels, shown, head = planted(seed)
    mask = choose_units(features, labels, shown, head, tolerance=0.02)
    assert set(ARTEFACT_UNITS) <= set(mask.units)
    without = taken_out(head, mask.units)
    assert effect(without, features) == pytest.approx(0, abs=1e-12)
    assert effect(head, features) == pytest.approx(2 * 3 * 0.7)
    clean = ~shown[:, 0]
    was, now = (each.right(features[clean], labels[clean]).mean() for each in (head, without))
    assert now >= was - 0.02


def test_a_column_of_zeros_is_the_unit_left_out_of_the_sum():
    features, _, _, head = planted(0)
    expected = head.logits(features) - features[:, [4]] * head.weight[:, 4] - features[:, [5]] * head.weight[:, 5]
    assert np.allclose(taken_out(head, np.array([4, 5])).logits(features), expected, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_training_again_on_balanced_groups_forgets_the_artefact_and_training_on_any_does_not(seed):
    features, labels, shown, _ = planted(seed)
    codes = group_codes(labels, shown)
    balanced = retrained(features, labels, codes, 1.0, 10, seed)
    anyhow = retrained_on_any(features, labels, codes, 1.0, 10, seed, 0)
    assert abs(effect(balanced, features)) < 0.35 * effect(anyhow, features)
    again = retrained(features, labels, codes, 1.0, 10, seed)
    assert np.array_equal(balanced.weight, again.weight)


def test_one_subset_is_a_plain_logistic_regression_on_standardised_features():
    features, labels, shown, _ = planted(1)
    codes = group_codes(labels, shown)
    rows = balanced_rows(codes, np.random.default_rng([7, 0]))
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    model = LogisticRegression(C=0.5, max_iter=5000).fit(scaled[rows], labels[rows])
    head = retrained(features, labels, codes, 0.5, 1, 7)
    assert np.diff(head.logits(features), axis=1)[:, 0] == pytest.approx(model.decision_function(scaled), abs=1e-9)


def test_three_classes_have_a_row_each():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    features = rng.normal(size=(120, 5)) + 3 * np.eye(5)[labels]
    shown = rng.random((120, 1)) < 0.5
    head = retrained(features, labels, group_codes(labels, shown), 1.0, 3, 0)
    assert head.weight.shape == (3, 5)
    assert head.right(features, labels).mean() > 0.9


def test_groups_are_balanced_and_named_in_the_order_of_their_codes():
    table = pd.DataFrame({"ring": ["0", "1", "0", "1", ""], "patch": ["0", "0", "yes", "1", "0"]})
    shown = artefacts_shown(table, ["ring", "patch"], "0")
    assert shown.tolist() == [[False, False], [True, False], [False, True], [True, True], [False, False]]
    codes = group_codes(np.array([0, 0, 1, 1, 1]), shown)
    names = group_names(("a", "b"), ["ring", "patch"])
    assert [names[code] for code in codes] == [
        "a, no ring, no patch",
        "a, ring, no patch",
        "b, no ring, patch",
        "b, ring, patch",
        "b, no ring, no patch",
    ]
    codes = np.repeat([0, 3, 5], [10, 4, 7])
    rows = balanced_rows(codes, np.random.default_rng(0))
    assert np.unique(codes[rows], return_counts=True)[1].tolist() == [4, 4, 4]
    assert len(set(rows)) == len(rows)


def test_images_without_a_group_are_refused_with_what_helps():
    labels, shown = np.array([0, 0, 1, 1]), np.array([[True], [False], [True], [True]])
    with pytest.raises(InputError, match=r"every image of class 'b' shows 'ring', .* name another `split`"):
        check_groups(labels, shown, ("a", "b"), ["ring"], "val")
    with pytest.raises(InputError, match="has no image of class 'c'"):
        check_groups(labels[[0, 1, 0, 1]], ~shown[[0, 1, 0, 1]], ("a", "c"), ["ring"], "val")


@pytest.mark.parametrize("way", ["mask", "retrain"])
def test_controls_change_as_much_and_know_nothing_of_the_artefact(way):
    features, labels, shown, head = planted(2)
    settings = Repairing(way=way, columns=["ring"], subsets=5, random=19, tolerance=0.03)
    made = Material(features, labels, shown, head, ("a", "b"))
    new, about = repaired(made, settings)
    assert sum(about["images"].values()) == len(labels)
    controls = [control(made, settings, new, number) for number in range(5)]
    if way == "mask":
        taken = [int((head.weight != each.weight).any(axis=0).sum()) for each in controls]
        assert all(count <= len(about["units"]) for count in taken)  # some columns were 0 before
        assert {unit["unit"] for unit in about["units"]} >= set(ARTEFACT_UNITS)
        assert about["class"] == {"ring": "b"}
        assert about["left"]["ring"] < about["carried"]["ring"]
    assert not np.array_equal(controls[0].weight, controls[1].weight)
    assert np.mean([effect(each, features) for each in controls]) > effect(new, features) + 0.5


def network(architecture="lucidag.models.small:small_cnn"):
    frame = {"size": 16, "channels": 3, "resize": "stretch", "mean": [0.0], "std": [1.0], "order": "rgb"}
    frame |= {"shorter_side": None, "interpolation": "bilinear"}
    options = {"width": 4} if "small" in architecture else {}
    return open_network({"architecture": architecture, "options": options, "input": frame, "head": None}, 2)


def test_a_head_put_into_a_network_gives_its_logits_and_changes_nothing_else():
    net = network()
    before = {name: value.clone() for name, value in net.model.state_dict().items()}
    rng = np.random.default_rng(0)
    head = Head(rng.normal(size=(2, 16)), rng.normal(size=2))
    put_head(net, head)
    x = net.inputs.example()
    net.model.eval()
    with torch.no_grad():
        features = net.model.pool(net.model.blocks(x)).flatten(1).numpy()
        assert net.model(x).numpy() == pytest.approx(head.logits(features), abs=1e-5)
    changed = [name for name, value in net.model.state_dict().items() if not torch.equal(value, before[name])]
    assert changed == ["fc.weight", "fc.bias"]


def test_networks_without_a_linear_last_layer_are_refused():
    none = Features((), np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), None, None, None, ("a", "b"), (), None)
    with pytest.raises(InputError, match="model 'net': its logits are not linear"):
        head_of(none, "net")


def table_of(draws: int = 40):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, (3, 50))
    cells = {ORIGINAL: 0.4 + noise, REPAIRED: 0.02 + noise / 2, WITHOUT: 0.03 + rng.normal(0, 0.02, (2, 50))}
    found = {name: Changes(own, own) for name, own in cells.items()}
    found[RANDOM] = Changes(*2 * (0.3 + rng.normal(0, 0.02, (draws, 3, 50)),))
    return effects_table({"ring": found}, (0.95, 200, 0))


def test_effects_say_what_is_left_beside_all_controls():
    table = table_of()
    assert list(table.columns) == list(EFFECTS)
    own = table.set_index("set")
    assert own.loc[REPAIRED, "less_original"] == pytest.approx(-0.38, abs=0.02)
    assert own.loc[REPAIRED, "less_original_high"] < 0
    assert own.loc[REPAIRED, "less_without_low"] < -0.01 < own.loc[REPAIRED, "less_without_high"]
    assert own.loc[REPAIRED, "p"] == pytest.approx(1 / 41)
    assert own.loc[RANDOM, "change"] == pytest.approx(0.3, abs=0.01)
    assert np.isnan(own.loc[ORIGINAL, "less_without"])


def test_accuracy_by_group_and_the_sentences():
    rng = np.random.default_rng(1)
    right = {name: (rng.random((3, 80)) < share).astype(float) for name, share in ((ORIGINAL, 0.8), (REPAIRED, 0.8))}
    right[RANDOM] = (rng.random((30, 3, 80)) < 0.7).astype(float)
    codes, clean = np.repeat([0, 1, 3], [40, 20, 20]), np.repeat([True, False], 40)
    table = accuracy_table(right, clean, codes, ["a", "b", "c", "d"], (0.95, 200, 0))
    assert list(table.columns) == list(ACCURACY)
    assert table[table["kind"] == "group"]["name"].unique().tolist() == ["a", "b", "d"]
    whole = table[table["kind"] == "all"].set_index("set")
    assert whole.loc[ORIGINAL, "accuracy"] == pytest.approx(right[ORIGINAL].mean())
    assert whole.loc[REPAIRED, "less_original"] == pytest.approx(right[REPAIRED].mean() - right[ORIGINAL].mean())
    said = verdicts(table_of(), table)
    assert said[0].startswith("ring: pasting changes the probability of its class by 0.0")
    assert said[0].endswith(("no worse", "not told apart"))
    assert "points" in said[-1]

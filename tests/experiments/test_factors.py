"""Factors of a family: planted effects are found and said, and nothing else is."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from lucidag.experiments.factors import COLUMNS, factors_of, family_effects
from lucidag.experiments.sentences import amount, of_seeds, sentences


def family(effect: float, seed: int = 0, seeds: int = 3) -> tuple[pd.DataFrame, list[dict]]:
    rng = np.random.default_rng(seed)
    changed = [
        {"train.lr": lr, "architecture": net, "options": f'{{"w": {net[-1]}}}', "train.seed": number}
        for lr, net, number in product((0.1, 0.01), ("lib:net1", "lib:net2"), range(seeds))
    ]
    shared = rng.normal(size=seeds) * 0.01
    accuracy = [0.8 + shared[each["train.seed"]] + effect * (each["train.lr"] == 0.01) for each in changed]
    table = pd.DataFrame({"seed": [each["train.seed"] for each in changed], "test_accuracy": accuracy})
    table["test_accuracy"] += rng.normal(size=len(table)) * 0.002
    return table, changed


def test_factors_have_names_and_places_in_the_order_of_the_grid():
    lr, net = factors_of(family(0)[1])
    assert (lr.name, lr.levels) == ("train.lr", ("0.1", "0.01"))
    assert (net.name, net.levels) == ("architecture + options", ("net1", "net2"))


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_effect_is_found_and_nothing_else(seed):
    table = family_effects("net", *family(0.1, seed), ["test_accuracy"], 0.95)
    assert list(table.columns) == list(COLUMNS)
    lr, net = table.to_dict("records")
    assert lr["found"]
    assert lr["low"] < 0.1 < lr["high"]
    assert lr["share"] > 0.8
    assert lr["networks"] == 12
    assert not net["found"] or abs(net["effect"]) < 0.02
    told = sentences(table)[0]["sentence"]
    assert told.startswith(f"train.lr explains {lr['share']:.0%} of the spread of the test accuracy (")
    assert "with three seeds nothing below" in told
    assert "0.01 instead of 0.1: +" in told


def test_models_without_a_number_are_left_out_and_a_single_seed_says_so():
    table, changed = family(0.1)
    table.loc[0, "test_accuracy"] = np.nan
    assert family_effects("net", table, changed, ["test_accuracy"], 0.95)["left_out"].tolist() == [5, 5]
    alone = family_effects("net", *family(0.1, seeds=1), ["test_accuracy"], 0.95)
    assert alone["p"].isna().all()
    assert "no interval, as one seed" in sentences(alone)[0]["sentence"]


def test_a_family_of_seeds_alone_has_no_factor():
    table, _ = family(0.1)
    changed = [{"train.seed": seed} for seed in range(len(table))]
    assert family_effects("net", table, changed, ["test_accuracy"], 0.95).empty
    assert sentences(family_effects("net", table, changed, ["test_accuracy"], 0.95)) == []


def test_amounts_stand_in_their_units():
    assert amount(0.0412, "test_accuracy") == "4.1 points"
    assert amount(-0.5, "test_accuracy", signed=True) == "−50 points"
    assert amount(0.0123, "test_loss") == "0.012 nats"
    assert amount(0.0, "gap") == "0 points"
    assert amount(37.0, "n0_test_loss") == "37"
    assert of_seeds("net", "gap", 0.01, 0.005, 0.06, 3) == (
        "net: over three networks that differ in their seed alone, the gap has a standard deviation of 1.0 points "
        "[0.50, 6.0 points]"
    )

"""The figure of the effects of units: what is drawn where, what is confirmed, and what is left out."""

import numpy as np
import pandas as pd
import pytest

from lucidag.data.features import Features
from lucidag.figures.effects import ALONE, CONFIRMED, MOST, NOTHING, class_effects
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import run_effects


def found(classes, seed=0, images=120, units=8):
    rng = np.random.default_rng(seed)
    names = tuple(f"c{number}" for number in range(classes))
    weight = rng.normal(size=(classes, units)).astype(np.float32)

    def split():
        labels = np.arange(images) % classes
        features = np.maximum(rng.normal(size=(images, units)) + weight[labels], 0).astype(np.float32)
        ids = tuple(map(str, range(images)))
        zeros = np.zeros(images, dtype=np.int64)
        logits = np.zeros((images, classes), dtype=np.float32)
        return Features(ids, labels, zeros, logits, features, weight, weight[:, 0] * 0, names, ("all",), "fc")

    return run_effects({"val": split(), "test": split()}, Units(set_size=3, random_sets=19, resamples=20))


@pytest.mark.parametrize("seed", [0, 1])
def test_each_class_has_its_units_and_the_three_kinds_of_sets(seed):
    result = found(3, seed)
    fig = class_effects(result.table, result.sets, 0.95)
    titles = [ax.get_title(loc="left") for ax in fig.axes]
    worst = result.sets[result.sets["set"] == "worst"].set_index("name")
    assert titles == worst.sort_values("loss", ascending=False).index.tolist()
    test = result.table[(result.table["split"] == "test") & (result.table["kind"] == "class")]
    for ax, name in zip(fig.axes, titles, strict=True):
        members = worst.loc[name, "members"].split()
        ticks = [tick.get_text() for tick in ax.get_yticklabels()]
        assert ticks == [*(f"unit {unit}" for unit in members), "these 3", "matched", "random"]
        drawn = [float(bar.lines[0].get_xdata()[0]) for bar in ax.containers]
        own = test[test["name"] == name].set_index("unit")
        sets = result.sets[result.sets["name"] == name].set_index("set")["loss"]
        expected = [own.loc[int(unit), "loss"] for unit in members]
        np.testing.assert_allclose(drawn, [*expected, sets["worst"], sets["matched"], sets["random"]])
        labels = [bar.get_label() for bar in ax.containers][:3]
        assert labels == [CONFIRMED if own.loc[int(unit), "found"] else ALONE for unit in members]


def test_of_many_classes_those_that_lose_most_are_drawn_and_it_is_said():
    result = found(MOST + 3)
    fig = class_effects(result.table, result.sets, 0.9)
    assert len(fig.axes) == MOST
    assert fig.axes[-1].get_title(loc="left").endswith(f"(of {MOST + 3} classes)")
    assert "90% intervals" in fig.get_suptitle()


def test_without_validation_images_there_is_a_sentence():
    empty = pd.DataFrame(columns=["name", "set", "members", "loss", "loss_low", "loss_high"])
    fig = class_effects(pd.DataFrame(), empty, 0.95)
    assert [text.get_text() for text in fig.texts] == [NOTHING]

import numpy as np
import pandas as pd
import pytest

from lucidag.figures.roles import COLOURS, n0_of, roles, runs
from lucidag.figures.style import save
from lucidag.rof.roles import shares
from lucidag.rof.support import role_of


def table_of(units, n0_train, n0_test, seed=0):
    rng = np.random.default_rng(seed)
    ranks = {split: rng.permutation(units) + 1 for split in ("train", "test")}
    named = role_of(ranks["train"] <= n0_train, ranks["test"] <= n0_test)
    return pd.DataFrame(
        {
            "unit": np.arange(units),
            "role": named,
            "role_loss": named,
            "role_accuracy": np.full(units, "both"),
            "rank_train": ranks["train"],
            "rank_test": ranks["test"],
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_runs_rebuild_the_values(seed):
    values = np.random.default_rng(seed).choice(["a", "b"], 40).tolist()
    parts = runs(values)
    assert [value for value, _, length in parts for _ in range(length)] == values
    assert [start for _, start, _ in parts] == np.cumsum([0] + [length for *_, length in parts])[:-1].tolist()
    assert runs([]) == []


@pytest.mark.parametrize(("units", "n0_train", "n0_test"), [(2, 1, 1), (10, 3, 10), (64, 40, 25)])
def test_roles_are_the_table(units, n0_train, n0_test, tmp_path):
    table = table_of(units, n0_train, n0_test)
    fig = roles(table, "loss")
    strips, scatter, bars = fig.axes
    from matplotlib.colors import to_hex

    for collection in scatter.collections:
        points = {tuple(point) for point in collection.get_offsets().tolist()}
        (role,) = [r for r, colour in COLOURS.items() if to_hex(collection.get_facecolor()[0]) == colour.lower()]
        chosen = table[table["role"] == role]
        assert points == set(zip(chosen["rank_train"], chosen["rank_test"], strict=True))
    assert f"n₀ = {n0_train} on train, {n0_test} on test" in scatter.get_title(loc="left")
    covered = np.zeros((2, units), dtype=int)
    for collection in strips.collections:
        for path in collection.get_paths():
            (left, bottom), (right, _) = path.vertices.min(axis=0), path.vertices.max(axis=0)
            covered[int(bottom), round(left - 0.5) : round(right - 0.5)] += 1
    assert (covered == 1).all()
    widths = sorted(patch.get_width() for patch in bars.patches if patch.get_width() > 0)
    expected = sorted([1.0, *(table["role"].value_counts() / units)])
    np.testing.assert_allclose(widths, expected)
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_units_of_one_role_are_a_sentence():
    fig = roles(table_of(7, 7, 7), "loss")
    assert not fig.axes
    assert fig.texts[0].get_text() == (
        "All 7 units have one role, both: n₀ by loss is 7 on train and 7 on test, so that roles tell no units apart."
    )
    assert roles(table_of(7, 7, 6), "loss").axes


def test_turning_points_are_read_off_the_roles():
    table = table_of(50, 12, 33)
    assert n0_of(table, "loss", "train") == 12
    assert n0_of(table, "loss", "test") == 33
    assert n0_of(table, "accuracy", "train") == 50


def test_strips_and_bars_say_whose_they_are():
    table = table_of(10, 3, 10)
    strips, _, bars = roles(table, "loss").axes
    drawn = {"train": [""] * 10, "test": [""] * 10}
    assert [label.get_text() for label in strips.get_yticklabels()] == ["ranked\non test", "ranked\non train"]
    for role, collection in zip([*COLOURS] * 2, strips.collections, strict=True):
        for path in collection.get_paths():
            (left, bottom), (right, top) = path.vertices.min(axis=0), path.vertices.max(axis=0)
            for rank in range(round(left + 0.5), round(right + 0.5)):
                drawn["train" if (bottom + top) / 2 > 1 else "test"][rank - 1] = role
    for split, found in drawn.items():
        assert found == table.sort_values(f"rank_{split}")["role"].tolist()
    rows = [label.get_text() for label in bars.get_yticklabels()]
    assert rows == ["by accuracy", "by loss\n(used)"]
    for height, metric in enumerate(("accuracy", "loss")):
        widths = [bar.get_width() for bar in bars.patches if round(bar.get_y() + bar.get_height() / 2) == height]
        np.testing.assert_allclose(widths, list(shares(table, metric).values()))

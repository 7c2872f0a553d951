"""Figures of a family show its numbers: dots joined by seed, a table of means, the courses of all trainings."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from lucidag.figures.experiments import MOST, by_factor, courses, paper_table
from lucidag.figures.style import save

OUTCOMES = ["test_accuracy", "test_loss"]


def family(rates: int, seeds: int) -> tuple[pd.DataFrame, list[dict]]:
    """Draw networks of some learning rates and two networks."""
    rng = np.random.default_rng(0)
    places = list(product(range(rates), ("lib:a", "lib:b"), range(seeds)))
    changed = [{"train.lr": 10.0**-rate, "architecture": net} for rate, net, _ in places]
    table = pd.DataFrame({"seed": [seed for *_, seed in places], "block": [f"{rate}-{net}" for rate, net, _ in places]})
    table[OUTCOMES] = rng.random((len(places), 2))
    return table.assign(status="trained"), changed


@pytest.mark.parametrize(("rates", "seeds"), [(2, 3), (3, 1)])
def test_each_network_is_a_dot_and_lines_join_those_of_a_seed(rates, seeds, tmp_path):
    table, changed = family(rates, seeds)
    fig = by_factor(table, changed, OUTCOMES)
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert len(fig.axes) == 4
    first = fig.axes[0]
    assert len(first.lines) == 2 * seeds
    drawn = sorted((x, y) for line in first.lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True))
    places = [round(-np.log10(each["train.lr"])) for each in changed]
    np.testing.assert_allclose(drawn, sorted(zip(places, table["test_accuracy"] * 100, strict=True)))
    assert [word.get_text() for word in fig.axes[-1].get_xticklabels()] == ["a", "b"]
    assert len(fig.axes[-1].lines) == rates * seeds


def test_seeds_alone_stand_above_each_other_and_what_is_missing_is_left_out():
    table, _ = family(1, 4)
    table.loc[0, "test_loss"] = np.nan
    rows = table[table["block"] == "0-lib:a"]
    fig = by_factor(rows, [{}] * len(rows), OUTCOMES)
    assert [sum(len(line.get_xdata()) for line in ax.lines) for ax in fig.axes] == [4, 3]
    assert not by_factor(rows, [{}] * len(rows), []).axes


def test_the_table_has_means_and_standard_deviations(tmp_path):
    table, changed = family(2, 3)
    table.loc[0, ["status", *OUTCOMES]] = ["diverged", np.nan, np.nan]
    fig = paper_table(table, changed, OUTCOMES)
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    words = [each.get_text() for each in fig.texts]
    assert "2 of 3" in words
    block = table[table["block"] == "1-lib:b"]["test_accuracy"] * 100
    cells = [each for each in words if " ± " in each and each[0].isdigit()]
    (cell,) = [each for each in cells if abs(float(each.split(" ")[0]) - block.mean()) < 0.5]
    assert float(cell.split("± ")[1]) == pytest.approx(block.std(), rel=0.06)
    alone = paper_table(*family(2, 1), OUTCOMES)
    assert not any(" ± " in each.get_text() and each.get_text()[0].isdigit() for each in alone.texts)


def test_every_training_is_a_curve_and_a_block_one_colour(tmp_path):
    def history(validated: bool) -> pd.DataFrame:
        columns = {"epoch": [1, 2], "train_loss": [2.0, 1.0], "train_accuracy": [0.1, 0.2]}
        return pd.DataFrame(columns).assign(
            val_loss=1.5 if validated else np.nan, val_accuracy=0.5 if validated else np.nan
        )

    blocks = {f"net{number}-s{seed}": f"net{number}" for number in range(20) for seed in range(2)}
    fig = courses({name: history(True) for name in blocks}, blocks)
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    lines = fig.axes[0].lines
    assert len(lines) == 40
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == 20
    assert lines[0].get_ydata().tolist() == [1.5, 1.5]
    unvalidated = courses({"a": history(False)}, {"a": "a"})
    assert unvalidated.axes[0].lines[0].get_ydata().tolist() == [2.0, 1.0]
    assert not courses({}, {}).axes
    assert MOST == 5

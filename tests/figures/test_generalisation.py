import numpy as np
import pandas as pd
import pytest

from lucidag.figures.generalisation import correlation_in_words, shares_and_gap
from lucidag.figures.style import save
from lucidag.rof.generalisation import correlations
from lucidag.rof.roles import ROLES


def table_of(families, each=4, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for family in range(families):
        for model in range(each):
            gap = family / 5 + rng.normal(0, 0.02)
            for metric in ("loss", "accuracy"):
                shares = rng.dirichlet(np.ones(4))
                rows.append(
                    {"model": f"m{family}-s{model}", "family": f"m{family}", "metric": metric, "gap": gap}
                    | {f"share_{role}": share for role, share in zip(ROLES, shares, strict=True)}
                )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize("families", [1, 3])
def test_points_are_the_table(metric, families, tmp_path):
    table = table_of(families)
    found = correlations(table, 50, 0.95, 0)
    fig = shares_and_gap(table, found, metric, 0.95)
    rows = table[table["metric"] == metric]
    for ax, role in zip(fig.axes, ROLES, strict=True):
        assert {line.get_label() for line in ax.lines} == set(rows["family"])
        for line in ax.lines:
            models = rows[rows["family"] == line.get_label()]
            np.testing.assert_array_equal(line.get_xdata(), models["gap"])
            np.testing.assert_array_equal(line.get_ydata(), models[f"share_{role}"])
        title = " ".join(ax.get_title(loc="left").split())
        for scope, name in (("between_families", "between families"), ("within_family", "within families")):
            wanted = {"metric": metric, "share": role, "scope": scope}
            (row,) = [each for each in found if wanted.items() <= each.items()]
            assert f"{name}: {correlation_in_words(row)}" in title
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_words_of_a_correlation():
    found = {"rho": -0.934, "low": -0.99, "high": 0.1, "p": 0.0049, "reason": None}
    assert correlation_in_words(found) == "ρ = −0.93 [−0.99, +0.10], p = 0.005"
    assert correlation_in_words(found | {"p": 0.0004}).endswith("p < 0.001")
    assert correlation_in_words(found | {"low": None, "high": None}) == "ρ = −0.93 no interval, p = 0.005"
    assert correlation_in_words(found | {"rho": None, "reason": "too few"}) == "no ρ, too few"


def test_undefined_correlations_are_said():
    table = table_of(1, each=2)
    fig = shares_and_gap(table, correlations(table, 10, 0.95, 0), "loss", 0.95)
    assert "no ρ, 2 models are fewer than 3" in fig.axes[0].get_title(loc="left")

"""Synthetic tables in the form that the retrieval of function writes."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from lucidag.rof.bands import BANDS_COLUMNS, bands_table
from lucidag.rof.plateau import bounds
from lucidag.rof.result import Draws, SweepResult
from lucidag.rof.tables import sweep_table
from lucidag.rof.turning import METRICS, bounds_key, turning_report

SPLITS = ("train", "val", "test")
ORDERS = (("l1", None), ("variance", None), ("random", 3), ("random", 8), ("reversed", None), ("logit_bias", None))


@dataclass(frozen=True)
class Tables:
    """The sweep of one network: results by (split, method, seed), and the tables made of them."""

    results: dict[tuple[str, str, int | None], SweepResult]
    sweep: pd.DataFrame
    bands: pd.DataFrame
    points: list[dict]


def result_of(rng, units, groups, classes, constant=False):
    """Draw metrics at random; accuracies in [0, 1], losses around 1."""
    if constant:
        return SweepResult(
            np.full(units + 1, 0.5),
            np.full(units + 1, 0.7),
            np.full(units + 1, 0.5),
            np.full((groups, units + 1), 0.5),
            np.full((classes, units + 1), 0.5),
        )
    by_group = rng.uniform(0, 1, (groups, units + 1))
    result = SweepResult(
        rng.uniform(0, 1, units + 1),
        rng.uniform(0.5, 2, units + 1),
        by_group.min(axis=0),
        by_group,
        rng.uniform(0, 1, (classes, units + 1)),
    )
    noise = rng.normal(0, 0.05, (20, units + 1))
    draws = Draws(
        result.accuracy + noise, result.loss + noise, result.worst_accuracy + noise, by_group[None] + noise[:, None]
    )
    return replace(result, draws=draws)


@pytest.fixture(scope="session")
def make_tables():
    """Return a function that makes the tables of a network."""

    def make(units=16, group_names=("a", "b"), classes=("x", "y", "z"), seed=0, splits=SPLITS, constant=False):
        rng = np.random.default_rng(seed)
        results, sweeps, bands, draws = {}, [], [], {}
        for split in splits:
            for method, order_seed in ORDERS:
                result = result_of(rng, units, len(group_names), len(classes), constant)
                key = (split, method, order_seed)
                results[key] = result
                sweeps.append(sweep_table(result, *key, classes, group_names, 100))
                if result.draws is not None and method != "random":
                    bands.append(bands_table(result.draws, *key, group_names, 0.95))
                    for metric in METRICS:
                        ends = bounds(getattr(result, metric), getattr(result.draws, metric), metric, 0.01, 0.95, 20)
                        draws[bounds_key(split, method, metric)] = np.array(ends)
        sweep = pd.concat(sweeps, ignore_index=True)
        empty = pd.DataFrame(columns=list(BANDS_COLUMNS))
        return Tables(
            results,
            sweep,
            pd.concat(bands, ignore_index=True) if bands else empty,
            turning_report(sweep, pd.DataFrame(), draws, 0.95)["turning_points"],
        )

    return make


@pytest.fixture(scope="session")
def line():
    """Return a function that finds a line of axes by its label and gives its y values."""

    def find(ax, label):
        found = [each for each in ax.lines if each.get_label() == label]
        assert len(found) == 1, f"{len(found)} lines '{label}' among {[each.get_label() for each in ax.lines]}"
        return np.asarray(found[0].get_ydata(), dtype=float)

    return find

"""Shares of roles against generalisation, families as blocks.

Families (levels of label noise) have a share and a gap each, and their seeds scatter a little around both.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.rof.generalisation import between, within

FAMILIES, SEEDS = 11, 2  # those of config/generalisation.yaml
SCATTER = 0.1  # of seeds, against families that scatter by 1
PERMUTATIONS = 999
ASSOCIATIONS = (0.0, 0.6)
SHOWN = "`correlation.json`: "
Floats = NDArray[np.float64]
Associated = Callable[[Floats, Floats, NDArray[np.integer], int, float, int], dict]


def cases() -> list[Case]:
    """Give the rows of this topic."""
    tests = [_test(name, associated, seeds) for name, associated in SCOPES.items() for seeds in (SEEDS, 5)]
    return tests + [_interval(association) for association in ASSOCIATIONS] + [_interval_within()]


def _test(name: str, associated: Associated, seeds: int) -> Case:
    def draw(rng: Generator) -> bool | None:
        share, gap, family = _models(rng, 0.0, seeds)
        p = associated(share, gap, family, PERMUTATIONS, 0.95, int(rng.integers(2**31)))["p"]
        return None if p is None else p <= 0.05

    setting = f"no association; {FAMILIES} families, {seeds} seeds each that scatter by {SCATTER:g} of the families"
    shown = f"{SHOWN}`p`, scope `{name}`"
    return Case(f"{name}, {seeds} seeds a family", "test", shown, setting, 0.05, draw, REJECTS)


def _interval(association: float) -> Case:
    # Scatter of the mean of seeds, on both sides, weakens the correlation of the means.
    pearson = association / (1 + SCATTER**2 / SEEDS)
    truth = 6 / np.pi * np.arcsin(pearson / 2)  # Spearman's of a normal pair

    def draw(rng: Generator) -> bool | None:
        found = between(*_models(rng, association, SEEDS), 1, 0.95, 0)
        return covers(found["low"], found["high"], float(truth))

    setting = f"{FAMILIES} families, Pearson's correlation of share and gap {association:g}, normal; {SEEDS} seeds"
    shown = f"{SHOWN}`low`, `high`, scope `between_families`"
    return Case(f"interval between families, {association:g}", "interval", shown, setting, 0.95, draw, COVERS)


def _interval_within() -> Case:
    def draw(rng: Generator) -> bool | None:
        found = within(*_models(rng, 0.6, SEEDS), 1, 0.95, 0)
        return covers(found["low"], found["high"], 0.0)

    setting = f"families associated by 0.6, nothing within them; {FAMILIES} families, {SEEDS} seeds"
    shown = f"{SHOWN}`low`, `high`, scope `within_family`"
    return Case("interval within families, 0", "interval", shown, setting, 0.95, draw, COVERS)


def _models(rng: Generator, association: float, seeds: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Draw share, gap and family of each model."""
    family = np.repeat(np.arange(FAMILIES), seeds)
    first, second = rng.normal(size=(2, FAMILIES))
    levels = first, association * first + np.sqrt(1 - association**2) * second
    share, gap = (level[family] + SCATTER * rng.normal(size=len(family)) for level in levels)
    return share, gap, family


SCOPES: dict[str, Associated] = {"between_families": between, "within_family": within}

"""Effects of the factors of a grid, networks as the sample."""

from itertools import product

import numpy as np
import pandas as pd
from numpy.random import Generator

from benchmarks.validity.case import COVERS, REJECTS, Case, covers
from lucidag.experiments.factors import family_effects

ARCHITECTURES = 2
OUTCOMES = 5
# Seeds, and how far the means of seeds scatter that all networks of a seed share, in parts of what varies beside it.
SETTINGS = {
    "independent networks": (0.0, 0.0),
    "networks of one seed alike": (1.0, 0.0),
    "seeds that like one value": (0.5, 1.0),
}
SEEDS = {"normal": 3, "skewed": 5}
KINDS = tuple(SEEDS)
EFFECT = 2.0
SHORT = 50  # a simulation measures ten rows
SHOWN = "`experiments/factors.csv`: "


def cases() -> list[Case]:
    """Give the interval of a planted effect, and the calls without one, for each scatter of networks."""
    found = []
    for name, kind in product(SETTINGS, KINDS):
        seeds = SEEDS[kind]
        found += [_interval(seeds, name, kind), _test(seeds, name, kind)]
    return found


def _family(rng: Generator, seeds: int, name: str, kind: str, effect: float) -> pd.DataFrame:
    """Draw a grid of 2 learning rates, 2 architectures and seeds, and measure its factors."""
    both, own = SETTINGS[name]

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) if kind == "normal" else 1 - rng.exponential(size=shape)

    noise = drawn(OUTCOMES, 2, ARCHITECTURES, seeds) + both * drawn(OUTCOMES, 1, 1, seeds)
    noise += own * drawn(OUTCOMES, 2, 1, seeds)
    noise[:, 1] += effect
    noise += rng.normal(size=(OUTCOMES, 1, ARCHITECTURES, 1))
    places = list(product(range(2), range(ARCHITECTURES), range(seeds)))
    changed = [{"lr": lr, "architecture": net, "train.seed": seed} for lr, net, seed in places]
    names = [f"outcome{number}" for number in range(OUTCOMES)]
    table = pd.DataFrame(noise.reshape(OUTCOMES, -1).T, columns=names).assign(seed=[seed for *_, seed in places])
    found = family_effects("net", table, changed, names, 0.95)
    return found[found["factor"] == "lr"]


def _interval(seeds: int, name: str, kind: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        row = _family(rng, seeds, name, kind, EFFECT).iloc[0]
        return covers(row["low"], row["high"], EFFECT)

    setting = f"{_grid(seeds)}, an effect of {EFFECT:g} standard deviations; {name}, {kind}"
    return Case(
        f"effect, {seeds} seeds, {name}, {kind}", "interval", f"{SHOWN}`low`, `high`", setting, 0.95, draw, COVERS
    )


def _test(seeds: int, name: str, kind: str) -> Case:
    def draw(rng: Generator) -> bool | None:
        return bool(_family(rng, seeds, name, kind, 0.0)["found"].any())

    setting = f"{_grid(seeds)}, no effect on {OUTCOMES} outcomes, any of them called; {name}, {kind}"
    return Case(
        f"no effect, {seeds} seeds, {name}, {kind}",
        "test",
        f"{SHOWN}`found`",
        setting,
        0.05,
        draw,
        REJECTS,
        short=SHORT,
    )


def _grid(seeds: int) -> str:
    return f"2 values, {ARCHITECTURES} architectures, {seeds} seeds"

"""The sweep stage of one model: every split, every order, the control, bands and turning points."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.errors import InputError
from lucidag.features import Features
from lucidag.progress import track
from lucidag.rof import bands
from lucidag.rof.control import LOGIT_BIAS, logit_bias
from lucidag.rof.rank import RANDOM, head_of, order_of, orders
from lucidag.rof.result import SweepResult
from lucidag.rof.sweep import sweep
from lucidag.rof.tables import CLASS_COLUMNS, bands_table, sweep_table
from lucidag.rof.turning import DEGENERATE_FROM, METRICS, describe, select


@dataclass(frozen=True)
class SweepTables:
    """What the sweep stage writes.

    Attributes
    ----------
    sweep, bands
        See `lucidag.rof.tables`.
    turning_points
        One dict for each split, method, seed and metric: these four and the fields of
        `lucidag.rof.turning.TurningPoint`.
    """

    sweep: pd.DataFrame
    bands: pd.DataFrame
    turning_points: list[dict[str, Any]]


@dataclass(frozen=True)
class Selection:
    """k chosen on one split and reported on another.

    Attributes
    ----------
    table
        As sweep.csv, for both splits, with a first column ``ranked_on`` and, where there is a bootstrap, the band of
        each metric of the reported split (``accuracy_low``, ``accuracy_high``, …; empty on the other); None without
        a split to choose on.
    points
        One dict for each method and metric: method, ranked_on, chosen_on, reported_on and the fields of
        `lucidag.rof.turning.select`.
    reason
        Why there is no selection, or None.
    """

    table: pd.DataFrame | None
    points: list[dict[str, Any]]
    reason: str | None


def run_sweep(
    contents: Mapping[str, Features],
    rankings: pd.DataFrame,
    methods: Sequence[str],
    random_seeds: Sequence[int] = (),
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
    class_columns: int = CLASS_COLUMNS,
    degenerate_from: float = DEGENERATE_FROM,
    device: str = "cpu",
) -> SweepTables:
    """Sweep every split in the orders that were ranked on it.

    Parameters
    ----------
    contents
        The features file of each split.
    rankings
        What `lucidag.rof.rank.ranking_table` gave.
    methods, random_seeds
        The orders to sweep; the logit-bias control follows the first method.
    bootstrap
        Samples of images behind bands and intervals; 0 for none. Random orders get none: their own spread over seeds
        is their band.
    confidence
        Of bands and intervals.
    seed
        Of the bootstrap.
    class_columns
        See `lucidag.rof.tables.sweep_table`.
    degenerate_from
        See `lucidag.rof.turning.describe`.
    device
        Where PyTorch computes.
    """
    sweeps, drawn, points = [], [], []
    work = [(split, *order) for split in contents for order in _with_control(methods, random_seeds)]
    counts = {split: _weights(content, bootstrap, seed) for split, content in contents.items()}
    for split, method, order_seed in track(work, "sweep"):
        content = contents[split]
        source = methods[0] if method == LOGIT_BIAS else method
        order = order_of(rankings, split, source, order_seed)
        result = _sweep(content, split, method, order, None if method == RANDOM else counts[split], device)
        key = (split, method, order_seed)
        sweeps.append(sweep_table(result, *key, content.classes, content.group_names, class_columns))
        if result.draws is not None:
            drawn.append(bands_table(result.draws, *key, content.group_names, confidence))
        points += [
            {"split": split, "method": method, "seed": order_seed}
            | asdict(describe(result, metric, confidence, degenerate_from))
            for metric in METRICS
        ]
    empty = pd.DataFrame(columns=["split", "method", "seed", "k", "metric", "low", "high"])
    return SweepTables(
        pd.concat(sweeps, ignore_index=True),
        pd.concat(drawn, ignore_index=True) if drawn else empty,
        points,
    )


def run_selection(
    contents: Mapping[str, Features],
    rankings: pd.DataFrame,
    methods: Sequence[str],
    bootstrap: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
    class_columns: int = CLASS_COLUMNS,
    ranked_on: str = "train",
    chosen_on: str = "val",
    reported_on: str = "test",
    device: str = "cpu",
) -> Selection:
    """Rank on one split, choose k on a second and report on a third, which had no say in either.

    Parameters as for `run_sweep`; random orders are left out. Where a split is missing there is no selection but a
    reason.
    """
    missing = [split for split in (ranked_on, chosen_on, reported_on) if split not in contents]
    if missing:
        return Selection(None, [], f"no selection: the model has no features of split '{missing[0]}'")
    counts = _weights(contents[reported_on], bootstrap, seed)
    tables, points = [], []
    for method, _ in _with_control([m for m in methods if m != RANDOM], ()):
        order = order_of(rankings, ranked_on, methods[0] if method == LOGIT_BIAS else method)
        chosen = _sweep(contents[chosen_on], chosen_on, method, order, None, device)
        reported = _sweep(contents[reported_on], reported_on, method, order, counts, device)
        for split, result in ((chosen_on, chosen), (reported_on, reported)):
            content = contents[split]
            table = sweep_table(result, split, method, None, content.classes, content.group_names, class_columns)
            table.insert(0, "ranked_on", ranked_on)
            if result.draws is not None:
                for metric in METRICS:
                    low, high = bands.percentiles(getattr(result.draws, metric), confidence)
                    table[f"{metric}_low"], table[f"{metric}_high"] = low, high
            tables.append(table)
        key = {
            "method": method,
            "ranked_on": ranked_on,
            "chosen_on": chosen_on,
            "reported_on": reported_on,
        }
        points += [key | select(chosen, reported, metric, confidence) for metric in METRICS]
    return Selection(pd.concat(tables, ignore_index=True), points, None)


def _with_control(methods: Sequence[str], random_seeds: Sequence[int]) -> list[tuple[str, int | None]]:
    if not methods or methods[0] == RANDOM:
        raise InputError("the first ranking method is the one the control follows; it cannot be 'random' or missing")
    return [*orders(methods, random_seeds), (LOGIT_BIAS, None)]


def _weights(content: Features, bootstrap: int, seed: int) -> NDArray[np.uint8] | None:
    return bands.weights(len(content.labels), bootstrap, seed) if bootstrap else None


def _sweep(
    content: Features,
    split: str,
    method: str,
    order: NDArray[np.int64],
    image_weights: NDArray[np.uint8] | None,
    device: str,
) -> SweepResult:
    features, weight, bias = head_of(content, split)
    walk = logit_bias if method == LOGIT_BIAS else sweep
    return walk(
        features,
        content.labels,
        weight,
        bias,
        order,
        content.groups,
        max(1, len(content.group_names)),
        image_weights,
        device=device,
    )

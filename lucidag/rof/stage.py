"""The sweep stage of one model: every split, every order, the control and the bootstrap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.ground.progress import track
from lucidag.ground.statistics.draws import percentiles
from lucidag.rof import bands
from lucidag.rof.control import LOGIT_BIAS, shifted_logits
from lucidag.rof.intervals import intervals, reordered
from lucidag.rof.null import role_draws
from lucidag.rof.plateau import retrieved
from lucidag.rof.rank import ORDER_COLUMNS, RANDOM, SCORES, head_of, order_of, orders
from lucidag.rof.result import SweepResult
from lucidag.rof.settings import Rof
from lucidag.rof.sweep import sweep
from lucidag.rof.tables import sweep_table
from lucidag.rof.turning import METRICS, bounds_key, gain_key, improvement, n0_key, turning_point

Sweeper = Callable[
    [Features, str, str, NDArray[np.int64], NDArray[np.uint8] | None, int, str],
    SweepResult,
]
"""Given features, split, method, order, bootstrap counts, least size of a group and device, gives the sweep."""


@dataclass(frozen=True)
class SweepTables:
    """What the sweep stage writes.

    Attributes
    ----------
    sweep, bands
        See `lucidag.rof.tables`.
    draws
        The turning points of the bootstrap samples (B int64 each, fewer where samples hold no group that may be the
        worst) by `lucidag.rof.turning.n0_key`, and the intervals of the turning points by
        `lucidag.rof.turning.bounds_key`: of the settings' ranking over images and orders, of others, and on a grid,
        over images in the order at hand.
    """

    sweep: pd.DataFrame
    bands: pd.DataFrame
    draws: dict[str, NDArray]


@dataclass(frozen=True)
class SelectionTables:
    """The sweeps from which k is chosen on one split and reported on another.

    Attributes
    ----------
    table
        As sweep.csv, for both splits, with a first column ``ranked_on`` and, on the reporting split, the resamples
        bands as ``accuracy_low``, ``accuracy_high`` and so on for loss and worst_accuracy. Without rows where a
        split is missing.
    draws
        The gains of the chosen k on the bootstrap samples (B float64 each) by `lucidag.rof.turning.gain_key`.
    """

    table: pd.DataFrame
    draws: dict[str, NDArray]


def run_sweep(
    contents: Mapping[str, Features],
    rankings: pd.DataFrame,
    settings: Rof,
    min_group: int,
    device: str = "cpu",
    swept: Sweeper | None = None,
) -> SweepTables:
    """Sweep every split in the orders that were ranked on it.

    Parameters
    ----------
    contents
        The features file of each split.
    rankings
        What `lucidag.rof.rank.ranking_table` gave.
    settings
        Its methods and random orders are swept, and the logit-bias control follows its ranking. Random orders get no
        bootstrap: their own spread over seeds is their band.
    min_group
        A group of fewer images in a split is not called the worst there.
    device
        Where PyTorch computes.
    swept
        Gives the sweep of an order; by default all k of features and last layer.
    """
    sweeps, drawn, draws = [], [], {}
    every: list[tuple[str, int | None]] = [*orders(settings.methods, settings.random_seeds), (LOGIT_BIAS, None)]
    counts = {split: _weights(content, settings.resamples, settings.seed) for split, content in contents.items()}
    work = [(split, *order) for split in contents for order in every]
    for split, method, order_seed in track(work, "sweep"):
        content = contents[split]
        order = order_of(rankings, split, settings.ranking if method == LOGIT_BIAS else method, order_seed)
        weights = None if method == RANDOM else counts[split]
        result = (swept or _sweep)(content, split, method, order, weights, min_group, device)
        key = (split, method, order_seed)
        sweeps.append(sweep_table(result, *key, content.classes, content.group_names, settings.class_columns))
        if result.draws is not None:
            drawn.append(
                bands.bands_table(result.draws, *key, content.group_names, settings.confidence, result.numbers)
            )
            for metric in METRICS:
                drawn_curves = getattr(result.draws, metric)
                places = retrieved(drawn_curves[~np.isnan(drawn_curves[:, 0])], metric, settings.margin)
                draws[n0_key(split, method, metric)] = result.numbers[places]
            others = None
            if method == settings.ranking and swept is None and weights is not None:
                few = weights[: settings.order_resamples]
                others = reordered(content, split, method, few, min_group, device)
            asked = settings.margin, settings.confidence
            for metric, ends in intervals(result, content, min_group, *asked, others).items():
                draws[bounds_key(split, method, metric)] = ends
    if swept is None and settings.resamples and settings.ranking in SCORES and {"train", "test"} <= set(contents):
        both = {split: drawn_counts for split, drawn_counts in counts.items() if drawn_counts is not None}
        draws |= role_draws(contents, both, settings.ranking, settings.margin, settings.seed, device)
    empty = pd.DataFrame(columns=list(bands.BANDS_COLUMNS))
    bands_of_all = pd.concat(drawn, ignore_index=True) if drawn else empty
    return SweepTables(pd.concat(sweeps, ignore_index=True), bands_of_all, draws)


def run_selection(
    contents: Mapping[str, Features],
    rankings: pd.DataFrame,
    settings: Rof,
    min_group: int,
    device: str = "cpu",
    swept: Sweeper | None = None,
) -> SelectionTables:
    """Rank on the training split, choose k on the validation split and report on the test split, which had no say.

    Parameters as for `run_sweep`; random orders are left out.
    """
    if not {"train", "val", "test"} <= set(contents):
        return SelectionTables(pd.DataFrame(columns=["ranked_on", *ORDER_COLUMNS, "k", *METRICS]), {})
    counts = _weights(contents["test"], settings.resamples, settings.seed)
    tables, draws = [], {}
    for method in track([*(m for m in settings.methods if m != RANDOM), LOGIT_BIAS], "sweep for selection"):
        order = order_of(rankings, "train", settings.ranking if method == LOGIT_BIAS else method)
        results = {
            split: (swept or _sweep)(contents[split], split, method, order, weights, min_group, device)
            for split, weights in (("val", None), ("test", counts))
        }
        for split, result in results.items():
            names = contents[split].classes, contents[split].group_names
            table = sweep_table(result, split, method, None, *names, settings.class_columns)
            table.insert(0, "ranked_on", "train")
            if result.draws is not None:
                for metric in METRICS:
                    drawn, k = getattr(result.draws, metric), turning_point(getattr(results["val"], metric), metric)
                    table[f"{metric}_low"], table[f"{metric}_high"] = percentiles(drawn, settings.confidence)
                    draws[gain_key(method, metric)] = improvement(drawn[:, k], drawn[:, -1], metric)
            tables.append(table)
    return SelectionTables(pd.concat(tables, ignore_index=True), draws)


def _weights(content: Features, resamples: int, seed: int) -> NDArray[np.uint8] | None:
    return bands.weights(len(content.labels), resamples, seed, content.clusters()) if resamples else None


def _sweep(
    content: Features,
    split: str,
    method: str,
    order: NDArray[np.int64],
    image_weights: NDArray[np.uint8] | None,
    min_group: int,
    device: str,
) -> SweepResult:
    features, weight, bias = head_of(content, split)
    return sweep(
        features,
        content.labels,
        weight,
        bias,
        order,
        content.groups,
        max(1, len(content.group_names)),
        image_weights,
        min_group,
        logits=shifted_logits if method == LOGIT_BIAS else None,
        device=device,
    )

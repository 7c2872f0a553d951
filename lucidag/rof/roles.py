"""The role of each unit: on which data it is among those that the network needs.

The four types follow the idea of Zhao, Zhang and Hu, "Role Taxonomy of Units in Deep Neural Networks" (arXiv
2011.00789): units differ in their functional preference on the training set and on the test set. The rule
is our operationalisation. U0 of a split holds the units ranked up to the turning point n0, where both the order and
the sweep come from that split; a unit's role says in which of the two U0 it is. Ranks, scores and marginal gains are
kept beside it so that another rule can be tried without another sweep.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.rof.plateau import MARGIN, retrieved
from lucidag.rof.rank import ranking_rows
from lucidag.rof.support import ROLES, Support, support
from lucidag.rof.tables import curve_of, is_grid, numbers_of
from lucidag.rof.turning import around, improvement

ROLE_METRICS = ("loss", "accuracy")
ROLE_COLUMNS = (
    *("unit", "role", "role_accuracy", "role_loss", "supported", "supported_accuracy", "supported_loss"),
    *("stability_accuracy", "stability_loss", "null_accuracy", "null_loss"),
    *("rank_train", "rank_test", "score_train", "score_test"),
    *("gain_train_accuracy", "gain_test_accuracy", "gain_train_loss", "gain_test_loss", "flags"),
)


def roles(
    ranking: pd.DataFrame, sweep: pd.DataFrame, method: str = "l1", metric: str = "loss", margin: float = MARGIN
) -> pd.DataFrame:
    """Give each unit its role, without draws that could support it: the table of `judged_roles`."""
    return judged_roles(ranking, sweep, method, metric, margin, confidence=0.95)[0]


def judged_roles(
    ranking: pd.DataFrame,
    sweep: pd.DataFrame,
    method: str = "l1",
    metric: str = "loss",
    margin: float = MARGIN,
    draws: Mapping[str, NDArray] | None = None,
    *,
    confidence: float,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Give each unit its role, and say how far that is supported.

    Parameters
    ----------
    ranking, sweep
        The tables; both hold the splits train and test.
    method
        The ranking that orders the units.
    metric
        Whose turning points decide column ``role``: ``loss`` or ``accuracy``.
    margin
        Of the turning points, see `lucidag.rof.plateau.retrieved`.
    draws, confidence
        What the sweep stage drew, and the level of what is told from it: see `lucidag.rof.support.support`.

    Returns
    -------
    table
        One row a unit, by unit number, with `ROLE_COLUMNS`. ``role`` is one of the four, ``supported`` the same or
        ``undetermined``; ``stability`` is the share of bootstrap samples in which the unit has its role, ``null`` the
        share of deals of the pooled images into two sets of the splits' sizes (see `Support`). Ranks count from 1. A
        gain is the change for the better (accuracy, or nats of loss) at the moment the unit is switched on in the order
        of that split; empty where the sweep is on a grid without the k before or after that. Flags, joined by ``;``:
        dead_train and dead_test (score 0), degenerate_accuracy and degenerate_loss (for all units: the null gives roles
        by one split alone as often, so the roles by that metric do not tell the splits apart), undecided_train and
        undecided_test (the unit stands between the k of a grid before and after the turning point: a finer grid may
        give it another role).
    shares
        One dict for each metric and role: metric, degenerate, and `Support.shares`.

    Raises
    ------
    InputError
        If a table lacks the split or the method, the two do not fit together, or `metric` is another.
    """
    if metric not in ROLE_METRICS:
        raise InputError(f"roles by '{metric}' are unknown; allowed: {', '.join(ROLE_METRICS)}")
    columns: dict[str, NDArray] = {}
    turned: dict[str, dict[str, int]] = {"accuracy": {}, "loss": {}}
    flags: list[tuple[str, NDArray]] = []
    for name in ("train", "test"):
        rows = ranking_rows(ranking, name, method).sort_values("unit")
        ranks = rows["rank"].to_numpy()
        columns[f"rank_{name}"], columns[f"score_{name}"] = ranks, rows["score"].to_numpy()
        for each in ROLE_METRICS:
            curve = curve_of(sweep, name, method, each)
            numbers = numbers_of(sweep, name, method)
            if numbers[-1] != len(ranks):
                raise InputError(
                    f"split '{name}' has {len(ranks)} ranked units, but its sweep ends at k = {numbers[-1]}"
                )
            place = int(retrieved(curve[None], each, margin)[0])
            turned[each][name] = int(numbers[place])
            columns[f"gain_{name}_{each}"] = _gains(curve, numbers, each)[ranks - 1]
            if each == metric and is_grid(numbers):
                before, after = around(place, numbers)
                flags.append((f"undecided_{name}", (ranks > before + 1) & (ranks < after)))
        flags.append((f"dead_{name}", columns[f"score_{name}"] == 0))
    if len(columns["rank_train"]) != len(columns["rank_test"]):
        raise InputError("splits 'train' and 'test' rank different numbers of units")
    columns["unit"] = np.arange(len(columns["rank_train"]))
    ranked = {name: columns[f"rank_{name}"] for name in ("train", "test")}
    shared = []
    for each in ROLE_METRICS:
        found = support(ranked, turned[each], draws or {}, method, each, confidence)
        columns |= _columns(found, each)
        flags.append((f"degenerate_{each}", np.full(len(found.role), bool(found.degenerate))))
        shared += [{"metric": each, "degenerate": found.degenerate, **row} for row in found.shares]
    columns |= {name: columns[f"{name}_{metric}"] for name in ("role", "supported")}
    table = pd.DataFrame(columns)
    table["flags"] = [";".join(sorted(name for name, which in flags if which[unit])) for unit in range(len(table))]
    return table[list(ROLE_COLUMNS)], shared


def _columns(found: Support, metric: str) -> dict[str, NDArray]:
    names = ("role", "supported", "stability", "null")
    return {f"{name}_{metric}": getattr(found, name) for name in names}


def _gains(curve: NDArray[np.float64], numbers: NDArray[np.int64], metric: str) -> NDArray[np.float64]:
    """Give the change that each rank brings, not a number where the curve lacks one of its two ends."""
    found = np.full(numbers[-1], np.nan)
    one = np.diff(numbers) == 1
    found[numbers[1:][one] - 1] = improvement(curve[1:], curve[:-1], metric)[one]
    return found


def shares(table: pd.DataFrame, metric: str = "loss") -> dict[str, float]:
    """Return the share of units in each role by `metric`; the four sum to 1."""
    counted = table[f"role_{metric}"].value_counts()
    return {role: float(counted.get(role, 0) / len(table)) for role in ROLES}

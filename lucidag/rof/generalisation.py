"""Do the shares of the roles go with how well a model generalises? Over several models.

Zhao, Zhang and Hu (arXiv 2011.00789) report that the ratios of the four types are highly associated with
generalisation. Here the association is Spearman's correlation of each share with the gap between train and test
accuracy. Models come in families (a level of label noise, with several seeds): the seeds of a family are alike, and
counting each as a model of its own finds associations where there are none. So families are blocks. Between families
the correlation is that of the means of families, with a permutation test over families; within families the mean
rank of each family is taken out of the ranks, and models change places within their family only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.corrections import holm
from lucidag.ground.statistics.correlation import associate_within, permuted_spearman, ranks_within, spearman_interval
from lucidag.rof.plateau import MARGIN, retrieved
from lucidag.rof.roles import ROLE_METRICS, ROLES, shares
from lucidag.rof.tables import curve_of, numbers_of

Floats = NDArray[np.float64]
FEWEST_MODELS = 3


def model_row(
    model: str,
    family: str,
    seed: int,
    roles: pd.DataFrame,
    sweep: pd.DataFrame,
    method: str = "l1",
    margin: float = MARGIN,
) -> list[dict[str, Any]]:
    """Describe one model in two rows, one for each metric of `ROLE_METRICS`.

    Returns
    -------
    list of dict
        model, family, seed, metric, train_accuracy, test_accuracy, gap (train less test accuracy, all units on),
        share_both, share_train_only, share_test_only, share_neither, n0_train, n0_test.
    """
    accuracy = {split: float(curve_of(sweep, split, method, "accuracy")[-1]) for split in ("train", "test")}
    # Rounded, because 0.9 - 0.8 and 0.8 - 0.7 differ in the last digit and would not tie in rank.
    gap = round(accuracy["train"] - accuracy["test"], 12)
    return [
        {"model": model, "family": family, "seed": seed, "metric": metric}
        | {f"{split}_accuracy": value for split, value in accuracy.items()}
        | {"gap": gap}
        | {f"share_{role}": share for role, share in shares(roles, metric).items()}
        | {f"n0_{split}": _n0(sweep, split, method, metric, margin) for split in accuracy}
        for metric in ROLE_METRICS
    ]


def _n0(sweep: pd.DataFrame, split: str, method: str, metric: str, margin: float) -> int:
    place = int(retrieved(curve_of(sweep, split, method, metric)[None], metric, margin)[0])
    return int(numbers_of(sweep, split, method)[place])


def correlations(table: pd.DataFrame, resamples: int, confidence: float, seed: int) -> list[dict[str, Any]]:
    """Correlate each share of roles with the gap, for each metric, between and within families.

    Parameters
    ----------
    table
        The rows of `model_row` over all models.
    resamples
        Permutations, where there are more orders than these.
    confidence
        Of the interval.
    seed
        Of the permutations.

    Returns
    -------
    list of dict
        metric, share, scope (``between_families`` or ``within_family``), models, families, rho, low, high, p, p_holm (p
        corrected by Holm for the metrics and shares of the scope), reason. Where rho is undefined, rho, low, high
        and p are None and reason says why; otherwise reason is None. With few models low and high are None
        (`lucidag.ground.statistics.correlation.spearman_interval`).
    """
    if resamples < 1:
        raise InputError(f"correlations need at least 1 draw, found {resamples}")
    rows: list[dict[str, Any]] = []
    for metric in ROLE_METRICS:
        part = table[table["metric"] == metric]
        gap = part["gap"].to_numpy(dtype=np.float64)
        family = pd.factorize(part["family"])[0]
        for role in ROLES:
            share = part[f"share_{role}"].to_numpy(dtype=np.float64)
            for scope, associated in (("between_families", between), ("within_family", within)):
                key = {"metric": metric, "share": role, "scope": scope}
                counts = {"models": len(part), "families": len(np.unique(family))}
                rows.append(key | counts | associated(share, gap, family, resamples, confidence, seed))
    for scope in ("between_families", "within_family"):
        tested = [row for row in rows if row["scope"] == scope]
        defined = [row for row in tested if row["p"] is not None]
        for row in tested:
            row["p_holm"] = None
        for row, p in zip(defined, holm([row["p"] for row in defined]), strict=True):
            row["p_holm"] = float(p)
    return rows


def nothing_correlated(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say why there is no correlation at all, if so; see `correlations`."""
    if any(row["reason"] is None for row in found):
        return []
    reasons = dict.fromkeys(row["reason"] for row in found)
    return [f"there is no correlation, as {'; '.join(reasons)}: more `models` or `seeds` would give one"]


def between(
    share: Floats, gap: Floats, family: NDArray[np.integer], resamples: int, confidence: float, seed: int
) -> dict[str, Any]:
    """Correlate the means of families; see `correlations`. `family` numbers the family of each model from 0."""
    count = np.bincount(family)
    shares, gaps = (np.bincount(family, values) / count for values in (share, gap))
    reason = _undefined(shares, gaps, np.zeros(len(count), dtype=np.int64), "families")
    if reason is not None:
        return dict.fromkeys(("rho", "low", "high", "p")) | {"reason": reason}
    # Means that are equal but for the last digit tie.
    rho, p = permuted_spearman(shares.round(12), gaps.round(12), resamples, seed)
    low, high = spearman_interval(rho, len(count), confidence)
    return {"rho": rho, "low": low, "high": high, "p": p, "reason": None}


def within(
    share: Floats, gap: Floats, family: NDArray[np.integer], resamples: int, confidence: float, seed: int
) -> dict[str, Any]:
    """Correlate the models within their families; see `correlations`."""
    reason = _undefined(share, gap, family, "models")
    if reason is not None:
        return dict.fromkeys(("rho", "low", "high", "p")) | {"reason": reason}
    return associate_within(share, gap, family, resamples, confidence, seed) | {"reason": None}


def _undefined(share: Floats, gap: Floats, family: NDArray[np.integer], what: str) -> str | None:
    """Say why there is no correlation, or None."""
    if len(share) < FEWEST_MODELS:
        return f"{len(share)} {what} are fewer than {FEWEST_MODELS}"
    within_each = " within every family" if len(np.unique(family)) > 1 else ""
    for name, values in (("share", share), ("gap", gap)):
        if not np.isfinite(values).all():
            return f"the {name} of a model is missing"
        if np.ptp(values) <= 1e-12 or not ranks_within(values, family).any():
            return f"the {name} is the same for all {what}{within_each}"
    return None

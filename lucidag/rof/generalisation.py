"""Do the shares of the roles go with how well a model generalises? Over several models.

Zhao, Zhang and Hu (arXiv 2011.00789) report that the ratios of the four types are highly associated with
generalisation. Here the association is Spearman's correlation of each share with the gap between train and test
accuracy, with a bootstrap interval over models and a permutation p value. Models often come in families (one data
set, several levels of label noise or sizes): then the association may be that of the families, so it is also given
within families, after the mean rank of each family is taken out of the ranks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.correlation import associate_within, ranks_within
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
    """Correlate each share of roles with the gap, for each metric, over all models and within families.

    Parameters
    ----------
    table
        The rows of `model_row` over all models.
    resamples
        Bootstrap samples of models, and permutations.
    confidence
        Of the percentile interval.
    seed
        Of both.

    Returns
    -------
    list of dict
        metric, share, scope (``all`` or ``within_family``), models, rho, low, high, p, undefined_draws (samples in
        which a constant leaves rho undefined and which the interval leaves out), reason. Where rho is undefined,
        rho, low, high and p are None and reason says why; otherwise reason is None.
    """
    if resamples < 1:
        raise InputError(f"correlations need at least 1 draw, found {resamples}")
    rows = []
    for metric in ROLE_METRICS:
        part = table[table["metric"] == metric]
        gap = part["gap"].to_numpy(dtype=np.float64)
        families = pd.factorize(part["family"])[0]
        for role in ROLES:
            share = part[f"share_{role}"].to_numpy(dtype=np.float64)
            for scope, family in (("all", np.zeros_like(families)), ("within_family", families)):
                rows.append(
                    {"metric": metric, "share": role, "scope": scope, "models": len(part)}
                    | associate(share, gap, family, resamples, confidence, seed)
                )
    return rows


def nothing_correlated(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say why there is no correlation at all, if so; see `correlations`."""
    if any(row["reason"] is None for row in found):
        return []
    reasons = dict.fromkeys(row["reason"] for row in found)
    return [f"there is no correlation, as {'; '.join(reasons)}: more `models` or `seeds` would give one"]


def associate(
    share: Floats, gap: Floats, family: NDArray[np.integer], resamples: int, confidence: float, seed: int
) -> dict[str, Any]:
    """Return rho, low, high, p, undefined_draws and reason for one share; see `correlations`.

    `family` numbers the family of each model from 0.
    """
    reason = _undefined(share, gap, family)
    if reason is not None:
        return dict.fromkeys(("rho", "low", "high", "p", "undefined_draws")) | {"reason": reason}
    return associate_within(share, gap, family, resamples, confidence, seed) | {"reason": None}


def _undefined(share: Floats, gap: Floats, family: NDArray[np.integer]) -> str | None:
    """Say why there is no correlation, or None."""
    if len(share) < FEWEST_MODELS:
        return f"{len(share)} models are fewer than {FEWEST_MODELS}"
    within = " within every family" if len(np.unique(family)) > 1 else ""
    for name, values in (("share", share), ("gap", gap)):
        if not np.isfinite(values).all():
            return f"the {name} of a model is missing"
        if not ranks_within(values, family).any():
            return f"the {name} is the same for all models{within}"
    return None

"""How far the role of each unit is supported: by other samples of images, and against splits of one population."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.rof.turning import bounds_key, n0_key

ROLES = ("both", "train_only", "test_only", "neither")
UNDETERMINED = "undetermined"
ONE_SIDED = ("train_only", "test_only")


def role_of(in_train: NDArray[np.bool_], in_test: NDArray[np.bool_]) -> NDArray:
    """Name the roles of units by their membership in U0 of train and of test."""
    return np.select([in_train & in_test, in_train & ~in_test, ~in_train & in_test], ROLES[:3], default=ROLES[3])


@dataclass(frozen=True)
class Support:
    """What is known of the roles of K units by one metric.

    Attributes
    ----------
    role
        K roles, of the four.
    supported
        K roles, or `UNDETERMINED`: see `supported_roles`.
    stability
        K: the share of bootstrap samples in which the unit has its role; NaN without any.
    null
        K: the share of deals of the pooled images in which it has that role; NaN without any.
    shares
        One dict for each role: role, units, share, low, high, null_share (mean over deals), null_high (the share that
        no more than half the test's level of the deals exceed), p (None of ``both`` and ``neither``), supported.
    degenerate
        Whether the null gives units of one split alone as often; None where there is no null.
    """

    role: NDArray
    supported: NDArray
    stability: NDArray[np.float64]
    null: NDArray[np.float64]
    shares: list[dict[str, Any]]
    degenerate: bool | None


def support(
    ranks: Mapping[str, NDArray[np.integer]],
    n0: Mapping[str, int],
    draws: Mapping[str, NDArray],
    method: str,
    metric: str,
    confidence: float,
) -> Support:
    """Judge the roles of the units by one metric.

    Parameters
    ----------
    ranks, n0
        By split: the K ranks, and the turning point.
    draws
        What the sweep stage drew: see `lucidag.rof.null.role_draws`; may be empty.
    method
        The ranking.
    metric
        ``accuracy`` or ``loss``.
    confidence
        Tests of shares are at 1 - confidence for both one-sided roles together, half of that each.

    Returns
    -------
    Support
        A role is supported where it holds at both ends of the intervals of both turning points; that of one split
        alone only if there are more such units than in deals of one population (a permutation test of their share).
        The interval of a share is from its least to its greatest over these ends.
    """
    role = role_of(*(ranks[split] <= n0[split] for split in ("train", "test")))
    ends = [draws.get(bounds_key(split, method, metric)) for split in ("train", "test")]
    at_ends = _at_ends(ranks, ends)
    dealt = _dealt(draws, metric)
    unknown = np.full(len(role), np.nan)
    drawn = _drawn(draws, method, metric)
    level = (1 - confidence) / 2
    shares = [_share(name, role, at_ends, dealt, level) for name in ROLES]
    beyond = {row["role"]: row["p"] is not None and row["p"] <= level for row in shares}
    supported = np.full(len(role), UNDETERMINED, dtype=object)
    if at_ends is not None:
        holds = (at_ends == role).all(axis=0) & np.array([name not in ONE_SIDED or beyond[name] for name in role])
        supported[holds] = role[holds]
    for row in shares:
        row["supported"] = int((supported == row["role"]).sum())
    return Support(
        role,
        supported.astype(str),
        unknown if drawn is None else (drawn == role).mean(axis=0),
        unknown if dealt is None else (dealt[1:] == role).mean(axis=0),
        shares,
        None if dealt is None else not any(beyond[name] for name in ONE_SIDED),
    )


def _at_ends(ranks: Mapping[str, NDArray[np.integer]], ends: list[NDArray | None]) -> NDArray | None:
    """Give the roles at the four pairs of ends of the two intervals, 4 x K."""
    train, test = ends
    if train is None or test is None:
        return None
    return np.array([role_of(ranks["train"] <= a, ranks["test"] <= b) for a in train for b in test])


def _drawn(draws: Mapping[str, NDArray], method: str, metric: str) -> NDArray | None:
    """Give the roles in the bootstrap samples, B x K."""
    if ranks_key("train") not in draws:
        return None
    return role_of(
        *(draws[ranks_key(split)] <= draws[n0_key(split, method, metric)][:, None] for split in ("train", "test"))
    )


def _dealt(draws: Mapping[str, NDArray], metric: str) -> NDArray | None:
    """Give the roles in the deals, the actual one first, (1 + B) x K."""
    if dealt_ranks_key("train") not in draws:
        return None
    return role_of(
        *(draws[dealt_ranks_key(split)] <= draws[dealt_key(split, metric)][:, None] for split in ("train", "test"))
    )


def _share(name: str, role: NDArray, at_ends: NDArray | None, dealt: NDArray | None, level: float) -> dict[str, Any]:
    here = (role == name).mean()
    row: dict[str, Any] = {"role": name, "units": int((role == name).sum()), "share": float(here)}
    of_ends = None if at_ends is None else [*(at_ends == name).mean(axis=1), here]
    row |= {"low": None, "high": None} if of_ends is None else {"low": float(min(of_ends)), "high": float(max(of_ends))}
    if dealt is None:
        return row | dict.fromkeys(("null_share", "null_high", "p"))
    of_deals = (dealt == name).mean(axis=1)
    anew = of_deals[1:]
    row |= {"null_share": float(anew.mean()), "null_high": float(np.quantile(anew, 1 - level, method="higher"))}
    # The actual deal is one of those that are possible.
    p = float((of_deals >= of_deals[0] - 1e-12).mean()) if name in ONE_SIDED else None
    return row | {"p": p}


def ranks_key(split: str) -> str:
    """Name the ranks in the bootstrap samples of a split among the draws."""
    return f"ranks/{split}"


def dealt_ranks_key(split: str) -> str:
    """Name the ranks in the deals among the draws."""
    return f"dealt/ranks/{split}"


def dealt_key(split: str, metric: str) -> str:
    """Name the turning points in the deals among the draws."""
    return f"dealt/n0/{split}/{metric}"

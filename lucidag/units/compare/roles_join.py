"""What the units of the penultimate layer detect, joined with the roles that retrieval of function gives them.

The question is whether the units that restore function are the interpretable ones. A unit restores function on
a split if it is ranked up to the turning point there: its role is ``both`` or that of the split alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known
from lucidag.ground.statistics.correlation import permuted_spearman
from lucidag.ground.statistics.intervals import estimate, number, share
from lucidag.ground.statistics.permutation import mean_difference
from lucidag.rof.roles import ROLE_METRICS, ROLES
from lucidag.rof.support import UNDETERMINED
from lucidag.units.labels.counts import CONCEPT, labelled, measure
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import NONE
from lucidag.units.settings import Draws

SPLITS = ("train", "test")
RELATIVE = 1e-3  # by how much features may differ by rounding
JOINED = (
    *("method", "unit", "role", "supported", "rank_train", "rank_test", "concept", "category", "score", "labelled"),
    "flags",
)


def penultimate_layer(
    features: NDArray[np.float32],
    ids: Sequence[str],
    layers: Mapping[str, NDArray[np.float32]],
    probe_ids: Sequence[str],
) -> str:
    """Find the layer whose pooled activations are the input of the last linear layer.

    Parameters
    ----------
    features, ids
        M x K features of images, and their image ids.
    layers, probe_ids
        Pooled activations N x U by layer, and the image ids of the probe set.

    Raises
    ------
    InputError
        If the probe set has none of these images, or no layer gives these numbers: then its units are not those
        that have roles.
    """
    place = {image: row for row, image in enumerate(probe_ids)}
    shared = [(row, place[image]) for row, image in enumerate(ids) if image in place]
    if not shared:
        raise InputError(
            "roles and labels cannot be joined: the probe set shares no image with the features of the model"
        )
    ours, theirs = (np.array(rows) for rows in zip(*shared, strict=True))
    wanted = features[ours]
    tolerance = RELATIVE * max(float(np.abs(wanted).max()), float(np.finfo(np.float32).tiny))
    for layer, pooled in layers.items():
        if pooled.shape[1] == wanted.shape[1] and float(np.abs(pooled[theirs] - wanted).max()) <= tolerance:
            return layer
    raise InputError(
        f"roles and labels cannot be joined: none of the layers {', '.join(layers)} gives the features in front of the "
        "last layer (with `pooling: mean`, the last block of a ResNet does)"
    )


def join(roles: pd.DataFrame, units: pd.DataFrame, column: str = "role") -> pd.DataFrame:
    """Join the roles of the units with their labels.

    Parameters
    ----------
    roles
        See `lucidag.rof.roles.roles`.
    units
        The labelled units of the penultimate layer (see `lucidag.units.labels.unit_tables`), by one method or more.
    column
        Which roles: ``role``, ``role_loss`` or ``role_accuracy``.

    Returns
    -------
    DataFrame
        One row a method and unit with the columns `JOINED`, by method and rank on test; ``score`` is how strong a
        label is (see `lucidag.units.labels.counts.measure`), ``labelled`` whether it is confirmed, and ``flags`` has of
        ``degenerate_*`` that of the chosen roles.

    Raises
    ------
    InputError
        If a method does not label exactly the units that have roles.
    """
    check_known("column", column, list(roles.columns), "roles")
    # Where no unit has a flag, the column is read as one of missing numbers.
    flags = roles["flags"].astype(object).where(roles["flags"].notna(), "")
    ranked = roles.assign(
        role=roles[column],
        supported=roles[column.replace("role", "supported", 1)],
        flags=[_of(each, column.removeprefix("role").removeprefix("_")) for each in flags],
    )
    parts = []
    for method in methods_of(units):
        own = units[units["method"] == method]
        if set(own["unit"]) != set(ranked["unit"]):
            raise InputError(
                f"method '{method}' labels {len(own)} units, but {len(ranked)} units have roles: "
                "the layer is not the penultimate one"
            )
        own = own.assign(labelled=labelled(own), score=measure(own))
        parts.append(own.merge(ranked[["unit", "role", "supported", "rank_train", "rank_test", "flags"]], on="unit"))
    if not parts:
        raise InputError("roles and labels: no method labels the units")
    joined = pd.concat(parts, ignore_index=True)
    joined["method"] = pd.Categorical(joined["method"], methods_of(units))
    joined = joined.sort_values(["method", "rank_test"]).astype({"method": str}).reset_index(drop=True)
    return joined[list(JOINED)]


def _of(flags: str, metric: str) -> str:
    """Leave out that roles by another metric are degenerate."""
    others = {f"degenerate_{each}" for each in ROLE_METRICS if metric and each != metric}
    return ";".join(each for each in flags.split(";") if each not in others)


def concept_roles(joined: pd.DataFrame) -> pd.DataFrame:
    """Count the roles of the units of each concept.

    Parameters
    ----------
    joined
        What `join` gives; units whose label does not count are left out.

    Returns
    -------
    DataFrame
        method, concept, category, units, then their number in each role, undetermined (how many of these roles are not
        supported), score (mean) and, on train and test,
        ``rank_{split}_best`` and ``rank_{split}_mean``. By method, most units first, equal numbers by name.
    """
    kept = joined[joined["labelled"] & (joined["concept"] != NONE)]
    ranks = {
        f"rank_{split}_{name}": (f"rank_{split}", how)
        for split in SPLITS
        for name, how in (("best", "min"), ("mean", _mean))
    }
    table = (
        kept.assign(**{role: kept["role"] == role for role in ROLES}, undetermined=kept["supported"] == UNDETERMINED)
        .groupby(["method", *CONCEPT], as_index=False)
        .agg(
            units=("unit", "size"),
            **{role: (role, "sum") for role in (*ROLES, UNDETERMINED)},
            score=("score", _mean),
            **ranks,
        )
    )
    return table.sort_values(["method", "units", *CONCEPT], ascending=[True, False, True, True], ignore_index=True)


def _mean(values: pd.Series) -> float:
    return float(values.mean())  # not the group-by's own, which adds up in another order


def role_tests(joined: pd.DataFrame, asked: Draws) -> dict[str, Any]:
    """Test whether units that restore function score higher, or are detectors more often, than the others.

    Permutations deal the labels out to the units anew (`scipy.stats.permutation_test`: two-sided, the observed order
    counted in, exact where there are no more orders than draws). Every unit counts, also one whose label
    does not: a method gives it a low score. Units without a score are left out. p values are not adjusted for
    their number.

    Parameters
    ----------
    joined
        What `join` gives.
    asked
        Of the permutations, and of the bootstrap over units for the intervals of differences.

    Returns
    -------
    dict
        By method: ``units``; ``roles`` by name with ``units``, ``score`` (value, low, high, n) and ``labelled`` (value,
        low, high, n); and ``restoring`` by split with ``units`` (that restore function), ``others``, ``degenerate``
        (splits of one population would give units of one split alone as often: see `lucidag.rof.support`) and three
        tests: ``score`` and ``labelled`` (restoring, others, difference, low, high, p, reason), ``rank`` (rho:
        Spearman's correlation of rank and score, negative where units switched on early score higher; p, reason). Where
        a test is impossible its numbers are None and ``reason`` says why, as where all units have one role; otherwise
        ``reason`` is None.
    """
    return {
        str(method): {
            "units": len(part),
            "roles": {role: _role(part[part["role"] == role], asked) for role in ROLES},
            "restoring": {split: _restoring(part, split, asked) for split in SPLITS},
        }
        for method, part in joined.groupby("method", sort=False)
    }


def restores(roles: pd.Series, split: str) -> NDArray[np.bool_]:
    """Tell which units are ranked up to the turning point of a split."""
    return roles.isin(("both", f"{split}_only")).to_numpy()


def _role(part: pd.DataFrame, asked: Draws) -> dict[str, Any]:
    return {
        "units": len(part),
        "score": estimate(part["score"], asked.confidence, asked.resamples, asked.seed).json(),
        "labelled": share(int(part["labelled"].sum()), len(part), asked.confidence),
    }


def _restoring(part: pd.DataFrame, split: str, asked: Draws) -> dict[str, Any]:
    needed = restores(part["role"], split)
    score = part["score"].to_numpy(dtype=np.float64)
    return {
        "units": int(needed.sum()),
        "others": int((~needed).sum()),
        "degenerate": bool(part["flags"].astype(str).str.contains("degenerate_").any()),
        "score": _difference(score, needed, split, asked),
        "labelled": _difference(part["labelled"].to_numpy(dtype=np.float64), needed, split, asked),
        "rank": _correlation(part[f"rank_{split}"].to_numpy(dtype=np.float64), score, asked),
    }


def _difference(values: NDArray[np.float64], needed: NDArray[np.bool_], split: str, asked: Draws) -> dict[str, Any]:
    defined = ~np.isnan(values)
    one, other = values[defined & needed], values[defined & ~needed]
    found: dict[str, Any] = {
        "restoring": number(float(one.mean())) if len(one) else None,
        "others": number(float(other.mean())) if len(other) else None,
    }
    reason = _impossible(one, other, split)
    if reason is not None:
        return found | dict.fromkeys(("difference", "low", "high", "p")) | {"reason": reason}
    test = mean_difference(one, other, asked.resamples, asked.confidence, asked.seed)
    return found | test | {"reason": None}


def _impossible(one: NDArray[np.float64], other: NDArray[np.float64], split: str) -> str | None:
    if not len(one) and not len(other):
        return "no unit has a score"
    if not len(other):
        return f"all {len(one)} units are ranked up to the turning point on {split}: there is no other to compare with"
    if not len(one):
        return f"none of the {len(other)} units is ranked up to the turning point on {split}"
    if np.ptp(np.concatenate([one, other])) == 0:
        return "all units have the same value"
    if len(other) == 1:
        return f"all units but one are ranked up to the turning point on {split}: a single one makes no test"
    if len(one) == 1:
        return f"only one unit is ranked up to the turning point on {split}: a single one makes no test"
    return None


def _correlation(rank: NDArray[np.float64], score: NDArray[np.float64], asked: Draws) -> dict[str, Any]:
    defined = ~np.isnan(score)
    if defined.sum() < 3 or np.ptp(score[defined]) == 0:
        few = "fewer than 3 units have a score"
        return {"rho": None, "p": None, "reason": few if defined.sum() < 3 else "all units have the same value"}
    rho, p = permuted_spearman(rank[defined], score[defined], asked.resamples, asked.seed)
    return {"rho": rho, "p": p, "reason": None}

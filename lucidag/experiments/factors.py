"""What made the difference: each factor of each family, its effects on the outcomes."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.experiments.design import Network, balanced, one_factor_each
from lucidag.experiments.effects import Spread, effect, no_effect, scatter, spread
from lucidag.ground.statistics.corrections import holm

Floats = NDArray[np.float64]
SEED = "train.seed"
COLUMNS = (
    *("family", "factor", "level", "against", "outcome", "networks", "combinations", "seeds", "left_out"),
    *("mean", "mean_against", "effect", "low", "high", "p", "p_holm", "found", "visible"),
    *("share", "share_chance", "share_seeds", "share_rest", "seed_sd", "seed_sd_low", "seed_sd_high", "reason"),
)
NOTHING_TO_COMPARE = "no networks with both values are alike in all else"


@dataclass(frozen=True)
class Factor:
    """Settings that change together, and what they are set to.

    Attributes
    ----------
    name
        Key paths, joined by a plus.
    levels
        Each place in words, in the order of the grid; of settings that change together as few as tell them apart.
    of
        By network, the place of its values.
    """

    name: str
    levels: tuple[str, ...]
    of: tuple[int, ...]


def factors_of(changed: Sequence[Mapping[str, Hashable]]) -> list[Factor]:
    """Return the factors of a family, without the seed.

    Parameters
    ----------
    changed
        By network, the values of the settings that differ, in words.
    """
    rest = [{path: value for path, value in each.items() if path != SEED} for each in changed]
    found = []
    for paths in one_factor_each(rest):
        values = [tuple(each.get(path) for path in paths) for each in rest]
        known = {value: place for place, value in enumerate(dict.fromkeys(values))}
        levels = _levels(list(known))
        found.append(Factor(" + ".join(paths), levels, tuple(known[value] for value in values)))
    return found


def family_effects(
    family: str,
    networks: pd.DataFrame,
    changed: Sequence[Mapping[str, Hashable]],
    outcomes: Sequence[str],
    confidence: float,
) -> pd.DataFrame:
    """Measure all factors of a family.

    Parameters
    ----------
    family
        Its name.
    networks
        ``seed`` and the outcomes, one row a network; NaN where there is none.
    changed
        See `factors_of`.
    outcomes
        Columns of `networks`.
    confidence
        Of the intervals.

    Returns
    -------
    DataFrame
        One row a factor, an outcome and a value that is held against the first one. ``networks`` compared, of
        ``combinations`` of other settings and ``seeds``; ``left_out``: networks with the outcome that have no
        counterpart. ``p_holm`` is corrected over all rows of a factor; ``found``: it is at most 1 − `confidence`. The
        shares are of all values of the factor together, and ``seed_sd`` is the standard deviation of networks that
        differ in their seed alone.
    """
    factors = factors_of(changed)
    seeds = networks["seed"].fillna(0).astype("int64").tolist()
    settings = [{each.name: each.of[place] for each in factors} for place in range(len(networks))]
    laid = [Network(own, seed) for own, seed in zip(settings, seeds, strict=True)]
    tables = []
    for factor in factors:
        rows = [
            row
            for outcome in outcomes
            for row in _outcome(laid, networks[outcome].to_numpy(dtype=np.float64), factor, confidence, outcome)
        ]
        table = pd.DataFrame(rows)
        table["p_holm"] = holm(table["p"])
        table["found"] = table["p_holm"] <= 1 - confidence
        tables.append(table.assign(family=family, factor=factor.name))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)] if tables else pd.DataFrame(columns=list(COLUMNS))


def _outcome(
    networks: Sequence[Network], values: Floats, factor: Factor, confidence: float, outcome: str
) -> list[dict[str, Any]]:
    """Measure one outcome: all values of a factor against its first."""
    whole = balanced(networks, values, factor.name)
    parts = spread(whole.values) if whole is not None else Spread(*[float("nan")] * 4)
    sd = scatter(whole.values, confidence) if whole is not None else (float("nan"),) * 3
    shares = {"share": parts.factor, "share_chance": parts.chance, "share_seeds": parts.seeds, "share_rest": parts.rest}
    shares |= dict(zip(("seed_sd", "seed_sd_low", "seed_sd_high"), sd, strict=True))
    rows = []
    for place in range(1, len(factor.levels)):
        pair = balanced(networks, values, factor.name, [0, place])
        if pair is None:
            found = no_effect(NOTHING_TO_COMPARE)
            counts = dict.fromkeys(("networks", "combinations", "seeds", "left_out"), 0)
        else:
            found = effect(pair.values[1], pair.values[0], confidence)
            _, combinations, seeds = pair.values.shape
            counts = {"networks": pair.values.size, "combinations": combinations, "seeds": seeds}
            counts["left_out"] = pair.left_out
        names = {"level": factor.levels[place], "against": factor.levels[0], "outcome": outcome}
        rows.append({**names, **counts, **asdict(found), **shares})
    return rows


def _levels(values: Sequence[tuple[Hashable, ...]]) -> tuple[str, ...]:
    """Return what the places of a factor are called: by as few of its settings, from the first on, as tell them."""
    for number in range(1, len(values[0]) + 1):
        found = tuple(", ".join(map(_short, value[:number])) for value in values)
        if len(set(found)) == len(values):
            return found
    return tuple(", ".join(map(str, value)) for value in values)


def _short(value: Hashable) -> str:
    """Return a value as it is told: of ``module:factory`` the factory."""
    return str(value).rpartition(":")[2] if isinstance(value, str) and not value.startswith(("[", "{")) else str(value)

"""Roles of units in retrieval of function, and their ranks by each ranking."""

import pandas as pd

from lucidag.rof.rank import RANDOM
from lucidag.units.dossier.part import Part

SPLITS = ("train", "test")


def role_part(roles: pd.DataFrame, metric: str, source: str) -> Part:
    """Take the role of each unit by one metric, with what supports it; see `lucidag.rof.roles.judged_roles`.

    Parameters
    ----------
    roles
        The table.
    metric
        ``loss`` or ``accuracy``, whose turning points decide.
    source
        The file.
    """
    own = roles.sort_values("unit").reset_index(drop=True)
    columns = {
        "role": (f"role_{metric}", f"on which data the unit is among those that the network needs, by {metric}"),
        "role_supported": (f"supported_{metric}", "the same, or undetermined where intervals and null do not bear it"),
        "role_stability": (f"stability_{metric}", "share of the bootstrap samples in which the unit has this role"),
        "role_null": (f"null_{metric}", "share of the deals of all images into two sets that give it this role"),
        **{
            f"gain_{split}": (
                f"gain_{split}_{metric}",
                f"change of {metric} for the better when it is switched on, {split} images",
            )
            for split in SPLITS
        },
    }
    values = pd.DataFrame({name: own[old] for name, (old, _) in columns.items()})
    flags = [set(str(each).split(";")) for each in own["flags"].fillna("")]
    named = ("dead_train", "dead_test", "undecided_train", "undecided_test")
    warnings = {name: pd.Series([name in each for each in flags]).to_numpy() for name in named}
    warnings["degenerate"] = pd.Series([f"degenerate_{metric}" in each for each in flags]).to_numpy()
    return Part(values, {name: text for name, (_, text) in columns.items()}, source, warnings)


def rank_part(ranking: pd.DataFrame, source: str) -> Part:
    """Take the rank of each unit by each ranking but random orders; see `lucidag.rof.rank.ranking_table`."""
    values, definitions = {}, {}
    for split in SPLITS:
        for method in ranking["method"].unique():
            rows = ranking[(ranking["split"] == split) & (ranking["method"] == method)]
            if method != RANDOM and len(rows):
                name = f"{split}_rank:{method}"
                values[name] = rows.sort_values("unit")["rank"].to_numpy()
                definitions[name] = f"rank by {method} on {split} images, 1 for the first that is switched on"
    return Part(pd.DataFrame(values), definitions, source)

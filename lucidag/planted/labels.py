"""The labels of planted units, held against what they were planted for. No torch."""

import numpy as np
import pandas as pd

from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import CONFIRMED, NONE, SECOND, SECOND_CHANCE, plain_name

COLUMNS = (
    *("method", "unit", "kind", "concept", "category", "labelled_concept", "right", "verdict", "confirmed", "score"),
    *("lift", "chance", "labelled_second", "second_right", "second_confirmed", "second_lift", "second_chance"),
)


def label_table(truth: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Say of each label of a verified unit whether it is right.

    Parameters
    ----------
    truth
        See `lucidag.planted.truth.truth_table`.
    units
        The labels of the layer, see `lucidag.units.labels.unit_tables`.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row a method and unit: what it was planted for and what it is labelled; ``right``: by a concept
        that it was planted for (of two, by either); a unit that answers to nothing is labelled rightly by no label
        alone. ``chance``: the share of the method's labels of all units that would be right here. ``score`` and
        ``lift`` are the method's own, and NaN without a label. ``labelled_second``: the second concept;
        ``second_right``: it is one that the unit was planted for, and not its label; ``second_chance``: one would be
        confirmed by chance.
    """
    parts = []
    for method in methods_of(units):
        own = units[units["method"] == method].set_index("unit").loc[truth["unit"]].reset_index()
        labels = own["concept"].map(plain_name).to_numpy(dtype=object)
        fits = np.array([fitting(row, labels, own["category"].to_numpy(dtype=object)) for _, row in truth.iterrows()])
        seconds = own[SECOND].map(plain_name).to_numpy(dtype=object)
        other = np.array([fitting(row, seconds, own[f"{SECOND}_category"].to_numpy()) for _, row in truth.iterrows()])
        table = truth[["unit", "kind", "concept", "category"]].reset_index(drop=True)
        table = table.assign(
            method=method,
            labelled_concept=own["concept"],
            right=np.diagonal(fits),
            verdict=own["verdict"],
            confirmed=own["verdict"] == CONFIRMED,
            score=own["score"],
            lift=own["lift"],
            chance=fits.mean(axis=1),
            labelled_second=own[SECOND],
            second_right=np.diagonal(other) & (seconds != plain_name(NONE)) & (seconds != labels),
            second_confirmed=own[f"{SECOND}_verdict"] == CONFIRMED,
            second_lift=own[f"{SECOND}_lift"],
            second_chance=own[SECOND_CHANCE].astype(bool),
        )
        parts.append(table[truth["verified"].to_numpy()])
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def fitting(row: "pd.Series", labels: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Tell which labels would be right for a unit: of its concept and, where that is known, its category."""
    pairs = [(row["concept"], row["category"]), (row["second_concept"], row["second_category"])]
    own = [(plain_name(name), category) for name, category in pairs if name]
    if not own:
        return labels == plain_name(NONE)
    found = [(labels == name) & ((categories == category) | (categories == "")) for name, category in own]
    return np.logical_or.reduce(found)

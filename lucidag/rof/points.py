"""A few points of the sweep, to set beside figures that others report."""

from collections.abc import Sequence

import pandas as pd

from lucidag.ground.errors import InputError


def points_table(sweep: pd.DataFrame, method: str, points: Sequence[int]) -> pd.DataFrame:
    """Return the rows of one method at some numbers of units.

    Parameters
    ----------
    sweep
        The table of `lucidag.rof.tables.sweep_table` over all splits.
    method
        Whose order.
    points
        Numbers of units k.

    Returns
    -------
    DataFrame
        Columns split, method, k, accuracy and loss.

    Raises
    ------
    InputError
        If a point is larger than the number of units.
    """
    units = int(sweep["k"].max())
    for k in points:
        if k > units:
            raise InputError(f"rof.points: k = {k} was asked for, but the penultimate layer has {units} units")
    chosen = sweep[(sweep["method"] == method) & sweep["k"].isin(list(points))]
    return chosen[["split", "method", "k", "accuracy", "loss"]].reset_index(drop=True)

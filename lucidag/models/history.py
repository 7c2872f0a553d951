"""The history of a training as a file: what it must hold to be read. No torch."""

from pathlib import Path

import numpy as np
import pandas as pd

from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table

NUMBERS = ("epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy")
HISTORY_COLUMNS = (*NUMBERS, "kept", "ended")


def read_history(path: str | Path) -> pd.DataFrame:
    """Read ``history.csv``; columns that are none of `HISTORY_COLUMNS` are ignored.

    Raises
    ------
    InputError
        If a column is missing, a number is none, epochs are not 1, 2 and on, or more than one is kept: somebody else
        wrote it, or edited it.
    """
    table = read_table(path, HISTORY_COLUMNS)[list(HISTORY_COLUMNS)]
    for name in NUMBERS:
        if table[name].dtype.kind not in "iuf" and not table[name].isna().all():
            raise InputError(f"{path}: column '{name}' holds something else than numbers")
    if table.empty or not np.array_equal(table["epoch"], np.arange(1, len(table) + 1)):
        raise InputError(f"{path}: column 'epoch' must count from 1, one row an epoch")
    if not set(table["kept"].astype(str)) <= {"True", "False"} or (table["kept"].astype(str) == "True").sum() > 1:
        raise InputError(f"{path}: column 'kept' must be True in one row at most, and False in all others")
    return table

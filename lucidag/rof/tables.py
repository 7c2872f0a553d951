"""The table of one sweep of retrieval of function, and the file of its bootstrap draws."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from lucidag.ground.errors import InputError
from lucidag.ground.files import atomic
from lucidag.rof.rank import order_columns, rows_of
from lucidag.rof.result import SweepResult


def sweep_table(
    result: SweepResult,
    split: str,
    method: str,
    seed: int | None,
    classes: Sequence[str],
    group_names: Sequence[str],
    class_columns: int,
) -> pd.DataFrame:
    """Tabulate one sweep, one row for each k from 0 to K, or for each of its grid.

    Returns
    -------
    DataFrame
        split, method, seed (empty unless random), k, accuracy, loss (nats), worst_accuracy, then
        ``accuracy_group:{name}`` for each group where there are several, then ``accuracy_class:{name}``
        where there are at most `class_columns` classes: a thousand columns at every k of every order is
        a file that nobody reads. Empty cells belong to groups and classes without images. Of a sweep on a grid the
        last column is ``exact_between``, false: nothing is known between its rows.
    """
    columns = order_columns(split, method, seed, len(result.numbers)) | {"k": result.numbers}
    columns |= {metric: getattr(result, metric) for metric in ("accuracy", "loss", "worst_accuracy")}
    if len(group_names) > 1:
        columns |= dict(zip(_names("accuracy_group", group_names), result.group_accuracy, strict=True))
    if len(classes) <= class_columns:
        columns |= dict(zip(_names("accuracy_class", classes), result.class_accuracy, strict=True))
    if result.grid is not None:
        columns["exact_between"] = False
    return pd.DataFrame(columns)


def curve_of(table: pd.DataFrame, split: str, method: str, metric: str, seed: int | None = None) -> NDArray[np.float64]:
    """Read one curve, its values by k, out of a sweep table.

    Raises
    ------
    InputError
        If the table lacks it.
    """
    rows = rows_of(table, split, method, seed)
    if metric not in table.columns or rows.empty:
        raise InputError(f"the sweep table holds no '{metric}' of method '{method}' on split '{split}'")
    return rows.sort_values("k")[metric].to_numpy(dtype=np.float64)


def numbers_of(table: pd.DataFrame, split: str, method: str, seed: int | None = None) -> NDArray[np.int64]:
    """Read the numbers of units k that `curve_of` has values for: all from 0 to K, or a grid."""
    return rows_of(table, split, method, seed).sort_values("k")["k"].to_numpy(dtype=np.int64)


def is_grid(numbers: NDArray[np.int64]) -> bool:
    """Tell whether some numbers of units between 0 and K are left out."""
    return len(numbers) > 0 and int(numbers[-1]) != len(numbers) - 1


def write_draws(path: str | Path, draws: Mapping[str, NDArray]) -> None:
    """Write bootstrap draws as safetensors, whole or not at all."""
    with atomic(path) as partial:
        save_file({key: np.ascontiguousarray(values) for key, values in sorted(draws.items())}, str(partial))


def read_draws(path: str | Path) -> dict[str, NDArray]:
    """Read what `write_draws` wrote.

    Raises
    ------
    InputError
        If `path` is no such file.
    """
    try:
        return load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} is not a file of bootstrap draws: {error}") from error


def _names(prefix: str, names: Sequence[str]) -> list[str]:
    """Name columns; a name that occurs twice gets its index."""
    return [
        f"{prefix}:{name}" if list(names).count(name) == 1 else f"{prefix}:{name} ({index})"
        for index, name in enumerate(names)
    ]

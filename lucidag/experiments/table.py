"""The table of experiments: one row a model, and beside it in JSON what does not fit into cells."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lucidag.experiments.cells import Cell, Cells
from lucidag.experiments.columns import MANY, PLAIN, column_of

FIRST = ("model", "family", "block", "status", "seed", "epochs", "kept_epoch", "ended", "data", "code")
NAMES = ("worst_group",)
TRAINED, IMPORTED = "trained", "imported"
MEANINGS = {
    "model": "Name of the model.",
    "family": "The name in the file of the model that a grid or seeds multiplied; else its own.",
    "block": "The name without its seed: models of one block differ in nothing else.",
    "status": f"`{TRAINED}`, `{IMPORTED}`, or why there are no outcomes: `diverged`, `failed`.",
    "seed": "Of the training.",
    "epochs": "Epochs that were run.",
    "kept_epoch": "The epoch whose weights are kept (`train.keep`).",
    "ended": "Why the training ended: `epochs` (all were run), `patience` or `divergence`.",
    "data": "Digest of the table of its images, in which the digest of each image stands.",
    "code": "Digest of the code that trained or imported it, and of the versions of its packages.",
    "worst_group": "Name of the group of test images with the lowest accuracy.",
}


@dataclass(frozen=True)
class Row:
    """A model.

    Attributes
    ----------
    about
        The columns `FIRST`.
    changed
        By key path, the value of each setting that differs within its family.
    settings
        All settings of the model and its data set.
    cells
        What was measured.
    lost
        By section of the configuration that asked for more, why that is not there.
    """

    about: Mapping[str, Any]
    changed: Mapping[str, Any]
    settings: Mapping[str, Any]
    cells: Cells
    lost: Mapping[str, str] = field(default_factory=dict)


def experiments_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Put models side by side.

    Returns
    -------
    DataFrame
        `FIRST`; a column for each setting that differs within a family, in the words of the configuration (lists and
        sections as JSON, no value as ``null``; empty where it does not differ in the family of the model); the outcomes
        of `lucidag.experiments.columns`, with ``_low`` and ``_high`` where there are intervals: all plain ones, and
        those of `MANY` that some model has. What is missing is NaN.
    """
    settings = list(dict.fromkeys(path for row in rows for path in row.changed))
    names = outcomes_of(rows)
    found = []
    for row in rows:
        cells: dict[str, Any] = {**row.about, **{path: words(value) for path, value in row.changed.items()}}
        for name in names:
            cell, column = row.cells.get(name, Cell(None)), column_of(name)
            cells[name] = cell.value
            if column is not None and column.interval:
                cells |= {f"{name}_low": cell.low, f"{name}_high": cell.high}
        found.append(cells)
    ends = [column_of(name) for name in names]
    outcomes = [
        part
        for name, column in zip(names, ends, strict=True)
        for part in ([name, f"{name}_low", f"{name}_high"] if column is not None and column.interval else [name])
    ]
    return pd.DataFrame(found, columns=[*FIRST, *settings, *outcomes], dtype=object)


def outcomes_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of all outcomes, in the order of the table."""
    measured = list(dict.fromkeys(name for row in rows for name in row.cells))
    many = [name for prefix in MANY for name in measured if name.startswith(f"{prefix}:")]
    return [*NAMES, *PLAIN, *many]


def experiments_json(rows: Sequence[Row], absent: Mapping[str, str], no_longer_asked: Sequence[str]) -> dict[str, Any]:
    """Return what stands beside the table.

    Parameters
    ----------
    rows
        The models.
    absent
        By section of the configuration, why a model that has no cell of it was not measured.
    no_longer_asked
        Models whose results lie in the folder, and which the configuration does not name.

    Returns
    -------
    dict
        ``columns`` (name to meaning); ``models`` by name: family, block, status, ``changed``, ``settings``, and by
        column ``intervals`` ([low, high]) and ``reasons`` (of an empty cell, or of no interval); ``no_longer_asked``.
    """
    names = outcomes_of(rows)
    meanings = {name: column.meaning for name in names if (column := column_of(name)) is not None}
    changed = dict.fromkeys((path for row in rows for path in row.changed), "Setting of the configuration.")
    return {
        "columns": {**MEANINGS, **changed, **meanings},
        "models": {row.about["model"]: _about(row, names, absent) for row in rows},
        "no_longer_asked": list(no_longer_asked),
    }


def _about(row: Row, names: Sequence[str], absent: Mapping[str, str]) -> dict[str, Any]:
    reasons = {}
    for name in names:
        cell, column = row.cells.get(name), column_of(name)
        if cell is None and column is not None:
            reasons[name] = row.lost.get(column.analysis) or absent.get(
                column.analysis, f"`{column.analysis}` does not ask for it of this model"
            )
        elif cell is not None and cell.reason:
            reasons[name] = cell.reason
    intervals = {name: [cell.low, cell.high] for name, cell in row.cells.items() if cell.low is not None}
    about = {key: row.about[key] for key in ("family", "block", "status")}
    told = {"changed": dict(row.changed), "settings": dict(row.settings)}
    return {**about, **told, "intervals": intervals, "reasons": reasons}


def words(value: Any) -> Any:  # noqa: ANN401 (a value of YAML)
    """Return a value as a cell: numbers and words as they are, all else as JSON."""
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)

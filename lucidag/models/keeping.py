"""Which epoch of a training is kept, and why it ended: from its history alone. No torch."""

import math
from collections.abc import Sequence

import pandas as pd

from lucidag.models.settings import Train

Row = dict[str, float | int | str | None]
ALL_EPOCHS, PATIENCE, DIVERGED = "epochs", "patience", "divergence"  # what ends a training


def best_epoch(history: Sequence[Row], metric: str) -> int:
    """Return the epoch (from 1) of the best validation value, the first of equal ones; 0 where no epoch has one.

    Parameters
    ----------
    history
        One row an epoch, with ``val_loss`` and ``val_accuracy``.
    metric
        ``loss``: the least is best; ``accuracy``: the greatest.
    """
    best, found = math.inf, 0
    for number, row in enumerate(history, 1):
        value = row[f"val_{metric}"]
        if value is None:
            continue
        badness = float(value) if metric == "loss" else -float(value)
        if badness < best:
            best, found = badness, number
    return found


def out_of_patience(history: Sequence[Row], settings: Train) -> bool:
    """Tell whether so many epochs as ``patience`` have passed since the best one."""
    if settings.patience is None or not history:
        return False
    return len(history) - best_epoch(history, settings.best_by) >= settings.patience


def ended(history: Sequence[Row], settings: Train, diverged: bool) -> list[Row]:
    """Return the history with what came of it.

    Parameters
    ----------
    history
        One row an epoch that was run.
    settings
        Of the training.
    diverged
        Whether the last epoch ended in a loss that is no finite number.

    Returns
    -------
    The rows with ``kept`` (True in that of the epoch whose weights are kept) and ``ended`` (in the last one why it is
    the last: `ALL_EPOCHS`, `PATIENCE` or `DIVERGED`; None in others).
    """
    fine = history[:-1] if diverged else history
    kept = best_epoch(fine, settings.best_by) if settings.keep == "best" else len(fine)
    whole = len(history) == settings.epochs
    reason = DIVERGED if diverged else ALL_EPOCHS if whole else PATIENCE
    return [
        {**row, "kept": number == kept, "ended": reason if number == len(history) else None}
        for number, row in enumerate(history, 1)
    ]


def kept_epoch(history: pd.DataFrame) -> int | None:
    """Return the epoch that ``history.csv`` marks as kept; None: the weights are those from before the first one."""
    kept = history.loc[history["kept"].astype(str) == "True", "epoch"]
    return int(kept.iloc[0]) if len(kept) else None


def why_ended(history: pd.DataFrame) -> str:
    """Return why ``history.csv`` ends where it does."""
    return str(history["ended"].iloc[-1])


def summary(history: pd.DataFrame) -> dict[str, int | str | None]:
    """Return what ``evaluation.json`` says of a training: ``epochs`` that were run, ``kept_epoch`` and ``ended``."""
    return {"epochs": len(history), "kept_epoch": kept_epoch(history), "ended": why_ended(history)}

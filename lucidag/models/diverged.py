"""A training whose loss was no number any more, as its history tells it. No torch."""

import math

import pandas as pd

from lucidag.models.keeping import kept_epoch


def diverged_in(history: pd.DataFrame) -> int | None:
    """Return the epoch in which a training diverged; None where it did not.

    Parameters
    ----------
    history
        ``history.csv``. The last row of a training that diverged has a loss that is infinite, or missing where it was
        NaN. Without a validation split the validation accuracy is missing too.
    """
    if history.empty:
        return None
    last = history.iloc[-1]
    validated = not pd.isna(last["val_accuracy"])
    fine = math.isfinite(last["train_loss"]) and (not validated or math.isfinite(last["val_loss"]))
    return None if fine else int(last["epoch"])


def divergence(history: pd.DataFrame) -> str | None:
    """Return a sentence about a training that diverged; None where it did not; see `diverged_in`."""
    epoch = diverged_in(history)
    if epoch is None:
        return None
    last = kept_epoch(history)
    kept = "those before the first epoch" if last is None else f"those after epoch {last}"
    return f"the training diverged in epoch {epoch}: its loss is no finite number; the weights kept are {kept}"

"""Cells about a network as a classifier: from its evaluation."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lucidag.experiments.cells import Cell, Cells, missing

SPLITS = ("train", "val", "test")
PICKED = "the group was picked for its accuracy, so that no interval would cover"


def of_evaluation(found: Mapping[str, Any]) -> Cells:
    """Return accuracy, loss, gap, worst group and calibration error.

    Parameters
    ----------
    found
        ``models/{model}/evaluation.json``: what `lucidag.models.evaluate.evaluate` gives, by split.
    """
    cells: Cells = {}
    for split in SPLITS:
        for metric in ("accuracy", "loss"):
            cells[f"{split}_{metric}"] = _measured(found, split, metric)
    test = found.get("test")
    nothing = missing("no test images")
    cells["gap"] = _gap(found["train"], test) if test and "train" in found else missing("no training or test images")
    cells["worst_group"] = Cell(test["worst_group"]["name"]) if test else nothing
    cells["worst_group_accuracy"] = Cell(test["worst_group"]["accuracy"], reason=PICKED) if test else nothing
    for name in ("calibration_error", "calibration_chance"):
        cells[name] = Cell(test[name]) if test else nothing
    return cells


def _measured(found: Mapping[str, Any], split: str, metric: str) -> Cell:
    if split not in found:
        return missing(f"no images in split '{split}'")
    low, high = found[split][f"{metric}_low"], found[split][f"{metric}_high"]
    return Cell(found[split][metric], low, high, "" if low is not None else "too few images for an interval")


def _gap(train: Mapping[str, Any], test: Mapping[str, Any]) -> Cell:
    """Return the gap; its interval from both, as in method 10 of Newcombe 1998, Statistics in Medicine 17."""
    gap = round(train["accuracy"] - test["accuracy"], 12)
    below = np.hypot(train["accuracy"] - train["accuracy_low"], test["accuracy_high"] - test["accuracy"])
    above = np.hypot(train["accuracy_high"] - train["accuracy"], test["accuracy"] - test["accuracy_low"])
    return Cell(gap, float(gap - below), float(gap + above))

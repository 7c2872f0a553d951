"""The effects of units in a sentence, for the end of a run."""

import pandas as pd

from lucidag.units.effects.table import CLASS

SPLITS = {"val": "validation", "train": "training"}


def told(table: pd.DataFrame, picked: str, reported: str) -> str:
    """Say how many effects were found and confirmed, and which is the strongest.

    Parameters
    ----------
    table
        See `lucidag.units.effects.table.effects`: of both splits, or of `reported` alone.
    picked, reported
        The split that effects are found on, and the one that confirms them.
    """
    of_classes = table[table["kind"] == CLASS]
    found = {split: of_classes[(of_classes["split"] == split) & of_classes["found"]] for split in (picked, reported)}
    own, pick, report = found[reported], SPLITS.get(picked, picked), SPLITS.get(reported, reported)
    units = of_classes["unit"].nunique()
    if (table["split"] == picked).any():
        said = f"{len(found[picked])} pairs of unit and class found on {pick} images"
        said += f", {len(own)} confirmed on {report} images"
    else:
        said = f"{len(own)} pairs of unit and class found on {report} images, which nothing confirms"
    said += f" ({own['unit'].nunique()} of {units} units)"
    if own.empty:
        return said
    row = own.sort_values(["loss", "unit"], ascending=[False, True]).iloc[0]
    return (
        f"{said}; the strongest: without unit {row['unit']}, '{row['name']}' loses {row['loss']:.3g} nats "
        f"({row['loss_low']:.3g} to {row['loss_high']:.3g}) and {-100 * row['accuracy']:.1f} points of accuracy"
    )

"""What a comparison of explanations could not say anything about, and what helps: one sentence each."""

from collections.abc import Sequence

import pandas as pd

from lucidag.explain.agreement.predictions import RIGHT
from lucidag.explain.store import Explained


def not_compared(pairs: pd.DataFrame) -> list[str]:
    """Say why methods are not compared.

    Parameters
    ----------
    pairs
        See `lucidag.explain.agreement.agreement.agreement_table`.
    """
    if pairs.empty:
        return ["one method has nothing to be compared with: name more in `explain.methods`"]
    if pairs["iou"].isna().all():
        return ["no two maps can be compared, as those of one method or of both are empty"]
    return []


def not_graded(images: Sequence[Explained], grades: pd.DataFrame) -> list[str]:
    """Say why methods are not graded by masks.

    Parameters
    ----------
    images, grades
        What was to be graded, and what `lucidag.explain.agreement.localisation.localisation_table` made of it.
    """
    number = len(images)
    if grades.empty:
        return [
            f"none of the {number} explained images has a mask, so nothing is graded: name images with masks, or give "
            "the data set some (docs/own-data.md)"
        ]
    if grades["value"].isna().all():
        return [
            "the masks of all images are empty or the whole frame, in the part of the image that the network sees, so "
            "nothing is graded: `input.resize: stretch` keeps all of an image"
        ]
    if not (grades["prediction"] == RIGHT).any():
        return [
            "all images with a mask are predicted wrongly, and a mask of another class than the explained one grades "
            "nothing: name others under `explain.images`, or the right class as their `target`"
        ]
    return []

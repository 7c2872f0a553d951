"""The images of an audit's figure: for each finder what it found rightly, wrongly, and missed."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.examples import Example, choose
from lucidag.artefacts.finders import FINDERS
from lucidag.artefacts.grading import flags


def shown_examples(
    rows: pd.DataFrame,
    finders: Mapping[str, Mapping[str, Any]],
    table: pd.DataFrame,
    read: Callable[[int], NDArray[np.uint8]],
    each: int = 3,
) -> dict[str, dict[str, list[Example]]]:
    """Choose images for each finder and look for the artefact in them again, for its mask.

    Parameters
    ----------
    rows
        ``artefacts/{dataset}.csv``: a score of each finder for each image.
    finders
        The part ``finders`` of the audit: threshold, and the column with a person's flags or None.
    table
        The manifest's, in the same order.
    read
        A row to its image.
    each
        Images of a kind, at most.

    Returns
    -------
    dict
        Examples by finder and kind (see `lucidag.artefacts.examples.choose`).
    """
    shown: dict[str, dict[str, list[Example]]] = {}
    for name, known in finders.items():
        scores = rows[f"{name}_score"].to_numpy(np.float64)
        truth = flags(table[known["column"]].tolist()) if known["column"] is not None else None
        shown[name] = {
            kind: [Example(image, FINDERS[name].find(image).mask, float(scores[row])) for row, image in found]
            for kind, chosen in choose(scores, known["threshold"], truth, each).items()
            for found in ([(row, read(row)) for row in chosen],)
        }
    return shown

"""The table of what the top images of each unit have in common, beside random images; see `top_images`. No torch."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.units.labels.top_images import Floats, clarity, nearest_units, polysemy, random_top, unit_embeddings
from lucidag.units.passes.unit_statistics import LayerStatistics

COLUMNS = (
    *("unit", "clarity", "clarity_random", "clear", "clusters", "separation", "separation_random"),
    *("alike", "similarity"),
)
WHOLE = ("clusters", "alike")


def top_table(
    units: LayerStatistics, activations: NDArray[np.floating], images: NDArray[np.floating], level: float, seed: int
) -> tuple[pd.DataFrame, Floats]:
    """Describe the top images of the units of a layer.

    Parameters
    ----------
    units, activations
        The layer's statistics, and its pooled activations N x U.
    images
        N x D, their embeddings.
    level
        The share of sets of random images below what counts.
    seed
        Of the random images.

    Returns
    -------
    table
        One row a unit: ``clarity`` (mean cosine similarity of its top images), ``clarity_random`` (what random images
        reach at `level`), ``clear`` (it is above that); ``clusters`` (see `polysemy`), ``separation``,
        ``separation_random``; ``alike`` and ``similarity``: the unit with the most similar top images, -1 and NaN in
        a layer of one. A constant unit has no top images to speak of: all of it is empty, and ``clear`` False.
    embeddings
        float64 U x D, 0 for constant units.
    """
    active = activations.min(axis=0) < activations.max(axis=0)
    where = np.flatnonzero(active)
    table = pd.DataFrame({"unit": np.arange(len(active))}, columns=list(COLUMNS))
    embeddings = np.zeros((len(active), images.shape[1]))
    if not len(where):
        return _clear(table), embeddings
    top = units.top[where].astype(np.int64)
    embeddings[where] = unit_embeddings(images, top)
    chance = float(np.quantile(clarity(images, random_top(len(images), top.shape[1], seed)), level))
    own, parts = clarity(images, top), polysemy(images, top, seed, level)
    found = {"clarity": own, "clarity_random": np.full(len(where), chance), "clear": own > chance}
    found |= {"clusters": parts.count, "separation": parts.separation}
    found["separation_random"] = np.full(len(where), parts.random)
    nearest, found["similarity"] = nearest_units(embeddings[where])
    found["alike"] = np.where(nearest < 0, -1, where[nearest])
    told = pd.DataFrame({"unit": where, **found})[list(COLUMNS)].astype(dict.fromkeys(WHOLE, "Int64"))
    return table[["unit"]].merge(told, on="unit", how="left").pipe(_clear), embeddings


def _clear(table: pd.DataFrame) -> pd.DataFrame:
    """Say of units without top images that these are not clear."""
    return table.assign(clear=table["clear"].eq(True).to_numpy(dtype=np.bool_))

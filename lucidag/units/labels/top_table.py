"""The table of what the top images of each unit have in common, beside random images; see `top_images`. No torch."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.units.labels.top_images import Floats, clarity, nearest_units, polysemy, random_top, unit_embeddings
from lucidag.units.passes.unit_statistics import LayerStatistics

COLUMNS = (
    *("unit", "clarity", "clarity_random", "clear", "clusters", "separation", "separation_random"),
    *("nearest_by_images", "similarity", "nearest_by_activation", "correlation"),
)
WHOLE = ("clusters", "nearest_by_images", "nearest_by_activation")


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
        ``separation_random``; ``nearest_by_images`` and ``similarity``: the unit with the most similar top images, -1
        and NaN in a layer of one; ``nearest_by_activation`` and ``correlation``: the unit whose activations go with it
        most. A constant unit has no top images to speak of: all of it is empty, and
        ``clear`` False.
    embeddings
        float64 U x D, 0 for constant units.
    """
    active = activations.min(axis=0) < activations.max(axis=0)
    where = np.flatnonzero(active)
    table = pd.DataFrame({"unit": np.arange(len(active))}, columns=list(COLUMNS))
    embeddings = np.zeros((len(active), images.shape[1]))
    if not len(where):
        return table, embeddings
    top = units.top[where].astype(np.int64)
    embeddings[where] = unit_embeddings(images, top)
    chance = float(np.quantile(clarity(images, random_top(len(images), top.shape[1], seed)), level))
    own, parts = clarity(images, top), polysemy(images, top, seed, level)
    found = {"clarity": own, "clarity_random": np.full(len(where), chance), "clear": own > chance}
    found |= {"clusters": parts.count, "separation": parts.separation}
    found["separation_random"] = np.full(len(where), parts.random)
    for names, vectors in (
        (("nearest_by_images", "similarity"), embeddings[where]),
        (("nearest_by_activation", "correlation"), _centred(activations[:, where])),
    ):
        nearest, value = nearest_units(vectors)
        found |= {names[0]: np.where(nearest < 0, -1, where[nearest]), names[1]: value}
    return table[["unit"]].merge(
        pd.DataFrame({"unit": where, **found})[list(COLUMNS)], on="unit", how="left"
    ), embeddings


def _centred(activations: NDArray[np.floating]) -> Floats:
    """Give the activations of each unit, a row each, less their mean and at length 1."""
    rows = activations.T.astype(np.float64)
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))

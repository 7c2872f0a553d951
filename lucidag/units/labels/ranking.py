"""Units ranked by how strongly and how cleanly they are activated."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from lucidag.ground.errors import InputError
from lucidag.units.names import NETDISSECT, NONE
from lucidag.units.passes.overlaps import Overlaps

MEASURES = ("mean", "peak", "sparseness", "inside")
BLOCK_BYTES = 2**25


def sparseness(pooled: NDArray[np.float32], block_bytes: int = BLOCK_BYTES) -> NDArray[np.float64]:
    """Measure to how few images the activation of each unit is confined.

    With r_i >= 0 the pooled activation on image i of N,

        S = (1 - (sum r_i / N)^2 / (sum r_i^2 / N)) / (1 - 1 / N)

    is 0 for a unit that is equally active on all images and 1 for one that is active on a single one. This is
    the activity ratio of Treves and Rolls (1991, Network 2) on the scale of Vinje and Gallant (2000, Science 287).
    It is made for firing rates: below 0 a unit counts as silent here.

    Parameters
    ----------
    pooled
        float32 N x U; may be a memory map, of which `block_bytes` are read at a time.
    block_bytes
        How much to hold in memory.

    Returns
    -------
    array
        float64 U; NaN for a unit that is never active, or of a single image.

    Raises
    ------
    InputError
        If an activation is not finite.
    """
    images, units = pooled.shape
    rows = max(1, block_bytes // (8 * max(1, units)))
    total, squares = np.zeros(units), np.zeros(units)
    for start in range(0, images, rows):
        part = np.maximum(pooled[start : start + rows].astype(np.float64), 0.0)
        if not np.isfinite(part).all():
            row, unit = np.argwhere(~np.isfinite(part))[0]
            raise InputError(f"the activation of unit {unit} on image {start + row} is not finite")
        total += part.sum(axis=0)
        squares += np.square(part).sum(axis=0)
    if images < 2:
        return np.full(units, np.nan)
    active = squares > 0
    ratio = np.square(total / images) / np.where(active, squares / images, 1.0)
    return np.where(active, np.clip((1 - ratio) / (1 - 1 / images), 0.0, 1.0), np.nan)


def inside(overlaps: Overlaps, layer: str, labels: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tell which share of each unit's region lies in the mask of its concept.

    The region is where the unit is above its threshold, in the images in which something of the concept's
    category is labelled. Union, intersection and the area of the concept give its size.

    Parameters
    ----------
    overlaps, layer
        The counts of Network Dissection, and which units.
    labels
        What `lucidag.units.labels.detectors.label_units` gives for this layer.

    Returns
    -------
    share, chance
        U each, by unit number: the share, and that of the pixels of these images which the concept covers (what
        a region put down at random would have). NaN for a unit without label or region.

    Raises
    ------
    InputError
        If a label is none of the concepts.
    """
    rows = labels[labels["method"] == NETDISSECT].sort_values("unit")
    found, chance = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for position, (unit, concept, category) in enumerate(rows[["unit", "concept", "category"]].itertuples(index=False)):
        if concept == NONE:
            continue
        if concept not in overlaps.concepts.get(category, ()):
            raise InputError(f"layer '{layer}', unit {unit}: '{concept}' is no concept of category '{category}'")
        column = overlaps.concepts[category].index(concept)
        area = int(overlaps.area(category)[column])
        both = int(overlaps.intersection(layer, category)[unit, column])
        region = int(overlaps.union(layer, category)[unit, column]) + both - area
        if region > 0:
            found[position] = both / region
            chance[position] = area / overlaps.pixels[category]
    return found, chance


def rank_units(
    mean: ArrayLike,
    peak: ArrayLike,
    sparse: ArrayLike,
    inside: ArrayLike | None = None,
    chance: ArrayLike | None = None,
) -> pd.DataFrame:
    """Rank the units of a layer by each measure.

    Parameters
    ----------
    mean, peak
        U each: mean over images of the pooled activation, and the greatest activation.
    sparse
        U: what `sparseness` gives.
    inside, chance
        U each: what `inside` gives, where there are label maps.

    Returns
    -------
    DataFrame
        unit, mean, peak, sparseness, inside, inside_chance, then ``mean_rank`` and so on for each of `MEASURES`: 1 for
        the greatest value, equal values share the best of their ranks, empty where there is no value.

    Raises
    ------
    InputError
        If the numbers of units differ.
    """
    values = {"mean": mean, "peak": peak, "sparseness": sparse, "inside": inside, "inside_chance": chance}
    units = len(np.asarray(mean))
    columns: dict[str, Any] = {"unit": np.arange(units)}
    for name, given in values.items():
        column = np.full(units, np.nan) if given is None else np.asarray(given, dtype=np.float64)
        if column.shape != (units,):
            raise InputError(f"unit ranking: '{name}' has {column.size} values for {units} units")
        columns[name] = column
    for name in MEASURES:
        columns[f"{name}_rank"] = pd.Series(columns[name]).rank(method="min", ascending=False).astype("Int64")
    return pd.DataFrame(columns)


def measure_correlations(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Tell whether the strong units are the clean ones: Spearman's correlation of every two measures.

    Parameters
    ----------
    table
        What `rank_units` gives.

    Returns
    -------
    list of dict
        a, b (of `MEASURES`), units (that have both values), rho; None where it is not defined.
    """
    rows = []
    for a, b in combinations(MEASURES, 2):
        both = table[[a, b]].dropna()
        defined = len(both) > 1 and both.nunique().min() > 1
        rho = float(spearmanr(both[a], both[b]).statistic) if defined else None
        rows.append({"a": a, "b": b, "units": len(both), "rho": rho})
    return rows

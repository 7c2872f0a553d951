"""What is true of planted units, and whether their maps bear it out on images that nothing was fitted to."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.models.frames import batches
from lucidag.models.network import Network
from lucidag.models.planted import Planted
from lucidag.models.planted_fit import covered_shares
from lucidag.models.planted_units import DEAD, NAMES, NOISE, NONE, SIZE, Plants
from lucidag.planted.names import LAYER
from lucidag.units.passes.layers import forward

Bools = NDArray[np.bool_]
BATCH = 64
COLUMNS = (
    *("unit", "kind", "concept", "category", "second_concept", "second_category", "source", "name", "weight"),
    *("auprc", "base_rate", "lift", "verified", "reason"),
)


def planted_in(network: Network) -> Planted:
    """Give the network as one with planted units.

    Raises
    ------
    InputError
        If it is another one, or nothing has been planted in it.
    """
    if not isinstance(network.model, Planted) or bool((network.model.plants().kind < 0).any()):
        raise InputError("the network has no planted units: it must be `lucidag.models.planted:make`, trained here")
    return network.model


def maps_of(
    network: Network, manifest: Manifest, rows: NDArray[np.int64], device: str, threads: int
) -> tuple[NDArray[np.float32], Bools]:
    """Give the maps of the planted units (N x P x h x w), and where concepts cover more than half (N x C x h x w).

    Raises
    ------
    InputError
        If images are of another size than those that units are planted for, so that one does not lie on the other.
    """
    planted, reader = planted_in(network), Images(manifest)
    count = len(planted.plants().kind)
    with forward(network, [LAYER], device, threads) as run:
        shown = [
            run(part)[LAYER][:, -count:].cpu().numpy() for part in batches(manifest, rows, network.inputs, BATCH, 1)
        ]
    labels = [reader.read_concepts(row) for row in rows.tolist()]
    stacked = {category: np.stack([each[category] for each in labels]) for category in labels[0]}
    maps, covered = np.concatenate(shown), covered_shares(stacked).numpy() > 0.5
    if maps.shape[2:] != covered.shape[2:]:
        found = next(iter(stacked.values())).shape[1:]
        raise InputError(
            f"images of the probe set are {found[0]} x {found[1]}, and units are planted for {SIZE} x {SIZE}"
        )
    return maps, covered


def truth_table(
    plants: Plants,
    weight: torch.Tensor,
    classes: Sequence[str],
    maps: NDArray[np.floating],
    covered: Bools,
    floor: float,
    ceiling: float,
) -> pd.DataFrame:
    """Say what is true of each planted unit.

    Parameters
    ----------
    plants
        What is planted.
    weight
        C x U, of the last layer.
    classes
        The names of its C classes.
    maps, covered
        See `maps_of`.
    floor, ceiling
        See `lucidag.planted.settings.Planted`.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row a planted unit: ``unit``, its number in the layer; ``kind``; the concepts that it answers to;
        ``source``, the unit that it copies; ``name``, the class that it acts on, and its ``weight`` there; ``auprc``
        (average precision over positions) of its map for its concepts, whose ``base_rate`` is their share; ``lift``
        (of noise): the greatest (auprc - base) / (1 - base) over all concepts. ``verified``: ``auprc`` is at least
        `floor`; noise has at most `ceiling` of ``lift``; dead units are 0 everywhere. ``reason``: why not.
    """
    first_unit = weight.shape[1] - len(plants.kind)
    rows = []
    for place, kind in enumerate(plants.kinds()):
        unit, own = first_unit + place, maps[:, place]
        words = [NAMES[at] if at != NONE else ("", "") for at in (plants.first[place], plants.second[place])]
        acts, source = int(plants.acts_on[place]), int(plants.source[place])
        row: dict[str, object] = {"unit": unit, "kind": kind, "concept": words[0][0], "category": words[0][1]}
        row |= {"second_concept": words[1][0], "second_category": words[1][1]}
        row |= {"source": first_unit + source if source != NONE else np.nan, "name": classes[acts] if acts >= 0 else ""}
        row["weight"] = float(weight[acts, unit]) if acts >= 0 else 0.0
        rows.append(row | _verified(kind, own, covered, plants, place, floor, ceiling))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def region(covered: Bools, plants: Plants, place: int) -> Bools:
    """Give where the concepts of a planted unit are: N x h x w of N x C x h x w."""
    own = [at for at in (plants.first[place], plants.second[place]) if at != NONE]
    found: Bools = np.asarray(covered[:, own].any(axis=1))
    return found


def lift_of(values: NDArray[np.floating], truth: Bools) -> tuple[float, float, float]:
    """Give average precision, base rate and lift of values for a truth of the same shape; NaN where nothing is true."""
    base = float(truth.mean())
    if base in (0, 1):
        return np.nan, base, np.nan
    found = float(average_precision_score(truth.ravel(), values.ravel()))
    return found, base, (found - base) / (1 - base)


def _verified(
    kind: str, own: NDArray[np.floating], covered: Bools, plants: Plants, place: int, floor: float, ceiling: float
) -> dict[str, object]:
    auprc, base, lift = np.nan, np.nan, np.nan
    if kind == DEAD:
        why = "it answers somewhere" if own.any() else ""
    elif kind == NOISE:
        lift = float(np.nanmax([lift_of(own, covered[:, at])[2] for at in range(covered.shape[1])]))
        why = "it tells a concept" if lift > ceiling else ""
    else:
        auprc, base, _ = lift_of(own, region(covered, plants, place))
        why = "" if auprc >= floor else "its map does not tell its concept well enough"
    return {"auprc": auprc, "base_rate": base, "lift": lift, "verified": why == "", "reason": why}

"""A proposal of a discovery, tested: what networks decide with its regions pasted and taken out, and its units off.

A discovery says that two kinds of images are in a class, `members` and `rest` (`lucidag.artefacts.discover`). Nobody
knows where in an image the difference is: here it is taken to be where three quarters of the positive relevance lie.
Our own operationalisation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from lucidag.artefacts.discover.columns import MEMBERS, REST
from lucidag.artefacts.discover.descriptors import shrunk
from lucidag.artefacts.discover.units import KIND
from lucidag.artefacts.study_settings import WITH
from lucidag.ground.statistics.crossed import crossed

PASTED, TAKEN_OUT, OFF = "pasted", "taken out", "units off"
HELD = 0.75  # of the positive relevance, that a region holds
RANDOM_SETS = 20  # of units
ENDS = ("", "_low", "_high")
CELLS = ("proposer", "proposal", "name", "side", "edit", "set", "model", "image", "before", "after", "control")
COLUMNS = (
    *("proposer", "proposal", "name", "side", "edit", "set", "networks", "images", "units"),
    *(f"{what}{end}" for what in ("change", "control", "beyond") for end in ENDS),
    "reason",
)

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """One kind of the images that a proposal parts.

    Attributes
    ----------
    proposal, name, side
        Its number, the class, and `MEMBERS` or `REST`.
    images
        Test images, the most typical first.
    units
        Those that are more active on this side, in validation and in test images.
    """

    proposal: int
    name: str
    side: str
    images: tuple[str, ...]
    units: tuple[int, ...]


def sides_of(images: pd.DataFrame, units: pd.DataFrame) -> list[Side]:
    """Read the proposals of a model.

    Parameters
    ----------
    images, units
        ``discovery/{model}-images.csv`` and ``-units.csv``.
    """
    found = []
    kinds = units[(units["kind"] == KIND) & (units["found"].astype(str) == "True")]
    for number, own in images.groupby("proposal", sort=True):
        goes = kinds[kinds["name"] == f"proposal {number}"]
        for side, member in ((MEMBERS, True), (REST, False)):
            rows = own[own["member"].astype(str) == str(member)]
            order = (rows["place"] - float(member)).abs().sort_values(kind="stable").index
            more = goes[goes["auc"] > 0.5] if member else goes[goes["auc"] < 0.5]
            shown, active = tuple(rows.loc[order, "image"].astype(str)), tuple(sorted(more["unit"].astype(int)))
            found.append(Side(int(str(number)), str(own["name"].iloc[0]), side, shown, active))
    return found


def region(relevance: NDArray[np.floating], grid: int) -> Mask:
    """Give where a map decides: the fewest fields of a grid that hold most of its positive relevance (`HELD`).

    Parameters
    ----------
    relevance
        S x S, signed.
    grid
        Fields a side; not above S.

    Returns
    -------
    bool S x S: fields of greatest mean positive relevance, each field whole; nothing where none is positive.
    """
    size = len(relevance)
    cells = min(grid, size)
    positive = np.maximum(np.asarray(relevance, dtype=np.float64), 0)
    fields = shrunk(positive[None], cells)[0]
    edges = np.linspace(0, size, cells + 1).round().astype(int)
    place = np.searchsorted(edges, np.arange(size), side="right") - 1
    amount = (fields * np.outer(np.diff(edges), np.diff(edges))).ravel()
    order = np.argsort(-fields.ravel(), kind="stable")
    total = amount.sum()
    chosen = np.zeros(len(order), dtype=np.bool_)
    if total > 0:
        count = int(np.searchsorted(np.cumsum(amount[order]), HELD * total)) + 1
        chosen[order[:count]] = True
    found: Mask = chosen.reshape(cells, cells)[place][:, place]
    return found


def pasted(host: Pixels, other: Pixels, donor: Pixels, mask: Mask) -> list[Pixels]:
    """Give a host image, the host with the donor's region, and with the same region of another image of its kind."""
    return [host, *(np.where(mask[:, :, None], each, host) for each in (donor, other))]


def units_off(
    features: NDArray[np.floating],
    weight: NDArray[np.floating],
    bias: NDArray[np.floating],
    target: int,
    units: Sequence[int],
    seed: int,
) -> tuple[Floats, Floats, Floats]:
    """Give the probability of a class before and after units are set to 0, exactly, and with random ones in that place.

    Parameters
    ----------
    features
        N x K, in front of the last layer.
    weight, bias
        C x K and C, of it.
    target
        The class.
    units
        Which are set to 0.
    seed
        Of `RANDOM_SETS` sets of as many units, over which the control is the mean.

    Returns
    -------
    before, after, control
        float64 N each.
    """
    rows, w = np.asarray(features, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    logits = rows @ w.T + np.asarray(bias, dtype=np.float64)

    def without(which: Sequence[int] | NDArray[np.int64]) -> Floats:
        found: Floats = softmax(logits - rows[:, which] @ w[:, which].T, axis=1)[:, target]
        return found

    rng, count = np.random.default_rng(seed), rows.shape[1]
    drawn = [without(rng.permutation(count)[: len(units)]) for _ in range(RANDOM_SETS)]
    return without([]), without(list(units)), np.mean(drawn, axis=0)


def proposal_table(
    cells: pd.DataFrame, units: Mapping[tuple[str, int, str], int], confidence: float, resamples: int, seed: int
) -> pd.DataFrame:
    """Summarise what edits of proposals do to the probability of their class.

    Parameters
    ----------
    cells
        `CELLS`: a row for each network and image.
    units
        By proposer, proposal and side how many units go with it.
    confidence, resamples, seed
        Of intervals over networks and images (`lucidag.ground.statistics.crossed`).

    Returns
    -------
    DataFrame
        `COLUMNS`: ``change``, after less before; ``control``, the same of the control edit; ``beyond``, their paired
        difference; ``reason``: why there is no interval of ``beyond``.
    """
    rows = []
    keys = ["proposer", "proposal", "name", "side", "edit", "set"]
    for key, part in cells.groupby(keys, sort=False):
        wide = (part.pivot(index="model", columns="image", values=name) for name in CELLS[-3:])
        was, now, beside = (each.to_numpy(dtype=np.float64) for each in wide)
        proposer, number, _, side, *_ = key
        row: dict[str, object] = dict(zip(keys, key, strict=True))
        own = units[str(proposer), int(str(number)), str(side)]
        row |= {"networks": len(was), "images": was.shape[1], "units": own}
        for what, values in (("change", now - was), ("control", beside - was), ("beyond", now - beside)):
            found = crossed(values, confidence, resamples, seed)
            row |= dict(zip((f"{what}{end}" for end in ENDS), (found.mean, found.low, found.high), strict=True))
        rows.append(row | {"reason": found.reason})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def said(table: pd.DataFrame) -> list[str]:
    """Say of each proposal what its edits do beyond their control."""
    found = []
    own = table[table["set"] == WITH]
    for (proposer, number, side), rows in own.groupby(["proposer", "proposal", "side"], sort=False):
        parts = [
            f"{row['edit']} {row['change']:+.2f}, beyond its control {row['beyond']:+.2f} {_interval(row)}"
            for row in rows.to_dict("records")
        ]
        name = rows["name"].iloc[0]
        found.append(f"{proposer}, proposal {number}, {side}: probability of '{name}': {'; '.join(parts)}")
    return found or ["nothing was proposed, so nothing is tested"]


def _interval(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["beyond_low"]):
        return f"(no interval: {row['reason']})"
    return f"({row['beyond_low']:+.2f} to {row['beyond_high']:+.2f})"

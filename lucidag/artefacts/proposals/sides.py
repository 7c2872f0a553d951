"""The two kinds of images that a proposal parts, and where in an image a network decides."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.discover.columns import MEMBERS, REST
from lucidag.artefacts.discover.descriptors import shrunk
from lucidag.artefacts.discover.units import KIND

GRID = 8  # fields a side
HELD = 0.5  # of the positive relevance, that a region holds

Mask = NDArray[np.bool_]


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
    """Read the proposals of a model, two sides each.

    Parameters
    ----------
    images, units
        ``discovery/{model}-images.csv`` and ``-units.csv``.
    """
    going = units[(units["kind"] == KIND) & (units["found"].astype(str) == "True")]
    found = []
    for number, own in images.groupby("proposal", sort=True):
        theirs = going[going["name"] == f"proposal {number}"]
        for side, member in ((MEMBERS, True), (REST, False)):
            rows = own[own["member"].astype(str) == str(member)]
            order = (rows["place"] - float(member)).abs().sort_values(kind="stable").index
            more = theirs[theirs["auc"] > 0.5] if member else theirs[theirs["auc"] < 0.5]
            typical, active = tuple(rows.loc[order, "image"].astype(str)), tuple(sorted(more["unit"].astype(int)))
            found.append(Side(int(str(number)), str(own["name"].iloc[0]), side, typical, active))
    return found


def region(relevance: NDArray[np.floating], grid: int = GRID) -> Mask:
    """Give where a map decides: the fewest fields of a grid that hold half of its positive relevance.

    Nobody knows where in an image two kinds differ; this is our own operationalisation.

    Parameters
    ----------
    relevance
        S x S, signed.
    grid
        Fields a side; not more than S.

    Returns
    -------
    bool S x S: fields of greatest mean positive relevance, each whole; none where nothing is positive.
    """
    size = len(relevance)
    cells = min(grid, size)
    edges = np.linspace(0, size, cells + 1).round().astype(int)
    fields = shrunk(np.maximum(np.asarray(relevance, dtype=np.float64), 0)[None], cells)[0]
    amount = (fields * np.outer(np.diff(edges), np.diff(edges))).ravel()
    order = np.argsort(-fields.ravel(), kind="stable")
    chosen = np.zeros(cells * cells, dtype=np.bool_)
    if amount.sum() > 0:
        chosen[order[: int(np.searchsorted(np.cumsum(amount[order]), HELD * amount.sum())) + 1]] = True
    place = np.searchsorted(edges, np.arange(size), side="right") - 1
    found: Mask = chosen.reshape(cells, cells)[place][:, place]
    return found

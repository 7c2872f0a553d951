"""The kinds of maps that a discovery proposes: mean maps and images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lucidag.figures.overlay import signed_colours
from lucidag.figures.page import Page
from lucidag.figures.style import note, paper

SIDE, GAP, LABEL, HEAD = 0.62, 0.06, 0.75, 0.24
PIXELS = 160


@dataclass(frozen=True)
class Row:
    """One kind of a proposal.

    Attributes
    ----------
    words
        What it is called.
    mean
        g x g, its mean map.
    images
        uint8 H x W x C each.
    """

    words: str
    mean: NDArray[np.float64]
    images: Sequence[NDArray[np.uint8]]


def typical(images: pd.DataFrame, proposal: int, member: bool, count: int) -> list[str]:
    """Return the images of one side of a proposal, those nearest to the mean of the side first."""
    own = images[(images["proposal"] == proposal) & (images["member"] == member)]
    distance = (own["place"] - float(member)).abs()
    return [str(image) for image in own.loc[distance.sort_values(kind="stable").index, "image"][:count]]


@paper()
def discovery(proposals: Mapping[str, Sequence[Row]]) -> Figure:
    """Draw proposals.

    Parameters
    ----------
    proposals
        By title, the two kinds of each; none: a note says so.
    """
    if not proposals:
        return note("No kind of relevance maps stands apart inside a class.")
    columns = 1 + max(len(row.images) for rows in proposals.values() for row in rows)
    height = sum(HEAD + len(rows) * (SIDE + GAP) for rows in proposals.values())
    page = Page(LABEL + columns * (SIDE + GAP) + 0.1, height + 0.05, fontsize=7)
    top = 0.05
    for title, rows in proposals.items():
        page.text(0.05, top, title)
        top += HEAD
        for row in rows:
            page.text(0.05, top + SIDE / 2, row.words, va="center", fontsize=6)
            shown = [signed_colours(row.mean), *row.images]
            for place, image in enumerate(shown):
                ax = page.panel(LABEL + place * (SIDE + GAP), top, SIDE, SIDE)
                ax.imshow(_small(image), cmap="grey" if image.shape[-1] == 1 else None, interpolation="nearest")
            top += SIDE + GAP
    return page.fig


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Leave out rows and columns of large images: the figure shows them small."""
    step = max(1, min(image.shape[:2]) // PIXELS)
    return image[::step, ::step]

"""Which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lucidag.figures.style import figure, paper

# Up to so many classes a cell has room for its count and its share, and the axes for names.
WRITTEN, NAMED = 12, 30


@paper()
def confusion(counts: NDArray[np.int64], classes: Sequence[str], split: str = "test") -> Figure:
    """Draw a confusion matrix: colour is the share of the true class, above 12 classes on a square-root scale.

    Parameters
    ----------
    counts
        C x C pictures, one row a true class.
    classes
        The C names. They are written for up to 30 classes, counts and shares for up to 12.
    split
        Named in the title.
    """
    number = len(classes)
    side = float(np.clip(1.6 + 0.42 * number, 3.0, 6.4))
    fig = figure(side + 0.9, side)
    ax = fig.subplots()
    shares = row_shares(counts)
    # Without numbers in the cells, the square root makes rare confusions visible.
    scale = PowerNorm(1.0 if number <= WRITTEN else 0.5, vmin=0, vmax=1)
    image = ax.imshow(shares, cmap="Blues", norm=scale, aspect="equal")
    bar = fig.colorbar(image, ax=ax, shrink=0.8, label="share of the true class")
    bar.outline.set_visible(False)
    if number <= WRITTEN:
        _write(ax, counts, shares)
    names = classes if number <= NAMED else []
    ticks = range(len(names))
    turned = sum(map(len, names)) > 40
    ax.set_xticks(ticks, names, rotation=45 if turned else 0, ha="right" if turned else "center")
    ax.set_yticks(ticks, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    right, total = int(np.trace(counts)), int(counts.sum())
    ax.set(
        title=f"{split}: {right:,} of {total:,} pictures right",
        xlabel="predicted class" if names else f"predicted class ({number} classes)",
        ylabel="true class" if names else f"true class ({number} classes)",
    )
    return fig


def row_shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide each row by its sum; NaN for a class without pictures."""
    sums = counts.sum(axis=1, keepdims=True).astype(np.float64)
    return np.divide(counts, sums, out=np.full(counts.shape, np.nan), where=sums > 0)


def _write(ax: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        text = f"{count}\n{share:.1%}" if np.isfinite(share) else "none"
        if count or row == column:
            colour = "white" if share > 0.5 else "black"
            ax.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)

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
ROW_WITHOUT = "#E4E4E4"


@paper()
def confusion(counts: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix: colour is the share of the true class, above 12 classes on a square-root scale.

    Parameters
    ----------
    counts
        C x C images of ``test``, one row per true class. Classes that no image has and none is taken for are left out.
    classes
        The C names. They are written for up to 30 classes drawn, counts and shares for up to 12.
    """
    counts, drawn = occurring(counts, classes)
    number = len(drawn)
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
    names = drawn if number <= NAMED else []
    ticks = range(len(names))
    turned = sum(map(len, names)) > 40
    ax.set_xticks(ticks, names, rotation=45 if turned else 0, ha="right" if turned else "center")
    ax.set_yticks(ticks, names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    right, total = int(np.trace(counts)), int(counts.sum())
    extent = _extent(number, len(classes))
    # A row without images has no shares, and would look like the end of the matrix.
    ax.set_facecolor(ROW_WITHOUT)
    grey = ["grey: no image"] if np.isnan(shares).any() else []
    ax.set(
        title=f"test: {right:,} of {total:,} images right",
        xlabel=_label("predicted class", extent),
        ylabel=_label("true class", extent + grey),
    )
    return fig


def occurring(counts: NDArray[np.int64], classes: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Keep the classes that occur, as true or as predicted class; all of them where there is no image."""
    occurs = (counts.sum(axis=0) > 0) | (counts.sum(axis=1) > 0)
    kept = np.flatnonzero(occurs) if occurs.any() else np.arange(len(classes))
    return counts[np.ix_(kept, kept)], [classes[int(index)] for index in kept]


def row_shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide each row by its sum; NaN for a class without images."""
    sums = counts.sum(axis=1, keepdims=True).astype(np.float64)
    return np.divide(counts, sums, out=np.full(counts.shape, np.nan), where=sums > 0)


def _extent(drawn: int, known: int) -> list[str]:
    """Say how many classes there are, where the names on the axis do not show it."""
    if drawn < known:
        return [f"{drawn:,} of {known:,} classes occur"]
    return [f"{known:,} classes"] if known > NAMED else []


def _label(name: str, remarks: list[str]) -> str:
    return f"{name} ({'; '.join(remarks)})" if remarks else name


def _write(ax: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        text = f"{count}\n{share:.1%}" if np.isfinite(share) else "none"
        if count or row == column:
            colour = "white" if share > 0.5 else "black"
            ax.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)

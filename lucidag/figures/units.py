"""A sheet of units: the images that activate each most, its region in them, and what it was labelled."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Stroke
from numpy.typing import NDArray

from lucidag.figures.fit import fitted
from lucidag.figures.overlay import rgb
from lucidag.figures.page import Page
from lucidag.figures.style import BLACK, FULL_WIDTH, GREY, YELLOW, note, paper
from lucidag.units.compare.sheet_units import UnitRow

# In inches.
WORDS, GAP, MARGIN, HEADER = 1.55, 0.04, 0.06, 0.3
BETWEEN, CAPTION = 0.08, 0.11
WIDEST = 1.0  # of an image
TEXT, LINE = 6.0, 0.105  # points; inches
DARK = 0.6  # what the region leaves of the brightness outside


@paper()
def unit_sheet(rows: Sequence[UnitRow], title: str) -> Figure:
    """Draw one row per unit: its name and labels, then its top images with the region outlined.

    Parameters
    ----------
    rows
        The units.
    title
        Above the sheet.
    """
    columns = max((len(row.frames) for row in rows), default=0)
    if columns == 0:
        return note("No unit has a label, or none has an image that activates it.")
    cell = min(WIDEST, (FULL_WIDTH - WORDS - 2 * MARGIN) / columns - GAP)
    heights = [max(cell + CAPTION * any(row.captions), LINE * (1.6 + _lines(row))) for row in rows]
    height = HEADER + sum(heights) + BETWEEN * (len(rows) - 1) + MARGIN
    page = Page(FULL_WIDTH, height)
    page.text(MARGIN, 0.07, title, fontsize=9)
    top = HEADER
    for row, own in zip(rows, heights, strict=True):
        _words(page, row, top)
        for column, (frame, region) in enumerate(zip(row.frames, row.regions, strict=True)):
            ax = page.panel(MARGIN + WORDS + column * (cell + GAP), top, cell, cell)
            _image(ax, frame, region)
            if column < len(row.captions):
                ax.set_xlabel(row.captions[column], fontsize=TEXT - 1, color=GREY, labelpad=1.5)
        top += own + BETWEEN
    return page.fig


def shaded(frame: NDArray[np.uint8], region: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """Return a frame as an image S x S x 3 that is darker outside the region."""
    image = rgb(frame)
    if region is None:
        return image
    return np.where(region[:, :, None], image, np.rint(image * DARK).astype(np.uint8))


def _words(page: Page, row: UnitRow, top: float) -> None:
    width = WORDS - 0.08
    lines = [(line, BLACK, "bold") for line in fitted(row.name, width, TEXT + 0.5, 1, bold=True)]
    lines += [(line, BLACK, "normal") for fact in row.facts for line in fitted(fact, width, TEXT, 2)]
    for place, (line, colour, weight) in enumerate(lines):
        y, size = top + place * LINE + 0.02 * (place > 0), TEXT + 0.5 * (weight == "bold")
        page.text(MARGIN, y, line, fontsize=size, color=colour, fontweight=weight)


def _lines(row: UnitRow) -> int:
    return sum(len(fitted(fact, WORDS - 0.08, TEXT, 2)) for fact in row.facts)


def _image(ax: Axes, frame: NDArray[np.uint8], region: NDArray[np.bool_] | None) -> None:
    ax.imshow(shaded(frame, region), interpolation="nearest")
    if region is None or region.all() or not region.any():
        return
    # Nothing lies beyond the edge, so that the outline of a region at the edge is closed.
    padded = np.pad(region.astype(float), 1)
    places = np.arange(-1, len(region) + 1)
    outline = ax.contour(places, places, padded, levels=[0.5], colors=[YELLOW], linewidths=0.9)
    outline.set_path_effects([Stroke(linewidth=1.7, foreground=BLACK), Stroke(linewidth=0.9, foreground=YELLOW)])
    ax.set(xlim=(-0.5, len(region) - 0.5), ylim=(len(region) - 0.5, -0.5))

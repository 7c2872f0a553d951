"""Heat maps of relevance in zennit's colour maps, and a sheet of them: one row an image, one column a rule set."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from zennit.image import CMAPS, palette

from lucidag.explain.store import Explained
from lucidag.figures.explanations import row_words
from lucidag.figures.fit import fitted, shortened
from lucidag.figures.method_names import method_name
from lucidag.figures.overlay import rgb
from lucidag.figures.style import FULL_WIDTH, VERMILION, figure, paper
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

# In inches; text in points.
LABEL, GAP, MARGIN, HEADER, FOOTER, WIDEST = 1.3, 0.04, 0.06, 0.42, 0.34, 1.25
TEXT, LINE = 6.0, 0.105


def relevance_image(values: NDArray[np.floating], cmap: str = "bwr", signed: bool = True) -> NDArray[np.uint8]:
    """Paint a map in a colour map of zennit.

    Parameters
    ----------
    values
        S x S, finite.
    cmap
        A name from zennit: ``bwr`` (blue, white, red), ``coldnhot``, ``seismic``, ``hot``, ...
    signed
        Whether zero has the middle colour and the greatest absolute value an end. If not, the colours go from 0 to the
        greatest value.

    Returns
    -------
    array
        uint8 S x S x 3. A map of zeros has the colour of zero everywhere.

    Raises
    ------
    InputError
        For an unknown colour map, or values that are not finite.
    """
    if cmap not in CMAPS:
        raise InputError(unknown("colour map", cmap, CMAPS))
    heat = np.asarray(values, dtype=np.float64)
    if not np.isfinite(heat).all():
        raise InputError("relevance map: it holds values that are not finite, so it has no colours")
    most = float(np.abs(heat).max() if signed else heat.max())
    most = most if most > 0 else 1.0
    share = (heat / most + 1) / 2 if signed else heat / most
    # Not by zennit's imgify: Pillow 13 cannot convert its images, and it rounds down, so that 0 is not quite white.
    colours: NDArray[np.uint8] = palette(cmap)[np.rint(share * 255).clip(0, 255).astype(np.uint8)]
    return colours


@paper()
def relevance_sheet(
    images: Sequence[Explained],
    columns: Sequence[str],
    title: str,
    unsigned: Collection[str] = ("attention",),
    cmap: str = "bwr",
    unsigned_cmap: str = "hot",
) -> Figure:
    """Draw images with their relevance by several composites, and other maps beside them.

    Parameters
    ----------
    images
        The rows. Of their records are printed what `lucidag.figures.explanations.row_words` says, and where
        ``exploded`` lists a column its map is marked as such.
    columns
        The maps behind the image itself: names of composites, ``attention``, or any other key of the maps.
    title
        Above the sheet.
    unsigned
        Columns whose maps have no sign.
    cmap, unsigned_cmap
        Colour maps of zennit for maps with and without a sign. Each map has a scale of its own.
    """
    cell = min(WIDEST, (FULL_WIDTH - LABEL - 2 * MARGIN) / (1 + len(columns)) - GAP)
    width = max(LABEL + 2 * MARGIN + (1 + len(columns)) * (cell + GAP), 4.2)
    height = HEADER + max(1, len(images)) * (cell + GAP) + FOOTER
    fig = figure(width, height)
    fig.set_layout_engine("none")
    _write(fig, (MARGIN, 0.04), fitted(title, width - 2 * MARGIN, 8, 1)[0], 8)
    left = [MARGIN + LABEL + column * (cell + GAP) for column in range(1 + len(columns))]
    for x, name in zip(left, ["image", *map(method_name, columns)], strict=True):
        _write(fig, (x, HEADER - 0.15), fitted(name, cell + GAP, TEXT, 1)[0], TEXT)
    for row, pixels in enumerate(images):
        top = HEADER + row * (cell + GAP)
        _label(fig, top, cell, pixels)
        _panel(fig, (left[0], top), cell).imshow(rgb(pixels.frame))
        for x, column in zip(left[1:], columns, strict=True):
            signed = column not in unsigned
            _draw(_panel(fig, (x, top), cell), pixels, column, cmap if signed else unsigned_cmap, signed)
    _scales(fig, height - FOOTER + 0.12, [column not in unsigned for column in columns], cmap, unsigned_cmap)
    return fig


def _draw(ax: Axes, pixels: Explained, column: str, cmap: str, signed: bool) -> None:
    values = pixels.maps.get(column)
    if values is None:
        _say(ax, "not made")
        return
    if np.isfinite(values).all():
        ax.imshow(relevance_image(values, cmap, signed))
    if column in pixels.record.get("exploded", ()):
        _say(ax, "explodes")
    elif not values.any():
        _say(ax, "empty")


def _label(fig: Figure, top: float, cell: float, pixels: Explained) -> None:
    """Say beside a row what it shows, as many lines as there is room for."""
    room, lines = int(cell / LINE), []
    for place, (text, colour, bold) in enumerate(row_words(pixels)):
        # Ids often differ at their end alone.
        fit = shortened if place == 0 else fitted
        lines += [(line, colour, bold) for line in fit(text, LABEL - 0.06, TEXT, 2, bold)]
    for place, (line, colour, bold) in enumerate(lines[:room]):
        weight = "bold" if bold else "normal"
        _write(fig, (MARGIN, top + place * LINE), line, TEXT, color=colour, weight=weight)


def _panel(fig: Figure, corner: tuple[float, float], width: float, height: float | None = None) -> Axes:
    """Add axes whose upper left corner is `corner`, in inches from the figure's."""
    tall = width if height is None else height
    across, down = fig.get_size_inches()
    ax = fig.add_axes((corner[0] / across, 1 - (corner[1] + tall) / down, width / across, tall / down))
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def _write(fig: Figure, corner: tuple[float, float], text: str, size: float, **how: Any) -> None:  # noqa: ANN401
    across, down = fig.get_size_inches()
    fig.text(corner[0] / across, 1 - corner[1] / down, text, size=size, va="top", parse_math=False, **how)


def _say(ax: Axes, words: str) -> None:
    box = {"facecolor": "white", "edgecolor": VERMILION, "linewidth": 0.6, "pad": 1.5}
    ax.text(0.5, 0.5, words, size=TEXT, color=VERMILION, ha="center", va="center", transform=ax.transAxes, bbox=box)


def _scales(fig: Figure, top: float, signed: Sequence[bool], cmap: str, unsigned_cmap: str) -> None:
    """Say below the sheet what the colours mean."""
    x = MARGIN
    for kind, name, words in ((True, cmap, ("against the class", "for it")), (False, unsigned_cmap, ("0", "most"))):
        if kind not in signed:
            continue
        _write(fig, (x, top), words[0], TEXT)
        x += 0.05 + 0.047 * len(words[0])
        ramp = np.linspace(-1 if kind else 0, 1, 256)[None]
        _panel(fig, (x, top), 0.8, 0.11).imshow(relevance_image(ramp, name, kind), aspect="auto")
        _write(fig, (x + 0.85, top), words[1], TEXT)
        x += 1.45

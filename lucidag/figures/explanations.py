"""Contact sheet of explanations: one row per image, one column per method."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import AbstractPathEffect, Stroke, withStroke
from numpy.typing import NDArray

from lucidag.explain.store import Explained, titles_of
from lucidag.figures.drawing import drawn
from lucidag.figures.fit import fitted, shortened, whole_words
from lucidag.figures.outlines import AGAINST, CASING, FOR
from lucidag.figures.overlay import overlay, rgb, signed_colours
from lucidag.figures.page import Page
from lucidag.figures.style import BLACK, FULL_WIDTH, VERMILION, paper

# In inches.
LABEL, GAP, MARGIN, HEADER, FOOTER = 1.3, 0.04, 0.06, 0.42, 0.34
WIDEST = 1.25  # of a cell
MOST_LINES = 4  # of the name of a column
HEADINGS = (6.5, 6.0, 5.5, 5.0)  # sizes of these names, in points
TEXT, LINE = 6.0, 0.105  # points; inches
Words = tuple[str, str, bool]  # text, colour, bold


@dataclass(frozen=True)
class Layout:
    """Where things are, in inches from the upper left corner.

    Attributes
    ----------
    rows, columns
        Of panels.
    above, beside
        Lines of text above the longest column, and at least beside each row.
    """

    rows: int
    columns: int
    above: int = 1
    beside: int = 1

    @property
    def cell(self) -> float:
        """Side of a panel."""
        room = FULL_WIDTH - LABEL - 2 * MARGIN
        return min(WIDEST, room / self.columns - GAP)

    @property
    def pitch(self) -> float:
        """From one row to the next."""
        return max(self.cell, self.beside * LINE) + GAP

    @property
    def header(self) -> float:
        """Height of the title and of the names of columns."""
        return HEADER + (self.above - 1) * LINE

    @property
    def width(self) -> float:
        """Of the figure: wide enough for its legend."""
        return max(LABEL + 2 * MARGIN + self.columns * (self.cell + GAP), 4.6)

    @property
    def height(self) -> float:
        """Of the figure."""
        return self.header + self.rows * self.pitch + FOOTER

    def left(self, column: int) -> float:
        """Left edge of a panel."""
        return MARGIN + LABEL + column * (self.cell + GAP)

    def top(self, row: int) -> float:
        """Upper edge of a panel."""
        return self.header + row * self.pitch


@paper()
def contact_sheet(
    images: Sequence[Explained], methods: Sequence[str], title: str, notes: Mapping[str, str] | None = None
) -> Figure:
    """Draw images with their explanations.

    Parameters
    ----------
    images
        The rows. Of their records are printed ``label``, ``predicted_name`` with its probability (``top``), and
        ``target_name`` with ``probability`` where it is another class. A mask is outlined on the image.
    methods
        The columns after the image itself, each drawn as `lucidag.figures.drawing.drawn` does. A map without a
        positive value is marked as empty, and one whose relevance exploded (``exploded`` in the record) as such.
    title
        Above the sheet.
    notes
        Image to a further line beside the image.
    """
    titles = titles_of(images)
    names = ["image", *(titles.get(method, method) for method in methods)]
    said = [row_words(explained, (notes or {}).get(explained.image)) for explained in images]
    layout = Layout(max(1, len(images)), len(names))
    size = whole_words(names, layout.cell, HEADINGS)
    headings = [fitted(name, layout.cell, size, MOST_LINES) for name in names]
    layout = replace(layout, above=max(map(len, headings)), beside=max(map(len, said), default=1))
    page = Page(layout.width, layout.height, fontsize=TEXT)
    page.text(MARGIN, 0.04, fitted(title, layout.width - 2 * MARGIN, 8, 1)[0], fontsize=8)
    for column, lines in enumerate(headings):
        middle = layout.left(column) + layout.cell / 2
        for line, text in enumerate(reversed(lines)):
            page.text(middle, layout.header - 0.15 - line * LINE, text, fontsize=size, ha="center")
    for row, explained in enumerate(images):
        _label(page, layout, row, said[row])
        _original(_panel(page, layout, row, 0), explained)
        for column, method in enumerate(methods, 1):
            _explanation(_panel(page, layout, row, column), explained, method)
    _legend(page, images, methods)
    return page.fig


def side_by_side(images: Sequence[Explained], methods: Sequence[str], order: pd.DataFrame, title: str) -> Figure:
    """Draw images with their explanations, sorted by agreement.

    Parameters
    ----------
    images, methods, title
        See `contact_sheet`.
    order
        image, iou: see `lucidag.explain.agreement.agreement.agreement_order`; an image that it lacks comes last.
    """
    agreed = dict(zip(order["image"], order["iou"].astype(float), strict=True))
    place = {image: index for index, image in enumerate(agreed)}
    ordered = sorted(images, key=lambda explained: place.get(explained.image, len(place)))
    shares = {each.image: agreed.get(each.image, math.nan) for each in ordered}
    notes = {key: f"mean IoU {'undefined' if math.isnan(iou) else f'{iou:.2f}'}" for key, iou in shares.items()}
    return contact_sheet(ordered, methods, title, notes)


def row_words(explained: Explained, note: str | None = None) -> list[Words]:
    """Say what a row shows: text, colour and weight of each line, before it is broken."""
    record = explained.record
    words: list[Words] = [(explained.image, BLACK, True)]
    label, predicted, target = (record.get(key) for key in ("label", "predicted_name", "target_name"))
    if label is not None:
        words.append((f"true: {label}", BLACK, False))
    if predicted is not None:
        right = label is None or predicted == label
        share = _share(record["top"][0][1] if record.get("top") else None)
        said = f"{'predicted' if right else 'wrong'}{share}: {predicted}"
        words.append((said, BLACK if right else VERMILION, False))
    if target is not None and target != predicted:
        words.append((f"explained{_share(record.get('probability'))}: {target}", VERMILION, False))
    if note:
        words.append((note, BLACK, False))
    return words


def _share(value: float | None) -> str:
    if value is None:
        return ""
    words = "<1%" if value < 0.005 else ">99%" if 0.995 <= value < 1 else f"{value:.0%}"
    return f" ({words})"


def _panel(page: Page, layout: Layout, row: int, column: int) -> Axes:
    left, bottom = layout.left(column), layout.height - layout.top(row) - layout.cell
    box = (left / layout.width, bottom / layout.height, layout.cell / layout.width, layout.cell / layout.height)
    ax = page.fig.add_axes(box)
    ax.set_axis_off()  # whole: a sheet has a hundred panels, and ticks that are not there are drawn in vain
    return ax


def _label(page: Page, layout: Layout, row: int, words: Sequence[Words]) -> None:
    room = max(int(layout.cell / LINE), layout.beside)
    # Ids often differ at their end alone.
    fits = [shortened, *[fitted] * (len(words) - 1)]
    each = [fit(text, LABEL - 0.06, TEXT, 2, bold) for fit, (text, _, bold) in zip(fits, words, strict=True)]
    # Too many lines for the row: first the long names are cut, the id last.
    for index in (*range(1, len(words)), 0):
        if sum(map(len, each)) > room:
            text, _, bold = words[index]
            each[index] = fits[index](text, LABEL - 0.06, TEXT, 1, bold)
    y = layout.top(row)
    for lines, (_, colour, bold) in zip(each, words, strict=True):
        for line in lines:
            page.text(MARGIN, y, line, color=colour, weight="bold" if bold else "normal")
            y += LINE


def _show(ax: Axes, explained: NDArray[np.uint8]) -> None:
    ax.imshow(explained, interpolation="antialiased", aspect="equal")


def _original(ax: Axes, explained: Explained) -> None:
    _show(ax, rgb(explained.frame))
    mask = explained.mask
    if mask is not None and mask.any() and not mask.all():
        casing: list[AbstractPathEffect] = [
            Stroke(linewidth=1.6, foreground="black"),
            Stroke(linewidth=0.8, foreground="white"),
        ]
        ax.contour(mask.astype(float), levels=[0.5], colors=["white"], linewidths=0.8).set_path_effects(casing)
    elif mask is not None:
        _say(ax, "no truth\nin frame" if not mask.any() else "truth: whole\nframe")


def _explanation(ax: Axes, explained: Explained, method: str) -> None:
    values = explained.maps.get(method)
    if values is None:
        _say(ax, "not made")
        return
    _show(ax, drawn(explained, method))
    if method in explained.record.get("exploded", ()):
        _say(ax, "explodes")
    elif not (values.any() if explained.kind(method) == "signed" else (values > 0).any()):
        _say(ax, "empty")


def _say(ax: Axes, words: str) -> None:
    box = {"facecolor": "white", "edgecolor": VERMILION, "linewidth": 0.6, "pad": 1.5}
    ax.text(0.5, 0.5, words, size=TEXT, color=VERMILION, ha="center", va="center", transform=ax.transAxes, bbox=box)


def _legend(page: Page, images: Sequence[Explained], methods: Sequence[str]) -> None:
    """Say what colours and lines mean, in one line below the sheet."""
    y, x = page.height - FOOTER + 0.12, MARGIN
    kinds = {
        method: next((each.kind(method) for each in images if method in each.about), "graded") for method in methods
    }
    if "graded" in kinds.values():
        grey = np.full((1, 1, 256), 128, dtype=np.uint8)
        x = _scale(page, (x, y), ("map: 0", "1"), overlay(grey, np.linspace(0, 1, 256)[None]))
    if "signed" in kinds.values():
        x = _scale(page, (x, y), ("against the class", "for it"), signed_colours(np.linspace(-1, 1, 256)[None]))
    handles = []
    if chosen := [method for method, kind in kinds.items() if kind == "selection"]:
        titles = titles_of(images)
        names = " and ".join(titles.get(method, method) for method in chosen)
        handles += [_line(FOR, f"{names}: for the class"), _line(AGAINST, "against it")]
    if any(explained.mask is not None for explained in images):
        handles.append(_line("white", "truth"))
    if handles:
        place = (x / page.width, 1 - (y + 0.055) / page.height)
        page.fig.legend(
            handles=handles,
            loc="center left",
            bbox_to_anchor=place,
            ncols=3,
            fontsize=TEXT,
            borderpad=0,
            handlelength=1.6,
            columnspacing=1.4,
        )


def _scale(page: Page, corner: tuple[float, float], words: tuple[str, str], ramp: NDArray[np.uint8]) -> float:
    """Draw a colour scale between two words; give where it ends."""
    x, y = corner
    page.text(x, y, words[0])
    x += 0.06 + 0.05 * len(words[0])
    bar = page.panel(x, y, 0.8, 0.11, label="scale")
    bar.imshow(ramp, aspect="auto", interpolation="bilinear")
    page.text(x + 0.84, y, words[1])
    return x + 1.0 + 0.05 * len(words[1])


def _line(colour: str, label: str) -> Line2D:
    casing = [withStroke(linewidth=2.6, foreground=CASING)]
    return Line2D([], [], color=colour, linewidth=1.3, label=label, path_effects=casing)

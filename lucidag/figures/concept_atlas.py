"""A concept atlas: the units that a decision rests on, where each is in the image, and what each responds to."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lucidag.explain.relevance.store import ACTIVATION, KINDS, RELEVANCE, Decision, Reference, UnitConcept
from lucidag.figures.fit import fitted
from lucidag.figures.outlines import colour_bytes, near_boundary
from lucidag.figures.overlay import rgb
from lucidag.figures.page import Page
from lucidag.figures.style import BLACK, BLUE, FULL_WIDTH, GREY, VERMILION, YELLOW, note, paper

# In inches.
WORDS, GAP, BETWEEN, MARGIN = 0.78, 0.04, 0.12, 0.06
HEADER, HEADINGS, CAPTION = 0.8, 0.3, 0.1
WIDEST = 1.0  # of an image
TEXT = 6.0  # points
HEADING = {RELEVANCE: "where the unit is most relevant (RelMax)", ACTIVATION: "where it is most active (ActMax)"}

SMOOTH = 0.025  # of the frame: relevance of strided layers comes in a grid
LEVEL = 1 / 3  # of the greatest value: the edge of a region
LEAST = 0.3  # of the frame: no crop is smaller
ROOM = 1.3  # a crop's side over that of its region
OPACITY, GAMMA = 0.95, 1.6
STRONG = 99.7  # percentile of |relevance| that is painted most


@paper()
def concept_atlas(decision: Decision) -> Figure:
    """Draw one row per unit: its share of the relevance, its map over the image, its reference images.

    Parameters
    ----------
    decision
        What `lucidag.explain.relevance.atlas.explain_decision` gives.
    """
    if not decision.units:
        return note("No unit of this layer has any relevance.")
    counts = {kind: max(len(unit.references.get(kind, ())) for unit in decision.units) for kind in KINDS}
    cells = 1 + sum(counts.values())
    cell = min(WIDEST, (FULL_WIDTH - WORDS - 2 * MARGIN - 2 * BETWEEN) / cells - GAP)
    height = HEADER + HEADINGS + len(decision.units) * (cell + CAPTION + GAP) + MARGIN
    page = Page(FULL_WIDTH, height, fontsize=TEXT, color=BLACK, linespacing=1.15)
    _header(page, decision)
    lefts = _lefts(counts, cell)
    page.text(lefts["map"][0], HEADER + HEADINGS - 0.04, "its relevance\nin the image", va="bottom")
    for kind in KINDS:
        if counts[kind]:
            page.text(lefts[kind][0], HEADER + HEADINGS - 0.04, HEADING[kind], va="bottom")
    for place, unit in enumerate(decision.units):
        _row(page, decision, unit, HEADER + HEADINGS + place * (cell + CAPTION + GAP), cell, lefts)
    return page.fig


def signed_overlay(frame: NDArray[np.uint8], relevance: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Paint relevance on a grey version of its image: orange for the class, blue against it.

    Parameters
    ----------
    frame
        uint8 C x S x S, C 1 or 3.
    relevance
        S x S, of any scale; where it is all 0 the grey image is left.

    Returns
    -------
    array
        uint8 S x S x 3.
    """
    smooth = smoothed(relevance)
    strong = np.percentile(np.abs(smooth), STRONG) or np.abs(smooth).max()
    part = np.clip(smooth / strong, -1, 1) if strong > 0 else smooth
    grey = 70 + 0.7 * np.repeat(rgb(frame).mean(axis=2, keepdims=True), 3, axis=2)
    colour = np.where(part[:, :, None] > 0, colour_bytes(VERMILION), colour_bytes(BLUE))
    opacity = OPACITY * np.abs(part)[:, :, None] ** GAMMA
    return np.rint(grey * (1 - opacity) + colour * opacity).astype(np.uint8)


def region(relevance: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell where a unit's map is above a third of its greatest value, after smoothing; bool S x S."""
    smooth = smoothed(relevance)
    greatest = smooth.max()
    return np.asarray(smooth >= LEVEL * greatest) if greatest > 0 else np.zeros(smooth.shape, dtype=bool)


def window(inside: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the square around a region, with some room, that lies in the frame; the whole frame of no region."""
    size = len(inside)
    if not inside.any():
        return slice(0, size), slice(0, size)
    edges = [np.flatnonzero(inside.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    longest = max(int(last - first + 1) for first, last in edges)
    side = min(size, max(round(ROOM * longest), round(LEAST * size)))
    starts = [min(max(0, round((first + last + 1 - side) / 2)), size - side) for first, last in edges]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def reference_view(reference: Reference) -> NDArray[np.uint8]:
    """Return a reference image cut to the unit's region, which is outlined; uint8 s x s x 3."""
    inside = region(reference.map)
    rows, columns = window(inside)
    pixels = rgb(reference.frame)[rows, columns].copy()
    inside = inside[rows, columns]
    if inside.any() and not inside.all():
        width = max(1, round(len(inside) / 112))
        line = near_boundary(inside.astype(np.uint8), width)
        pixels[line & ~inside] = colour_bytes(BLACK)
        pixels[line & inside] = colour_bytes(YELLOW)
    return pixels


def smoothed(relevance: NDArray[np.floating]) -> NDArray[np.float64]:
    """Blur a map by a fortieth of its side."""
    return np.asarray(gaussian_filter(np.asarray(relevance, dtype=np.float64), SMOOTH * len(relevance)))


def _image(page: Page, left: float, top: float, side: float, pixels: NDArray[np.uint8], caption: str = "") -> None:
    ax = page.panel(left, top, side, side)
    ax.imshow(pixels, interpolation="nearest")
    if caption:
        ax.set_xlabel(caption, fontsize=TEXT - 1.5, color=GREY, labelpad=1.0)


def _header(page: Page, decision: Decision) -> None:
    record, side = decision.record, HEADER - 0.14
    _image(page, MARGIN, MARGIN, side, rgb(decision.frame))
    left = MARGIN + side + 0.1
    room = FULL_WIDTH - left - 0.3
    (title,) = fitted(f"Units of {record['layer']} behind '{record['target_name']}'", room, 9, 1, bold=True)
    page.text(left, MARGIN, title, fontsize=9, fontweight="bold")
    held = sum(abs(unit.share) for unit in decision.units)
    facts = [f"image {decision.image}", f"logit {record['logit']:.2f}"]
    if "probability" in record:
        facts.append(f"probability {record['probability']:.3f}")
    lines = fitted(", ".join(facts), room, 7, 1)
    lines += fitted(
        f"these {len(decision.units)} of {record['units']} units hold {held:.1%} of the layer's |relevance|; "
        "orange: for the class, blue: against it; outlined in the reference images: what the unit responds to",
        room,
        7,
        3,
    )
    page.text(left, MARGIN + 0.2, "\n".join(lines), fontsize=7)


def _lefts(counts: dict[str, int], cell: float) -> dict[str, list[float]]:
    """Give the left edge of every image of a row, by what it shows."""
    start = MARGIN + WORDS
    lefts = {"map": [start]}
    start += cell + GAP + BETWEEN
    for kind in KINDS:
        lefts[kind] = [start + number * (cell + GAP) for number in range(counts[kind])]
        start += counts[kind] * (cell + GAP) + BETWEEN
    return lefts


def _row(
    page: Page, decision: Decision, unit: UnitConcept, top: float, cell: float, lefts: dict[str, list[float]]
) -> None:
    page.text(MARGIN, top, f"unit {unit.unit}", fontsize=TEXT + 1, fontweight="bold")
    page.text(MARGIN, top + 0.13, f"{unit.share:.1%}".replace("-", "\N{MINUS SIGN}"))
    greatest = max(abs(each.share) for each in decision.units)
    if greatest > 0:
        length = (WORDS - 0.14) * abs(unit.share) / greatest
        colour = VERMILION if unit.share >= 0 else BLUE
        page.panel(MARGIN, top + 0.26, max(length, 0.005), 0.05, facecolor=colour)
    _image(page, lefts["map"][0], top, cell, signed_overlay(decision.frame, unit.map))
    for kind in KINDS:
        for left, reference in zip(lefts[kind], unit.references.get(kind, ()), strict=False):
            (caption,) = fitted(reference.image, cell, TEXT - 1.5, 1)
            _image(page, left, top, cell, reference_view(reference), caption)

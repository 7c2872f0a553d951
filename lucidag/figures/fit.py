"""Text that must fit a place: measured, broken into lines, and cut where it is still too long."""

import re

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

PARTS = re.compile(r"[^\s_\-/.,]*[\s_\-/.,]*")  # a line may end behind a space or one of _ - / . ,


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of `text` in inches, at `size` points."""
    if not text.strip():
        return 0.0
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    # A dollar sign would start a formula.
    return float(TextPath((0, 0), text.replace("$", "S"), size=size, prop=font).get_extents().x1) / 72


def fitted(text: str, width: float, size: float, lines: int, bold: bool = False) -> list[str]:
    """Break `text` into at most `lines` lines of `width` inches; what does not fit ends in an ellipsis.

    Parameters
    ----------
    text
        A sentence or a name; lines end at spaces and at ``_ - / . ,`` where they can.
    width
        In inches.
    size
        Of the font, in points.
    lines
        At least 1.
    bold
        Weight of the font.
    """
    broken = [""]
    for part in (part for word in PARTS.findall(text) for part in _pieces(word, width, size, bold)):
        if text_width((broken[-1] + part).rstrip(), size, bold) <= width:
            broken[-1] += part
        else:
            broken.append(part)
    kept = [line.rstrip() for line in broken[:lines]]
    if len(broken) > lines:
        while kept[-1] and text_width(kept[-1] + "…", size, bold) > width:
            kept[-1] = kept[-1][:-1].rstrip()
        kept[-1] += "…"
    return kept


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """Cut a word that is longer than a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width((pieces[-1] + letter).rstrip(), size, bold) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces

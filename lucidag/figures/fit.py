"""Text that must fit a place: measured, broken into lines, and cut where it is still too long."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags

PARTS = re.compile(r"[^\s_\-/.,]*[\s_\-/.,]*")  # a line may end after a space or one of _ - / . ,
FINE = 1200  # dots per inch that a text is measured at


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of `text` in inches, at `size` points."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")))
    font.set_size(size, FINE)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return font.get_width_height()[0] / 64 / FINE


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
    broken = _broken(text, width, size, bold)
    if len(broken) > lines:
        last = broken[lines - 1] + broken[lines]
        while last and text_width(last.rstrip() + "…", size, bold) > width:
            last = last[:-1]
        broken = [*broken[: lines - 1], last.rstrip() + "…"]
    return [line.rstrip() for line in broken]


def shortened(text: str, width: float, size: float, lines: int, bold: bool = False) -> list[str]:
    """Break `text` as `fitted` does; what does not fit is left out of its middle."""

    def without(left_out: int) -> str:
        kept = len(text) - left_out
        return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}" if left_out else text

    def fits(left_out: int) -> bool:
        return len(_broken(without(left_out), width, size, bold)) <= lines

    return fitted(without(bisect_left(range(len(text)), True, key=fits)), width, size, lines, bold)


def whole_words(texts: Iterable[str], width: float, sizes: Sequence[float]) -> float:
    """Give the first of some sizes at which no word is wider than a line; the last one where none does.

    Parameters
    ----------
    texts
        What is to be broken into lines, see `fitted`.
    width
        In inches.
    sizes
        Of the font, in points.
    """
    words = {word.rstrip() for text in texts for word in PARTS.findall(text)}
    return next((size for size in sizes if all(text_width(word, size) <= width for word in words)), sizes[-1])


def _broken(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Break a text into lines, nothing left out."""
    broken = [""]
    for part in (part for word in PARTS.findall(text) for part in _pieces(word, width, size, bold)):
        if text_width((broken[-1] + part).rstrip(), size, bold) <= width:
            broken[-1] += part
        else:
            broken.append(part)
    return broken


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """Cut a word that is longer than a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width((pieces[-1] + letter).rstrip(), size, bold) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces

"""Characters that the font of all figures lacks: spelt out, as boxes would make one name of many."""

from collections.abc import Callable, Iterator
from functools import cache, partial

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter


def spell_out(fig: Figure, family: str) -> None:
    """Replace, in all texts of a figure and labels of its axes, each character that a font lacks.

    Parameters
    ----------
    fig
        The figure, which is changed.
    family
        The font's name.
    """
    for text in _texts(fig):
        text.set_text(drawable(text.get_text(), family))
    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        for formatter in (axis.get_major_formatter(), axis.get_minor_formatter()):
            if isinstance(formatter, FixedFormatter):
                formatter.seq = [drawable(str(label), family) for label in formatter.seq]
            elif isinstance(formatter, FuncFormatter):  # what labels of given places become
                formatter.func = partial(_said, formatter.func, family)


def _texts(artist: Artist) -> Iterator[Text]:
    """Yield the texts of an artist; not those of an axis that is off, whose ticks would be made for being asked."""
    if isinstance(artist, Text):
        yield artist
    off = isinstance(artist, Axes) and not artist.axison
    for child in artist.get_children():
        if not (off and isinstance(child, Axis)):
            yield from _texts(child)


def _said(label: Callable[..., str], family: str, *place: float) -> str:
    return drawable(label(*place), family)


def drawable(text: str, family: str) -> str:
    """Return a text with ``⟨5706⟩``, its number in hexadecimal, for each character that a font lacks.

    >>> drawable("circle 圆", "DejaVu Sans")
    'circle ⟨5706⟩'
    """
    if text.isascii():
        return text
    known = _characters(family)
    return "".join(each if each.isspace() or ord(each) in known else f"⟨{ord(each):X}⟩" for each in text)


@cache
def _characters(family: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())

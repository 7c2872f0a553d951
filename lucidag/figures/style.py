"""One look for all figures, and files whose bytes depend on nothing but what is drawn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from PIL import Image

from lucidag.figures.glyphs import spell_out
from lucidag.ground.files import atomic

# Okabe and Ito's palette, told apart with every common form of colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#7F7F7F", "#BFBFBF"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK)

FULL_WIDTH = 7.2  # inches: the text width of a two-column page
PNG_DPI = 150
PNG_BYTES = 300_000

FONT = "DejaVu Sans"  # ships with matplotlib, so that it is the same on every machine

SETTINGS = {
    "font.family": FONT,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "figure.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # names of classes, columns and concepts are the user's, and may hold a $
}


@contextmanager
def paper() -> Iterator[None]:
    """Set the look of a figure while it is drawn (also as a decorator), whatever the user's matplotlib settings say."""
    with style.context(["default", SETTINGS]):
        yield


def figure(width: float, height: float) -> Figure:
    """Return an empty figure with constrained layout that no global state knows of.

    Parameters
    ----------
    width, height
        In inches; text is 8 points whatever the size.
    """
    with paper():
        return Figure(figsize=(width, height))


def save(fig: Figure, png: str | Path, pdf: str | Path, true_colour: bool = False) -> None:
    """Write `fig` as PNG (150 dpi) and PDF (vector, TrueType fonts), each whole or not at all.

    No date and no program's name goes in, so the same figure gives the same bytes. A PNG above 300 kB
    (images) is reduced to 256 colours; the PDF keeps them all. With `true_colour`, which is for heat maps over
    photographs, whose slopes 256 colours turn to bands, the PNG keeps them too.
    """
    buffer = BytesIO()
    with paper(), _laid_out_once(fig):
        spell_out(fig, FONT)
        # Not by `savefig`, which draws everything once more before it draws.
        fig.set_dpi(PNG_DPI)
        FigureCanvasAgg(fig).print_png(buffer, metadata={"Software": None}, pil_kwargs={"compress_level": 6})
        with atomic(png) as partial:
            partial.write_bytes(_small(buffer.getvalue(), true_colour))
        fig.set_layout_engine("none")
        fig.set_dpi(2 * PNG_DPI)
        # Into memory first: the writer of a PDF that finds no room on a disk says anything but that.
        drawn = BytesIO()
        FigureCanvasPdf(fig).print_pdf(drawn, metadata=dict.fromkeys(("CreationDate", "Creator", "Producer")))
        with atomic(pdf) as partial:
            partial.write_bytes(drawn.getvalue())


@contextmanager
def _laid_out_once(fig: Figure) -> Iterator[None]:
    """Give a figure back its canvas, resolution and layout, which takes as long as a drawing, afterwards."""
    canvas, dpi, engine = fig.canvas, fig.dpi, fig.get_layout_engine()
    try:
        yield
    finally:
        fig.set_canvas(canvas)
        fig.set_dpi(dpi)
        fig.set_layout_engine("none" if engine is None else engine)


def _small(png: bytes, true_colour: bool) -> bytes:
    if len(png) <= PNG_BYTES:
        return png
    buffer = BytesIO()
    with Image.open(BytesIO(png)) as image:
        every = image.convert("RGB")  # nothing shines through
        if true_colour:  # `optimize` would take five times as long for 3 % of the bytes
            every.save(buffer, format="PNG", dpi=(PNG_DPI, PNG_DPI))
        else:
            few = every.quantize(256, method=Image.Quantize.MEDIANCUT)
            few.save(buffer, format="PNG", optimize=True, dpi=(PNG_DPI, PNG_DPI))
    return buffer.getvalue()


@paper()
def note(sentence: str) -> Figure:
    """Return a figure that only says why there is nothing to draw."""
    fig = figure(FULL_WIDTH, 1.2)
    fig.text(0.5, 0.5, sentence, ha="center", va="center", wrap=True)
    return fig


def listed(name: str) -> str:
    """Return the label under which a legend lists a name; matplotlib keeps back those that begin with ``_``."""
    return f" {name}" if name.startswith("_") else name


def legend_below(fig: Figure, axes: Sequence[Axes], columns: int = 4) -> None:
    """Put one legend for all `axes` under the figure; what bears the same label is listed once."""
    entries = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if entries:
        fig.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=min(columns, len(entries)))

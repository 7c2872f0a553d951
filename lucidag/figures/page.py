"""A figure laid out by hand, its places in inches from the upper left corner."""

from typing import Any

from matplotlib.axes import Axes

from lucidag.figures.style import figure


class Page:
    """An empty figure, and what is put on it.

    Parameters
    ----------
    width, height
        In inches.
    look
        How words look where nothing else is said.
    """

    def __init__(self, width: float, height: float, **look: Any) -> None:  # noqa: ANN401 (what matplotlib takes)
        self.width, self.height = width, height
        self.fig = figure(width, height)
        self.fig.set_layout_engine("none")
        self._look = {"ha": "left", "va": "top", **look}

    def text(self, left: float, top: float, words: str, **look: Any) -> None:  # noqa: ANN401 (as above)
        """Write some words."""
        self.fig.text(left / self.width, 1 - top / self.height, words, **{**self._look, **look})

    def panel(self, left: float, top: float, width: float, height: float, **look: Any) -> Axes:  # noqa: ANN401
        """Give axes without ticks and frame."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        ax = self.fig.add_axes(box, xticks=[], yticks=[], **look)
        ax.spines[:].set_visible(False)
        return ax

"""Names that the font cannot draw are told apart, and all others are drawn as they were."""

import logging
import warnings
from io import BytesIO

import pytest

from lucidag.figures.glyphs import drawable, spell_out
from lucidag.figures.style import FONT, figure, save


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain_1", "plain_1"),
        ("naïve Ωμέγα кот", "naïve Ωμέγα кот"),
        ("圆", "⟨5706⟩"),
        ("a 方\nb", "a ⟨65B9⟩\nb"),
        ("x🫠", "x⟨1FAE0⟩"),
        ("한", "⟨D55C⟩"),
    ],
)
def test_characters_that_the_font_lacks_are_spelt_out(name, shown):
    assert drawable(name, FONT) == shown


def draw(names):
    fig = figure(4, 3)
    ax = fig.subplots()
    ax.bar(range(len(names)), range(1, len(names) + 1), label=names[0])
    ax.set_xticks(range(len(names)), names)
    ax.set_title(names[-1])
    ax.legend()
    return fig


def test_no_glyph_is_missing_in_title_ticks_and_legend_and_classes_differ(tmp_path):
    with warnings.catch_warnings(action="error"):
        for number, names in enumerate((["圆", "b"], ["方", "b"])):
            save(draw(names), tmp_path / f"{number}.png", tmp_path / f"{number}.pdf")
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_names_that_the_font_has_are_drawn_as_before():
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    pages = []
    for change in (lambda _: None, lambda fig: spell_out(fig, FONT)):
        fig, buffer = draw(["naïve", "Ω"]), BytesIO()
        change(fig)
        fig.savefig(buffer, format="png")
        pages.append(buffer.getvalue())
    assert pages[0] == pages[1]

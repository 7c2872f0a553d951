"""The figure of a study: what is drawn where, also where nothing was found."""

from typing import Any

import pytest

from lucidag.figures.shortcut import shortcut
from lucidag.figures.style import GREY


def mean(value: float | None, n: int) -> dict[str, Any]:
    return {
        "value": value,
        "low": None if value is None else value - 0.1,
        "high": None,
        "n": n,
        "each": [value, value],
    } | ({} if value is None else {"high": value + 0.1})


def changed(value: float, control: float | None, n: int) -> dict[str, Any]:
    return {"artefact": {"change": mean(value, n)}, "control": {"change": mean(control, n if control else 0)}}


@pytest.fixture
def summary() -> dict[str, Any]:
    """Return a study of two artefacts by one method; no image shows the second."""
    row = {"artefact": "ring", "method": "gradcam", "area": 0.2}
    return {
        "models": {"with": ["spoilt-s0", "spoilt-s1"], "without": ["plain-s0", "plain-s1"]},
        "titles": {"gradcam": "Grad-CAM"},
        "relevance": {
            "with": [row | {"share": 0.6, "share_low": 0.5, "share_high": 0.7, "each": [0.5, 0.7]}],
            "without": [row | {"share": 0.3, "share_low": 0.2, "share_high": 0.4, "each": [0.3, None]}],
        },
        "difference": [{"artefact": "ring", "method": "gradcam"}],
        "changes": {
            name: {"ring": changed(value, 0.01, 9), "patch": changed(value / 2, 0.02, 9)}
            for name, value in (("with", 0.4), ("without", 0.04))
        },
        "removal": {"with": {"ring": changed(-0.3, None, 7)}, "without": {"ring": changed(-0.03, None, 7)}},
    }


def points(ax, colour: str | None = None) -> list[float]:
    lines = [line for line in ax.lines if line.get_marker() not in ("None", "|", None) and len(line.get_xdata()) == 1]
    return sorted(float(line.get_xdata()[0]) for line in lines if colour in (None, line.get_color()))


def test_each_panel_has_its_points(summary):
    fig = shortcut(summary, 0.9)
    relevance, pasted, removed, _, patch, nothing = fig.axes
    assert points(relevance) == [0.3, 0.6]
    assert points(pasted) == pytest.approx([0.01, 0.01, 0.04, 0.4])
    assert points(pasted, GREY) == pytest.approx([0.01, 0.01])
    assert points(patch) == pytest.approx([0.02, 0.02, 0.02, 0.2])
    assert points(removed) == pytest.approx([-0.3, -0.03])  # no room for a control
    assert points(nothing) == []
    titles = [ax.get_title("left") for ax in (pasted, removed, nothing)]
    assert titles == ["pasted in (9 images)", "taken out (7 images)", "taken out (0 images)"]
    assert "2 and 2 networks" in fig.get_suptitle()
    assert "90%" in fig.get_suptitle()
    marks = [
        line.get_xdata().tolist() for line in relevance.lines if line.get_marker() == "|" and len(line.get_xdata())
    ]
    assert [0.5, 0.7] in marks
    assert [0.3] in marks  # one of the two has no value
    rows = [label.get_text() for label in pasted.get_yticklabels()]
    assert rows == ["trained with", "place filled", "trained without", "place filled"]

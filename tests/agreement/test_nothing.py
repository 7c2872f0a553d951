"""Comparisons that say nothing, in one sentence with what helps."""

import numpy as np
import pytest

from lucidag.explain.agreement.agreement import agreement_table
from lucidag.explain.agreement.localisation import localisation_table
from lucidag.explain.agreement.nothing import not_compared, not_graded

RIGHT, WRONG = {"label": "a", "target_name": "a"}, {"label": "a", "target_name": "b"}
SPOT = np.eye(8) > 0


def said(images):
    return not_graded(images, localisation_table(images, [0.5], 0, draws=1))


def test_what_is_graded_says_nothing(explained):
    assert said([explained("a", {"x": SPOT}, SPOT, record=RIGHT), explained("b", {"x": SPOT}, record=WRONG)]) == []
    assert (
        said([explained("a", {"x": SPOT}, SPOT, record=RIGHT), explained("b", {"x": SPOT}, SPOT, record=WRONG)]) == []
    )


@pytest.mark.parametrize(
    ("mask", "record", "parts"),
    [
        (None, RIGHT, ["none of the 2 explained images has a mask", "docs/own-data.md"]),
        (np.zeros((8, 8)), RIGHT, ["empty or the whole frame", "input.resize: stretch"]),
        (np.ones((8, 8)), RIGHT, ["empty or the whole frame"]),
        (SPOT, WRONG, ["predicted wrongly", "explain.images", "target"]),
    ],
)
def test_what_cannot_be_graded_says_why(explained, mask, record, parts):
    (sentence,) = said([explained(name, {"x": SPOT}, mask, record=record) for name in "ab"])
    for part in parts:
        assert part in sentence


def test_what_cannot_be_compared_says_why(explained):
    images = [explained("a", {"x": SPOT, "y": SPOT}), explained("b", {"x": SPOT, "y": SPOT})]
    assert not_compared(agreement_table(images, [0.5], 0.2, 0)) == []
    (sentence,) = not_compared(agreement_table([explained("a", {"x": SPOT})], [0.5], 0.2, 0))
    assert "explain.methods" in sentence
    nothing = np.zeros((8, 8))
    (sentence,) = not_compared(agreement_table([explained("a", {"x": nothing, "y": nothing})], [0.5], 0.2, 0))
    assert "empty" in sentence

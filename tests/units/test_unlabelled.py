"""A model whose units get no label is said, with what helps."""

import pytest

from lucidag.units.compare.summary import unlabelled


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"clip-dissect": [0.0, 0.25], "netdissect": [0.5, 0.0]}, []),
        ({"clip-dissect": [0.0, 0.0], "netdissect": [0.5, 0.0]}, [("clip-dissect", "more images")]),
        (
            {"netdissect": [0.0, 0.0], "annotations": [0.0, None]},
            [("netdissect", "label maps"), ("annotations", "concepts")],
        ),
    ],
)
def test_units_without_a_label_are_said(shares, said):
    layers = {
        method: {f"layer{place}": {"units": 8, "labelled": {"value": share}} for place, share in enumerate(found)}
        for method, found in shares.items()
    }
    sentences = unlabelled({"methods": {method: {"confirmed": {"layers": found}} for method, found in layers.items()}})
    assert len(sentences) == len(said)
    for sentence, (method, cure) in zip(sentences, said, strict=True):
        assert sentence.startswith(f"none of the 16 units has a confirmed label by {method}: ")
        assert cure in sentence

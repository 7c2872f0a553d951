"""Maps of nothing are said, with what helps."""

import numpy as np

from lucidag.explain.stage import empty_maps
from lucidag.explain.store import Explained

FRAME = np.zeros((3, 4, 4), np.uint8)
EMPTY, FULL = np.zeros((4, 4), np.float32), np.eye(4, dtype=np.float32)


def explained(image: str, segments: np.ndarray | None = None, **maps: np.ndarray) -> Explained:
    return Explained(image, FRAME, None, maps, segments)


def test_full_maps_say_nothing() -> None:
    assert empty_maps([explained("a", gradcam=FULL, lrp=-FULL)]) == []
    assert empty_maps([]) == []


def test_empty_maps_are_counted_by_method() -> None:
    (sentence,) = empty_maps([explained("a", gradcam=FULL, lrp=FULL), explained("b", gradcam=EMPTY, lrp=FULL)])
    assert sentence.startswith("gradcam: 1 of 2 maps are empty, b for one; ")
    assert "lime" not in sentence


def test_an_image_of_one_superpixel_is_told_how_to_get_more() -> None:
    whole, parts = np.zeros((4, 4), np.int32), np.arange(16, dtype=np.int32).reshape(4, 4)
    (sentence,) = empty_maps([explained("a", whole, lime=EMPTY), explained("b", parts, lime=EMPTY)])
    assert sentence.startswith("lime: 2 of 2 maps are empty")
    assert "1 of these images are one superpixel" in sentence
    assert "algorithm: slic" in sentence

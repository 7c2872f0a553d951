"""Maps of nothing are said, with what helps."""

import numpy as np
import torch
from torch import nn

from lucidag.explain.methods.base import EMPTY as EMPTY_NOTE
from lucidag.explain.methods.base import Group, Method
from lucidag.explain.stage import empty_maps
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network

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


def test_a_map_that_is_the_same_everywhere_is_empty() -> None:
    (sentence,) = empty_maps([explained("a", mine=np.full((4, 4), 0.5, np.float32)), explained("b", mine=FULL)])
    assert sentence.startswith("mine: 1 of 2 maps are empty, a for one; ")


class Flat(Method):
    title, kind, needs = "flat", "graded", "gradients"

    def maps(self, model, x, target):
        return np.full((len(x), *x.shape[2:]), float(target))


class Steep(Flat):
    title = "steep"

    def maps(self, model, x, target):
        return np.broadcast_to(np.arange(x.shape[3]), (len(x), *x.shape[2:]))


def test_a_record_tells_of_an_empty_map() -> None:
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(48, 2)), Inputs(size=4), None)
    group = Group({"Flat": Flat, "Steep": Steep}, network, {}, "cpu")
    subject = Subject("a", "no", 1, torch.zeros((3, 4, 4), dtype=torch.uint8), None)
    assert group.explain(subject, ["no", "yes"]).record["notes"] == {"Flat": EMPTY_NOTE}
    alone = Group({"Steep": Steep}, network, {}, "cpu")
    assert "notes" not in alone.explain(subject, ["no", "yes"]).record

"""The explanations of a model as a job measures them: which methods there are, and which class they explain."""

import numpy as np
import pytest
import torch

from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.faithfulness.stage import explainers_of, measure_subjects
from lucidag.models.attention import attention_small_resnet
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.faithfulness.cases import network

SIZE = 32
SETTINGS = {"cam": ["gradcam"], "composites": ["epsilon_plus_flat"], "layer": None}


def frame(seed: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, SIZE, SIZE), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.fixture(scope="module")
def opened() -> Network:
    return Network(network(0), Inputs(SIZE, 3, "stretch", (0.5,), (0.25,)), "fc")


def test_the_class_is_the_named_one_or_else_the_predicted_one(opened):
    subjects = [Subject(f"p{seed}", "a", target, frame(seed), None) for seed, target in ((0, None), (1, 2), (2, 3))]
    stored = [Explained("p1", frame(1).numpy(), None, {"lime": np.eye(SIZE, dtype=np.float32)})]
    measuring = {"metrics": ["deletion"], "steps": 2, "shares": [0.5]}
    found = measure_subjects(opened, subjects, stored, {**SETTINGS, "measuring": measuring}, "cpu", 1)
    starts = {(point.image, point.method): point.value for point in found.points if point.share == 0}
    with torch.no_grad():
        chances = opened.model(opened.inputs.normalise(torch.stack([each.frame for each in subjects]))).softmax(1)
    wanted = {"p0": chances[0].max(), "p1": chances[1, 2], "p2": chances[2, 3]}
    for (image, _), value in starts.items():
        assert value == pytest.approx(float(wanted[image]), abs=1e-6)
    methods = {image: [method for own, method in starts if own == image] for image in wanted}
    assert methods["p0"] == methods["p2"] == ["gradcam", "epsilon_plus_flat", "centre", "random"]
    assert methods["p1"] == [*methods["p0"], "lime"]


def test_a_network_with_attention_has_its_map_and_lime_is_asked_where_it_is_set(opened):
    torch.manual_seed(0)
    attentive = Network(attention_small_resnet(3, width=4).eval(), opened.inputs, "fc")
    lime = {"segmentation": {"algorithm": "slic", "n_segments": 6}, "num_samples": 10}
    x = opened.inputs.normalise(frame(0)[None])
    maps = {}
    for explainer in explainers_of(attentive, {**SETTINGS, "lime": None}, "cpu"):
        maps |= explainer(x, 1)
    assert list(maps) == ["gradcam", "epsilon_plus_flat", "attention"]
    assert all(values.shape == (1, SIZE, SIZE) for values in maps.values())
    names = [each.methods for each in explainers_of(opened, {**SETTINGS, "cam": [], "lime": lime}, "cpu")]
    assert names == [("epsilon_plus_flat",), ("lime",)]

"""What a job of LIME does for each of its images, and what it says the network decided."""

import torch

from lucidag.explain.methods.base import decision
from lucidag.explain.stage import explain_subjects
from lucidag.explain.subjects import Subject
from lucidag.models.network import open_network
from tests.lime.words import lime_settings


def test_each_image_has_its_own_settings() -> None:
    size = {"size": 16, "channels": 3, "mean": [0.0], "std": [1.0]}
    small = {"architecture": "lucidag.models.small:small_cnn", "options": {"width": 2}, "input": size, "head": None}
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (2, 3, 16, 16), generator=generator, dtype=torch.uint8)
    subjects = [Subject(name, "a", None, frame, None) for name, frame in zip("pq", frames, strict=True)]
    own = {
        name: lime_settings("slic", {"n_segments": segments}, num_samples=8, seed=segments).to_json()
        for name, segments in (("q", 9), ("p", 4))
    }
    family = {"methods": ["lime"], "options": {"batch_size": 4, "own": own}}
    found = explain_subjects(open_network(small, 2), subjects, ["a", "b"], family, "cpu", threads=1)
    assert [each.image for each in found] == ["p", "q"]
    assert [each.record["settings"] for each in found] == [own["p"], own["q"]]


def test_of_equal_classes_the_first_is_the_predicted_one_as_argmax_has_it() -> None:
    said = decision("b", [0.4, 0.4, 0.2], 1, ["a", "b", "c"])
    assert (said["predicted"], said["predicted_name"], said["target_name"], said["probability"]) == (0, "a", "b", 0.4)
    assert said["top"] == [["a", 0.4], ["b", 0.4], ["c", 0.2]]

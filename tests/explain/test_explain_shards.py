"""What is said of an image does not depend on the images that are explained in the same job."""

from collections.abc import Callable, Sequence

import pytest
import torch

from lucidag.explain.stage import explain_subjects
from lucidag.explain.store import Explained, read_explained, write_explained
from lucidag.explain.subjects import Subject
from lucidag.ground.shards import cut
from lucidag.models.network import open_network

SIZE = {"size": 16, "channels": 3, "mean": [0.4], "std": [0.3]}
NETWORKS = {
    "cnn": {"architecture": "lucidag.models.small:small_cnn", "options": {"width": 4}, "input": SIZE, "head": None},
    "resnet": {
        "architecture": "lucidag.models.small:small_resnet",
        "options": {"width": 4},
        "input": {**SIZE, "size": 32},
        "head": None,
    },
}
METHODS = ["gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam"]
SEGMENTS = {"algorithm": "slic", "n_segments": 6}
CLASSES = ["a", "b", "c"]


def subjects_of(size: int) -> list[Subject]:
    draw = torch.Generator().manual_seed(3)
    coarse = torch.randint(0, 256, (5, 3, 4, 4), dtype=torch.uint8, generator=draw)
    frames = coarse.repeat_interleave(size // 4, 2).repeat_interleave(size // 4, 3)
    return [Subject(f"p{number}", "a", None, frame, None) for number, frame in enumerate(frames)]


def maps(network: dict, subjects: Sequence[Subject]) -> list[Explained]:
    family = {"methods": METHODS, "options": {"batch_size": 4}}
    return explain_subjects(open_network(network, 3, seed=1), subjects, CLASSES, family, "cpu")


def relevance(network: dict, subjects: Sequence[Subject]) -> list[Explained]:
    family = {"methods": ["epsilon_plus_flat", "epsilon_alpha2_beta1"], "options": {}}
    return explain_subjects(open_network(network, 3, seed=1), subjects, CLASSES, family, "cpu")


def fits(network: dict, subjects: Sequence[Subject]) -> list[Explained]:
    own = {"segmentation": SEGMENTS, "num_samples": 30, "num_features": 3}
    own = {**own, "hide_color": None, "top_labels": 2, "kernel_width": 0.25, "seed": 0}
    family = {"methods": ["lime"], "options": {"batch_size": 8, "own": {each.image: own for each in subjects}}}
    return explain_subjects(open_network(network, 3, seed=1), subjects, CLASSES, family, "cpu")


@pytest.mark.parametrize("explained", [maps, fits, relevance])
@pytest.mark.parametrize("name", NETWORKS)
def test_shards_of_the_images_give_the_same_numbers(tmp_path, explained: Callable[..., list[Explained]], name) -> None:
    network = NETWORKS[name]
    subjects = subjects_of(network["input"]["size"])
    whole = explained(network, subjects)
    assert len({each.tobytes() for pixels in whole for each in pixels.maps.values()}) > 3
    for shards in (3, 7):
        found = [each for part in cut(subjects, shards) for each in explained(network, part)]
        for number, (one, other) in enumerate(zip(whole, found, strict=True)):
            for file, content in (("one", one), ("other", other)):
                content.record.pop("seconds", None)
                write_explained(tmp_path / f"{file}.safetensors", [content])
            files = [(tmp_path / f"{file}.safetensors").read_bytes() for file in ("one", "other")]
            assert files[0] == files[1], (shards, number)
    assert read_explained(tmp_path / "one.safetensors")[0].image == "p4"

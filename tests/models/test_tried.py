"""Other ways to feed an imported network: the right one is found, and a right set-up is left alone."""

import numpy as np
import pytest
import torch

from lucidag.models.inputs import Inputs
from lucidag.models.tried import better_way, other_ways
from tests.models.setups import SIZE, asked, draw, fed, trained

SQUARE = {(SIZE, SIZE)}
ALIKE = {"normalise: imagenet", "normalise: clip", "normalise: cifar10"}  # a hair's breadth apart
KINDS = ["imagenet", "symmetric", "none", "bytes", "bgr none", "bgr imagenet"]


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    """Return a network that learnt from each kind of inputs."""
    torch.set_num_threads(1)
    frames, labels = draw(500, 6, 30, seed=0)
    return {kind: trained(frames, labels, 6, fed(kind), 120) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_inputs_of_the_training_are_found(networks, kind: str) -> None:
    frames, labels = draw(200, 6, 30, seed=1)
    logits = asked(networks[kind], frames)
    right = fed(kind)
    truth = (logits(right, np.arange(200)).argmax(axis=1) == labels).mean()
    assert truth > 0.8
    now, better = better_way(logits, labels, right, list(other_ways(right, True, SQUARE)))
    assert better is None
    assert now.hits.mean() == truth
    for other in KINDS:
        given = fed(other)
        before = (logits(given, np.arange(200)).argmax(axis=1) == labels).mean()
        _, better = better_way(logits, labels, given, list(other_ways(given, True, SQUARE)))
        if before < truth - 0.25:
            assert better is not None, other
            assert better.hits.mean() > truth - 0.1
            if {kind, other} <= {"none", "symmetric", "imagenet", "bytes"}:
                assert better.words in (ALIKE if f"normalise: {kind}" in ALIKE else {f"normalise: {kind}"})
            if kind.startswith("bgr") and other == kind[4:]:
                assert better.words.startswith("order: bgr")


def alarms(networks: int, seed: int) -> tuple[int, int]:
    """Give the false alarms over right set-ups of good and poor networks, and how many there were."""
    random = np.random.default_rng(seed)
    raised = count = 0
    for number in range(networks):
        classes, noise = int(random.choice([2, 3, 6, 10])), float(random.choice([20, 60, 120]))
        inputs = fed(str(random.choice([*KINDS, "clip", "cifar10"])))
        learnt = draw(
            int(random.choice([30, 100, 400])), classes, noise, seed=1000 + number, skew=float(random.choice([0, 1]))
        )
        model = trained(*learnt, classes, inputs, int(random.choice([3, 15, 60])), seed=number)
        for images in (12, 30, 100, 250):
            frames, labels = draw(images, classes, noise, seed=5000 + number, skew=float(random.choice([0, 0.5, 1])))
            ways = list(other_ways(inputs, True, SQUARE))
            raised += better_way(asked(model, frames), labels, inputs, ways)[1] is not None
            count += 1
    return raised, count


def test_right_inputs_are_reported_at_most_once_in_a_hundred() -> None:
    torch.set_num_threads(1)
    raised, count = alarms(15, 0)
    assert raised <= 0.01 * count


@pytest.mark.long
def test_right_inputs_are_reported_at_most_once_in_a_hundred_of_many() -> None:
    torch.set_num_threads(1)
    raised, count = alarms(300, 1)
    assert raised <= 0.01 * count


def test_what_is_tried_is_never_the_way_as_it_is_and_nothing_twice() -> None:
    for inputs in (Inputs(8), fed("imagenet"), fed("bgr bytes"), Inputs(8, 1), Inputs(224, 3, "crop")):
        ways = list(other_ways(inputs, inputs.channels == 3, {(32, 32)}))
        tried = [way for _, way in ways]
        assert inputs not in tried
        assert all(way not in tried[:place] for place, way in enumerate(tried))
        assert len({words for words, _ in ways}) == len(ways)
    words = [words for words, _ in other_ways(Inputs(224), False, {(40, 60)})]
    assert "resize: crop" in words
    assert not any("bgr" in each for each in words)
    assert "size: 32" in [words for words, _ in other_ways(Inputs(224), False, {(32, 32)})]

"""Stages that run a network again and again: a small convolutional one."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import nn

from benchmarks.costs.growth import Growth
from lucidag.artefacts.finders import FINDERS, scan
from lucidag.data.lesions import draw_one
from lucidag.explain.lime.explain import explain
from lucidag.explain.lime.neighbourhood import classifier
from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods.scorecam import scorecam_weights
from lucidag.models.fast import accelerate
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.small import small_cnn
from lucidag.units.effects.inner import ZERO, open_cut, without_units_inside

SIDE, CLASSES = 64, 10
INPUTS = Inputs(SIDE, 3, "stretch", (0.5,), (0.25,))


def of_networks() -> Iterator[Growth]:
    """Give passes, Score-CAM, LIME, effects of units inside, and the audit of images."""
    yield Growth("forward passes", "images", 64, _passes)
    yield Growth("Score-CAM", "units", 64, _scorecam)
    yield Growth("LIME", "samples", 100, _lime)
    yield Growth("effects of units inside", "images", 4, lambda images: _inner(32, images))
    yield Growth("effects of units inside", "units", 16, lambda units: _inner(units, 8))
    yield Growth("audit of artefacts", "images", 8, _audit)


def _network(width: int = 16) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return small_cnn(CLASSES, width=width).eval()


def _frames(count: int) -> torch.Tensor:
    drawn = np.random.default_rng(0).integers(0, 256, (count, 3, SIDE, SIDE), dtype=np.uint8)
    return torch.from_numpy(drawn)


def _passes(images: int) -> Callable[[], object]:
    model, batches = _network(), INPUTS.normalise(_frames(images)).split(32)

    def work() -> None:
        with torch.inference_mode():
            for batch in batches:
                model(batch)

    return work


def _scorecam(units: int) -> Callable[[], object]:
    x = INPUTS.normalise(_frames(1))
    fast = accelerate(_network(), x)
    values = torch.rand(1, units, 8, 8, generator=torch.Generator().manual_seed(0))
    return partial(scorecam_weights, fast, x, values, 0, 32)


def _lime(samples: int) -> Callable[[], object]:
    network = Network(_network(), INPUTS, None)
    settings = LimeSettings(num_samples=samples, num_features=8)
    return partial(explain, classifier(network, "cpu"), _frames(1)[0].numpy(), settings, None, 32, "cpu")


def _inner(units: int, images: int) -> Callable[[], object]:
    network = Network(_network(units // 2), INPUTS, "fc")
    cut = open_cut(network, "blocks.block2", "cpu")
    frames = _frames(images).split(1)
    labels = np.random.default_rng(0).integers(0, CLASSES, images)
    count = cut.at(frames[0]).activations.shape[1]
    return lambda: deque(without_units_inside(cut, lambda: frames, labels, {ZERO: np.zeros(count)}, 32), maxlen=0)


def _audit(images: int) -> Callable[[], object]:
    drawn = [draw_one(seed, 256, 0, 0.5, 1.0).image for seed in range(8)]
    names = [f"p{place}" for place in range(images)]
    return lambda: scan(names, lambda row: drawn[row % len(drawn)], list(FINDERS), 1)

"""An untrained twin has the architecture, none of the weights, and normalises by the images that it is shown."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.untrained import adapt, untrained

INPUT = {"size": 16, "channels": 3}
RESNET = {
    "architecture": "lucidag.models.small:small_resnet",
    "options": {"width": 4},
    "input": {"size": 32},
    "head": None,
}


def loaded(num_classes: int) -> nn.Module:
    """A factory that brings weights: every parameter counts up, but those that begin as constants."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        learned = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    model = nn.Sequential(*learned, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))
    model.embedding = nn.Parameter(torch.arange(6.0))
    return model


def weights(network: Network) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in network.model.parameters()])


def frames(count: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 3, 16, 16), dtype=np.uint8))


@pytest.mark.parametrize("seed", range(3))
def test_the_weights_follow_from_the_seed(seed: int) -> None:
    first, again, other = (weights(untrained(RESNET, 3, each)) for each in (seed, seed, seed + 1))
    assert torch.equal(first, again)
    assert not torch.isclose(first, other).all()
    assert untrained(RESNET, 3, seed).head == "fc"


@pytest.mark.parametrize("seed", range(3))
def test_what_a_factory_brings_is_forgotten(seed: int) -> None:
    settings = {"architecture": f"{__name__}:loaded", "options": {}, "input": INPUT, "head": None}
    brought, state = loaded(2), torch.random.get_rng_state()
    twin = untrained(settings, 2, seed).model
    assert torch.equal(torch.random.get_rng_state(), state)
    for name in ("0.weight", "0.bias", "embedding", "5.weight", "5.bias"):
        assert not torch.isclose(brought.get_parameter(name), twin.get_parameter(name)).all(), name
    # A layer's own reset begins with these for any seed: nothing was learned in them.
    assert torch.equal(twin.get_parameter("1.weight"), torch.ones(4))
    assert all(torch.isfinite(each).all() for each in twin.parameters())


@pytest.mark.parametrize("seed", range(3))
def test_normalisation_has_the_moments_of_the_images(seed: int) -> None:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Dropout(0.5), nn.Conv2d(5, 2, 3), nn.BatchNorm2d(2))
    model.train()
    inputs = Inputs(**INPUT)
    network = Network(model, inputs, None)
    kept = weights(network).clone()
    batches = [frames(6, seed), frames(6, seed + 10), frames(1, seed + 20)]  # of one image none is taken
    adapt(network, batches, threads=1)
    seen = [model[0](inputs.normalise(each)).detach() for each in batches[:2]]
    first: Any = model[1]
    last: Any = model[4]
    assert torch.allclose(first.running_mean, torch.stack([each.mean((0, 2, 3)) for each in seen]).mean(0), atol=1e-5)
    variances = torch.stack([each.var((0, 2, 3)) for each in seen]).mean(0)
    assert torch.allclose(first.running_var, variances, rtol=1e-4)
    # The second normalises what the first gives when it normalises by the batch, and nothing is dropped.
    shown = [model[3](nn.functional.batch_norm(each, None, None, training=True)) for each in seen]
    means = torch.stack([each.detach().mean((0, 2, 3)) for each in shown]).mean(0)
    assert torch.allclose(last.running_mean, means, atol=1e-5)
    assert torch.equal(weights(network), kept)
    assert all(each.training for each in model.modules())
    assert first.momentum == 0.1


def test_a_network_without_normalisation_reads_no_image() -> None:
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(3 * 256, 2)), Inputs(**INPUT), None)
    images = iter([frames(2)])
    adapt(network, images)
    assert len(list(images)) == 1

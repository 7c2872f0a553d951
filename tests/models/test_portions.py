"""Batches that a network takes in portions: the numbers are the same, and no pass takes more than is stated."""

import sys

import pytest
import torch
from torch import nn

from lucidag.models.fast import accelerate
from lucidag.models.portions import LEAST, NEAR, InPortions, portion, portions
from lucidag.models.recorder import recording
from tests.cam.networks import BUILDERS, image, network


class Wide(nn.Module):
    """A layer whose output has so many bytes for each image."""

    def __init__(self, bytes_: int) -> None:
        super().__init__()
        self.layer = nn.Linear(1, bytes_ // 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x.flatten(1)[:, :1])[:, :2]


@pytest.mark.parametrize(
    ("size", "expected"),
    [(NEAR // 64, 64), (NEAR // 64 + 4, 32), (NEAR // 8, 8), (NEAR // 4, LEAST), (4 * 8, NEAR // 32)],
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_largest_output_of_a_layer_says_how_many_images(size: int, expected: int, count: int) -> None:
    assert portion(Wide(size), torch.zeros(count, 1, 2, 2)) == expected


def test_elsewhere_than_on_a_cpu_a_batch_stays_whole() -> None:
    with torch.device("meta"):
        assert portion(Wide(NEAR), torch.zeros(1, 1, 2, 2)) == sys.maxsize
    batch = torch.zeros(5, 1, 2, 2)
    assert [len(part) for part in portions([batch], sys.maxsize)] == [5]
    assert [len(part) for part in portions([batch[:0]], 4)] == [0]


@pytest.mark.parametrize("name", sorted(BUILDERS))
@pytest.mark.parametrize("count", [1, 4, 5, 13])
def test_a_network_gives_the_same_in_portions(name: str, count: int) -> None:
    model, x = network(name).eval(), image(name, 3, count)
    with torch.no_grad(), recording(model, [""]) as calls:
        found = InPortions(model, 4)(x)
    truth = model(x)
    torch.testing.assert_close(found, truth, rtol=1e-4, atol=1e-5 * float(truth.abs().max()))
    assert [len(call.inputs[0]) for call in calls] == [len(part) for part in x.split(4)]


def test_a_network_keeps_its_modes_and_its_weights_can_still_be_trained() -> None:
    model, x = network("resnet18").train(), image("resnet18")
    with torch.inference_mode():
        portion(model, x)
    assert all(module.training for module in model.modules())
    model(x).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_network_made_fast_runs_a_large_batch_in_portions() -> None:
    model = nn.Sequential(nn.Conv2d(3, NEAR // (4 * 16 * 16 * 8), 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    x = torch.randn(20, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    fast = accelerate(model, x[:1])
    assert isinstance(fast, InPortions)
    with torch.no_grad(), recording(fast.model, [""]) as calls:
        found = fast(x)
    assert [len(call.inputs[0]) for call in calls] == [8, 8, 4]
    torch.testing.assert_close(found, model(x), rtol=1e-5, atol=1e-6)

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from lucidag.explain.cam.maps import image_map, scaled, weighted_sum
from lucidag.explain.cam.seen import cut, gradients
from lucidag.explain.cam.split import Point
from lucidag.explain.methods.ablationcam import ablation_drops, ablation_weights, pooled_ablation_drops
from lucidag.explain.methods.scorecam import masks, scorecam_weights
from lucidag.ground.errors import InputError


def test_scores_above_below_and_at_zero():
    drops = np.array([1.0, -2.0, 0.0])
    weights, note = ablation_weights(drops, 4.0)
    np.testing.assert_array_equal(weights, np.float32([0.25, -0.5, 0]))
    assert note is None
    weights, note = ablation_weights(drops, -4.0)
    np.testing.assert_array_equal(weights, np.float32([0.25, -0.5, 0]))
    assert "-4, below 0" in note
    for nothing in (0.0, -0.0, 1e-40):
        weights, note = ablation_weights(drops, nothing)
        np.testing.assert_array_equal(weights, np.float32(drops))
        assert "logit is 0" in note


class Recording(nn.Module):
    """Gives the sums of channels as logits, and notes the size of each batch."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.sizes, self.seen, self.classes = [], [], classes

    def forward(self, x):
        self.sizes.append(len(x))
        self.seen.append(x.clone())
        return torch.stack([x.sum((1, 2, 3)), -x.sum((1, 2, 3))], 1)


def point(activations: torch.Tensor) -> tuple[Point, Recording]:
    network = Recording()
    return Point(activations, network), network


def test_ablation_runs_live_channels_only_in_batches():
    activations = torch.rand(1, 11, 3, 3, generator=torch.Generator().manual_seed(0)) - 0.3
    activations[0, [2, 5, 10]] = 0
    one, network = point(activations)
    drops = ablation_drops(one, 0, batch_size=3)
    np.testing.assert_allclose(drops, activations[0].sum((1, 2)).numpy(), atol=1e-5)
    np.testing.assert_array_equal(drops[[2, 5, 10]], 0)
    assert network.sizes == [3, 3, 3, 3]  # two channels and the layer as it is


def test_ablation_of_a_layer_without_live_channels():
    one, network = point(torch.zeros(1, 4, 2, 2))
    np.testing.assert_array_equal(ablation_drops(one, 0, 3), np.zeros(4))
    assert network.sizes == []


def test_pooled_drops_by_hand():
    head = nn.Linear(2, 3)
    activations = np.float32([[[[1, 2], [3, 6]], [[0, 0], [0, 4]]]])
    weight = head.weight.detach().numpy()
    np.testing.assert_allclose(pooled_ablation_drops(activations, head, 2), weight[2] * [3, 1], rtol=1e-6)


def test_no_gradient_is_an_error():
    still = Point(torch.rand(1, 2, 3, 3), lambda batch: batch.detach().sum((2, 3)))
    with pytest.raises(InputError, match="no gradient of the logits"):
        gradients(still, 0)
    aside = nn.Linear(3, 2)
    other = Point(torch.rand(1, 2, 3, 3), lambda batch: aside(torch.ones(len(batch), 3)))
    with pytest.raises(InputError, match="no gradient of the logits"):
        gradients(other, 0)


def test_scorecam_runs_equal_masks_once_and_the_rest_in_batches():
    generator = torch.Generator().manual_seed(1)
    activations, x = torch.rand(1, 12, 4, 4, generator=generator), torch.randn(1, 3, 16, 16, generator=generator)
    activations[0, [1, 4]] = 0
    activations[0, 7] = 2.5
    network = Recording()
    weights = scorecam_weights(network, x, activations, 1, batch_size=4)
    assert network.sizes == [1, 4, 4, 1]
    every = (x * masks(activations, (16, 16))).sum((1, 2, 3))
    every[7] = 0  # rounding noise of the upsampling, divided by 1e-8
    np.testing.assert_allclose(weights, torch.softmax(-every, 0).numpy(), rtol=1e-4, atol=1e-6)
    assert weights.sum() == pytest.approx(1)
    assert not network.seen[0].any()


def test_masks_are_those_of_the_library():
    activations = torch.randn(1, 6, 5, 7, generator=torch.Generator().manual_seed(2))
    upsampled = nn.UpsamplingBilinear2d(size=(20, 33))(activations)[0]
    for mask, channel in zip(masks(activations, (20, 33)), upsampled, strict=True):
        low, high = channel.min(), channel.max()
        torch.testing.assert_close(mask[0], (channel - low) / (high - low + 1e-8))
        assert mask.min() == 0
        assert mask.max() == pytest.approx(1)


class Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that is made."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for each in made if isinstance(made, tuple | list) else (made,):
            if isinstance(each, torch.Tensor):
                self.numbers = max(self.numbers, each.numel())
        return made


def test_memory_does_not_grow_with_the_channels():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    x = torch.rand(1, 3, 48, 48)
    largest = []
    for channels in (16, 400):
        with Largest() as seen:
            scorecam_weights(network, x, torch.rand(1, channels, 4, 4), 0, batch_size=8)
        largest.append(seen.numbers)
    assert largest[0] == largest[1] <= 8 * 4 * 48 * 48


def test_cut():
    assert cut([1, 4, 6, 7, 9], 2) == [[1, 4], [6, 7], [9]]
    assert cut([], 2) == []


def test_maps_by_hand():
    activations = np.float32([[[[1, 0], [0, 0]], [[0, 0], [0, 1]]]])
    coarse = weighted_sum(np.float32([2, -3]), activations)
    np.testing.assert_array_equal(coarse, [[2, 0], [0, -3]])
    found = image_map(coarse, (2, 2))
    np.testing.assert_allclose(found, [[1, 0], [0, 0]], atol=1e-6)
    assert image_map(coarse, (4, 6)).shape == (4, 6)
    for flat in (np.zeros((2, 2)), np.full((2, 2), 3.0), np.full((2, 2), -3.0), [[-1.0, -2.0], [-3.0, -4.0]]):
        np.testing.assert_array_equal(image_map(np.float32(flat), (4, 4)), np.zeros((4, 4)))
    np.testing.assert_allclose(scaled(np.float32([3, 5, 4])), [0, 1, 0.5], atol=1e-6)

"""What a network's own attention looks at."""

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.methods.attention import attention_maps
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from tests.relevance.bare import images, with_biases


@pytest.mark.parametrize("seed", [0, 1])
def test_the_map_is_the_weighted_sum_of_the_channels(seed):
    model, x = with_biases("attention_small_resnet", seed), images(seed, 5)
    maps, weights = attention_maps(model, x, batch_size=2)
    with torch.no_grad():
        body = nn.Sequential(*[model.get_submodule(name) for name in ("conv1", "bn1", "relu")])
        channels = model.layer4(model.layer3(model.layer2(model.layer1(body(x)))))
    assert maps.shape == (5, 64, 64)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    assert weights.std() > 1e-4
    assert maps.min() == 0
    np.testing.assert_allclose(maps.max((1, 2)), 1, atol=1e-5)
    coarse = torch.einsum("nk,nkhw->nhw", torch.from_numpy(weights).double(), channels)
    expected = nn.functional.interpolate(coarse[:, None], size=(64, 64), mode="bilinear")[:, 0].numpy()
    expected -= expected.min((1, 2), keepdims=True)
    np.testing.assert_allclose(maps, expected / expected.max((1, 2), keepdims=True), atol=1e-5)


def test_a_channel_with_all_the_attention_is_the_map():
    model = build("lucidag.models.attention:attention_small_resnet", 2, {"width": 4, "side": 2}, seed=0)
    model.attention.weights = lambda maps: nn.functional.one_hot(torch.full((len(maps),), 5), maps.shape[1]).float()
    inner = torch.zeros(1, 16, 8, 8)
    inner[0, 5, 2, 6] = 3.0
    inner[0, 4] = 9.0
    model.layer4 = Constant(inner)
    maps, weights = attention_maps(model.train(), torch.zeros(1, 3, 64, 64))
    assert weights[0].argmax() == 5
    rows, columns = np.nonzero(maps[0] > 0.5)
    assert rows.min() >= 16
    assert rows.max() < 24
    assert columns.min() >= 48
    assert columns.max() < 56
    assert model.training


class Constant(nn.Module):
    """Gives the same whatever it gets."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, _):
        return self.value


def test_a_network_without_attention():
    with pytest.raises(InputError, match=r"'SmallResNet' has 0 channel attentions; .* needs one"):
        attention_maps(build("lucidag.models.small:small_resnet", 2, {"width": 4}, 0), torch.zeros(1, 3, 32, 32))

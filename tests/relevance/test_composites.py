"""Which layer gets which rule, and what the range of the input is; by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from lucidag.explain.relevance.composites import composite_for, input_range
from lucidag.explain.relevance.lrp import lrp
from lucidag.models.inputs import Inputs


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (0.25,)), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
def test_the_range_is_that_of_black_and_white_pixels(mean, std):
    low, high = input_range(Inputs(8, 3, "stretch", mean, std))
    assert low.shape == high.shape == (1, 3, 1, 1)
    np.testing.assert_allclose(low.flatten(), -np.resize(mean, 3) / np.resize(std, 3), rtol=1e-5)
    np.testing.assert_allclose(high.flatten(), (1 - np.resize(mean, 3)) / np.resize(std, 3), rtol=1e-5)


def test_the_first_layer_has_the_z_box_rule():
    """What a pixel adds above the least that it could add; by Montavon et al. 2017."""
    model = nn.Sequential(nn.Conv2d(1, 1, (1, 2), bias=False), nn.Flatten())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([2.0, -1.0]).view(1, 1, 1, 2))
    low, high = torch.full((1, 1, 1, 1), -1.0), torch.full((1, 1, 1, 1), 3.0)
    x = torch.tensor([0.5, 0.25]).view(1, 1, 1, 2)
    found = lrp(model, x, None, composite_for("epsilon_gamma_box", model, x, low, high))
    above = np.array([2 * (0.5 - -1), -1 * (0.25 - 3)])
    np.testing.assert_allclose(found.maps[0, 0], 0.75 * above / above.sum(), rtol=1e-5)


class Ordered(nn.Module):
    """Its layers are defined in the order in which they are called, or the other way round."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            setattr(self, name, nn.Linear(4 * 6 * 6, 3) if name == "fc" else nn.Conv2d(4 if name == "two" else 3, 4, 3))
        self.relu, self.flat = nn.ReLU(), nn.Flatten()

    def forward(self, x):
        return self.fc(self.flat(self.relu(self.two(self.relu(self.one(x))))))


@pytest.mark.parametrize("name", ["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"])
def test_the_first_layer_is_the_one_that_is_called_first(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ordered, backwards = Ordered(("one", "two", "fc")), Ordered(("fc", "two", "one"))
    backwards.load_state_dict(ordered.state_dict())
    x = torch.randn(2, 3, 10, 10, generator=torch.Generator().manual_seed(1))
    box = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    one, other = (lrp(model, x, [0, 2], composite_for(name, model, x, *box)).maps for model in (ordered, backwards))
    np.testing.assert_allclose(other, one, atol=1e-6 * abs(one).max())


@pytest.mark.parametrize(("name", "times"), [("epsilon_plus_flat", 1), ("epsilon_alpha2_beta1", 2)])
def test_how_much_relevance_grows(name, times):
    """A logit of 2 x 1 - 3 x 1 = -1, to which pixels add 2 and -3; alpha-beta doubles what has positive parts alone."""
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        model[0].weight.fill_(1.0)
        model[2].weight.copy_(torch.tensor([[1.0, -3.0], [9.0, 9.0]]))
    x = torch.tensor([2.0, 1.0]).view(1, 1, 1, 2)
    rules = composite_for(name, model, x)
    found = lrp(model, x, [0], rules, limit=times + 0.01)
    np.testing.assert_allclose(found.maps[0, 0], [2 * times, -3 * times], rtol=1e-4)
    assert [found.logits[0], found.totals[0], found.growth[0]] == pytest.approx([-1, -times, times], rel=1e-4)
    assert not found.exploded[0]
    assert lrp(model, x, [0], rules, limit=times - 0.01).exploded[0]


def test_without_a_last_linear_layer_growth_is_over_the_greatest_logit():
    model = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([1.0, -4.0]).view(2, 1, 1, 1))
    x = torch.ones(1, 1, 2, 2)
    found = lrp(model, x, [0], composite_for("epsilon_plus_flat", model, x))
    assert found.growth[0] == pytest.approx(1 / 4, rel=1e-4)


def test_the_range_of_the_input_lies_where_the_network_does() -> None:
    inputs = Inputs(size=8, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    assert {bound.device.type for bound in input_range(inputs, "meta")} == {"meta"}
    assert [bound.unique().tolist() for bound in input_range(inputs)] == [[-2.0], [2.0]]

import copy

import pytest
import torch
from torch import nn

from lucidag.models.fast import accelerate, frozen
from tests.cam.networks import BUILDERS, image, network


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize(
    ("name", "seed"), [(name, seed) for name in sorted({*BUILDERS} - {"branching"}) for seed in (0, 1)]
)
def test_the_same_function_without_batchnorms(name, seed, capfd):
    model, x = network(name, seed).train(), image(name, seed, 3)
    before = copy.deepcopy(model.state_dict())
    fast = accelerate(model, image(name, 9, 2))
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())
    truth = copy.deepcopy(model).eval()(x)
    torch.testing.assert_close(fast(x), truth, rtol=1e-4, atol=1e-5)
    # A DenseNet has most of its BatchNorms before the convolutions: those stay.
    assert norms(fast) < norms(model)
    assert name == "densenet" or norms(fast) == 0
    assert not fast(x).requires_grad
    assert capfd.readouterr().err == ""


def test_batchnorm_statistics_matter_in_this_test():
    model, x = network("resnet18"), image("resnet18")
    truth = model(x)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    assert not torch.allclose(model(x), truth, rtol=1e-2)


def test_gradients_of_inputs_can_be_taken():
    model, x = network("small_cnn"), image("small_cnn").requires_grad_(True)
    truth = torch.autograd.grad(model(x)[0, 2], x)[0]
    found = torch.autograd.grad(accelerate(model, x.detach())(x)[0, 2], x)[0]
    torch.testing.assert_close(found, truth, rtol=1e-4, atol=1e-5 * float(truth.abs().max()))


def test_a_network_that_cannot_be_traced_stays_as_it_is(capfd):
    model, x = network("branching").train(), image("branching")
    fast = accelerate(model, x)
    assert "network 'Branching': folding its BatchNorms cannot be traced" in capfd.readouterr().err
    assert norms(fast) == norms(model)
    assert not any(module.training for module in fast.modules())
    torch.testing.assert_close(fast(x), copy.deepcopy(model).eval()(x), rtol=1e-5, atol=1e-6)


class Shared(nn.Module):
    """One convolution before two different BatchNorms: folding either into it is wrong for the other."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.one, self.two, self.fc = (
            nn.Conv2d(3, 3, 1),
            nn.BatchNorm2d(3),
            nn.BatchNorm2d(3),
            nn.Linear(3, 2),
        )
        nn.init.constant_(self.two.weight, 3.0)

    def forward(self, x):
        return self.fc(self.two(self.conv(self.one(self.conv(x)))).mean((2, 3)))


def test_folding_that_changes_the_output_is_given_up(capfd):
    torch.manual_seed(0)
    model, x = Shared().eval(), torch.rand(2, 3, 4, 4)
    fast = accelerate(model, x)
    assert "folding its BatchNorms changes its output by" in capfd.readouterr().err
    torch.testing.assert_close(fast(x), model(x))


def test_an_input_that_is_changed_in_place_is_left_alone():
    model, x = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)), torch.randn(2, 3, 4, 4)
    before = x.clone()
    assert norms(accelerate(model, x)) == 0
    assert torch.equal(x, before)


def test_frozen_is_a_copy():
    model = network("small_cnn").train()
    still = frozen(model)
    with torch.no_grad():
        still.fc.weight.zero_()
    assert model.fc.weight.abs().sum() > 0
    assert model.training
    assert not still.training

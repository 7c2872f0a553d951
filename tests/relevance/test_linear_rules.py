"""The rules of linear layers that zennit lacks or is slow at: against zennit's and against sums by hand."""

import gc

import numpy as np
import pytest
import torch
from torch import nn
from zennit.rules import Epsilon, Gamma

from lucidag.explain.relevance.direct import DirectEpsilon, DirectGamma, direct
from lucidag.explain.relevance.gamma import SignedGamma


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(seed, bias=True):
    made = nn.Linear(5, 4, bias=bias).double()
    with torch.no_grad():
        made.weight.copy_(drawn(seed + 10, 4, 5))
        if bias:
            made.bias.copy_(drawn(seed + 20, 4))
    return made


def relevance(rule, module, x, upper):
    handles = rule.register(module)
    leaf = x.clone().requires_grad_()
    output = module(leaf)
    (found,) = torch.autograd.grad(output, leaf, upper)
    handles.remove()
    return output.detach(), found


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 5), (2, 7, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_direct_epsilon_rule_is_zennits(shape, bias, seed):
    x, upper = drawn(seed, *shape), drawn(seed + 5, *shape[:-1], 4)
    module = linear(seed, bias)
    (one, theirs), (other, ours) = (relevance(rule(), module, x, upper) for rule in (Epsilon, DirectEpsilon))
    torch.testing.assert_close(other, one)
    torch.testing.assert_close(ours, theirs)


def test_what_follows_may_work_in_place():
    module, x, upper = linear(0), drawn(0, 3, 5), drawn(1, 3, 4)
    handles = DirectEpsilon().register(module)
    leaf = x.clone().requires_grad_()
    inner = leaf * 1
    output = module(inner)
    inner.detach().zero_()
    output.mul_(2)
    (found,) = torch.autograd.grad(output, leaf, upper / 2)
    handles.remove()
    torch.testing.assert_close(found, relevance(Epsilon(), linear(0), x, upper)[1])


def tensors():
    gc.collect()
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


@pytest.mark.parametrize("rule", [DirectEpsilon, lambda: DirectGamma(0.25)])
def test_what_layers_gave_is_freed_with_the_graph(rule):
    layers = [nn.Linear(5, 5).double() for _ in range(3)]
    network = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.Softplus(), layers[2])
    handles = [rule().register(layer) for layer in layers]
    before = tensors()
    x = drawn(0, 3, 5).requires_grad_()
    torch.autograd.grad(network(x).sum(), x)
    del x
    assert tensors() == before
    for handle in handles:
        handle.remove()


def test_a_hook_that_is_removed_is_gone_and_a_constant_stays_one():
    module, x, rule = linear(0), drawn(0, 3, 5), DirectEpsilon()
    module.requires_grad_(False)
    handles = rule.register(module)
    assert not module(x).requires_grad
    handles.remove()
    assert not module._forward_hooks
    assert not module._forward_pre_hooks


@pytest.mark.parametrize("gamma", [0.0, 0.05, 0.25, 10.0])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3, 5), (2, 7, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_direct_gamma_rule_is_that_of_five_runs(shape, bias, seed, gamma):
    module, x, upper = (
        linear(seed, bias).double(),
        drawn(seed, *shape).double(),
        drawn(seed + 5, *shape[:-1], 4).double(),
    )
    ours, theirs = (relevance(rule(gamma), module, x, upper)[1] for rule in (DirectGamma, SignedGamma))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


CONVOLUTIONS = [
    (nn.Conv2d(4, 6, 3), (2, 4, 7, 6)),
    (nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False), (1, 4, 8, 8)),
    (nn.Conv2d(4, 8, (3, 2), stride=(2, 3), padding=(0, 1), dilation=(1, 2), groups=2), (3, 4, 9, 8)),
    (nn.Conv2d(4, 4, 3, padding=1, groups=4), (2, 4, 5, 5)),
    (nn.Conv2d(4, 6, 3, stride=2), (4, 8, 8)),  # one image without the axis of images
    (nn.Conv1d(4, 6, 3, stride=2), (2, 4, 10)),
    (nn.Conv3d(2, 3, 2), (1, 2, 4, 4, 3)),
]


@pytest.mark.parametrize(("module", "shape"), CONVOLUTIONS, ids=lambda each: str(each))
@pytest.mark.parametrize("theirs", [SignedGamma(0.25), SignedGamma(10.0), SignedGamma(0.0), Epsilon()])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_direct_rules_of_convolutions_are_those_of_several_runs(module, shape, theirs, seed):
    module = module.double()
    with torch.no_grad():
        for place, values in enumerate(module.parameters()):
            values.copy_(drawn(seed + 10 + place, *values.shape))
        x = drawn(seed, *shape)
        upper = drawn(seed + 5, *module(x).shape)
    ours = direct(theirs, module)
    assert type(ours) is (DirectEpsilon if type(theirs) is Epsilon else DirectGamma)
    (one, found), (other, expected) = (relevance(rule.copy(), module, x, upper) for rule in (ours, theirs))
    torch.testing.assert_close(one, other)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_an_output_of_zero_gives_nothing_on():
    module = linear(0, bias=False)
    x, upper = torch.zeros(1, 5).double(), torch.ones(1, 4).double()
    for rule in (DirectGamma(0.25), SignedGamma(0.25)):
        assert not relevance(rule, module, x, upper)[1].any()
        module.weight.data[:, 1] = -module.weight.data[:, 0]
        assert not relevance(rule, module, torch.tensor([[1.0, 1, 0, 0, 0]]).double(), upper)[1].any()


def test_only_rules_of_plain_layers_are_direct():
    class Own(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    class OwnConvolution(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    assert type(direct(Epsilon(), nn.Linear(2, 2))) is DirectEpsilon
    gamma = direct(SignedGamma(0.5), nn.Linear(2, 2))
    assert type(gamma) is DirectGamma
    assert gamma.gamma == gamma.copy().gamma == SignedGamma(0.5).copy().gamma == 0.5
    assert type(gamma.copy()) is DirectGamma
    for rule, module in (
        (SignedGamma(), nn.Conv2d(1, 1, 3, padding="same")),
        (SignedGamma(), nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular")),
        (SignedGamma(), nn.ConvTranspose2d(1, 1, 3)),
        (SignedGamma(), OwnConvolution(1, 1, 1)),
        (SignedGamma(), Own(2, 2)),
        (Gamma(), nn.Linear(2, 2)),
        (Gamma(), nn.Conv2d(1, 1, 1)),
        (Epsilon(), Own(2, 2)),
    ):
        assert direct(rule, module) is rule
    assert direct(None, nn.Linear(2, 2)) is None


def by_sums(x, weight, bias, gamma, upper):
    """Share out with contributions of the output's own sign counted 1 + gamma times."""
    found = np.zeros_like(x)
    for row, weights in enumerate(weight):
        parts = x * weights
        sign = np.sign(parts.sum() + bias[row])
        more = parts + gamma * np.where(np.sign(parts) == sign, parts, 0)
        kept = bias[row] + gamma * (bias[row] if np.sign(bias[row]) == sign else 0)
        found += more / (more.sum() + kept) * upper[row]
    return found


@pytest.mark.parametrize("gamma", [0.0, 0.05, 0.25, 10.0])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rule", [SignedGamma, DirectGamma])
def test_the_gamma_rule_for_both_signs(rule, gamma, bias, seed):
    module, x, upper = linear(seed, bias), drawn(seed, 1, 5), drawn(seed + 5, 1, 4)
    _, found = relevance(rule(gamma), module, x, upper)
    shift = module.bias.detach().numpy() if bias else np.zeros(4)
    expected = by_sums(x[0].numpy(), module.weight.detach().numpy(), shift, gamma, upper[0].numpy())
    np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=1e-4)
    if not bias:
        assert found.sum() == pytest.approx(float(upper.sum()), abs=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_of_positive_inputs_and_outputs_it_is_zennits_gamma(seed):
    module, x, upper = linear(seed, bias=False), drawn(seed, 6, 5).abs(), drawn(seed + 5, 6, 4)
    with torch.no_grad():
        upper[module(x) <= 0] = 0
    ours, theirs = (relevance(rule(0.25), module, x, upper)[1] for rule in (SignedGamma, Gamma))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)

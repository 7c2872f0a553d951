"""Networks in canonical form: the same function, every number back in its place afterwards; networks without biases."""

import pytest
import torch
from torch import nn
from zennit.canonizers import SequentialMergeBatchNorm

from lucidag.explain.relevance.canonizers import MergeBatchNorm, canonizers
from lucidag.explain.relevance.form import form_of
from lucidag.explain.relevance.held import canonized
from lucidag.models.build import build
from tests.relevance.bare import NETWORKS, bare, images, with_biases, without_biases


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "attention_resnet50"])
def test_the_logits_stay_and_the_network_comes_back(name):
    model, x = with_biases(name, 1), images(1, 2)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    shape = str(model)
    with torch.no_grad():
        before = model(x)
        with canonized(model, canonizers(form_of(model, x))) as applied:
            torch.testing.assert_close(model(x), before, rtol=1e-9, atol=1e-9 * float(before.abs().max()))
        torch.testing.assert_close(model(x), before, rtol=0, atol=0)
    assert applied
    assert str(model) == shape
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_merged_batchnorm_is_the_identity(seed):
    """zennit's still divides by sqrt(1 + epsilon)."""
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, eps=0.1)).double().eval()
    for value in (*model[1].parameters(), model[1].running_mean, model[1].running_var):
        nn.init.uniform_(value, 0.5, 2.0, torch.Generator().manual_seed(seed))
    x = torch.rand(1, 2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    expected = model(x)
    with canonized(model, [MergeBatchNorm([("0", "1")])]):
        torch.testing.assert_close(model(x), expected)
        torch.testing.assert_close(model[0](x), expected)
    with canonized(model, [SequentialMergeBatchNorm()]):
        torch.testing.assert_close(model(x) * 1.1**0.5, expected)


@pytest.mark.parametrize(
    ("layers", "merged"),
    [
        ((nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)), True),
        ((nn.Linear(5, 3), nn.Flatten(), nn.Linear(30, 5), nn.BatchNorm1d(5)), True),
        ((nn.Conv2d(2, 3, 1), nn.Dropout(), nn.Identity(), nn.BatchNorm2d(3)), False),
        ((nn.Conv2d(2, 3, 1), nn.ReLU(), nn.BatchNorm2d(3)), False),
        ((nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, affine=False)), False),
        ((nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)), False),
        ((nn.Conv2d(2, 5, 1), nn.Flatten(2), nn.Linear(25, 5), nn.BatchNorm1d(5)), False),  # over the second axis
    ],
)
def test_a_batchnorm_is_merged_where_it_takes_what_its_layer_gives(layers, merged):
    model = nn.Sequential(*layers).eval()
    found = form_of(model, torch.rand(2, 2, 5, 5)).merges
    assert found == (((str(len(layers) - 2), str(len(layers) - 1)),) if merged else ())


def test_an_error_while_canonizers_are_applied_leaves_nothing_behind():
    model = build("lucidag.models.small:small_resnet", 2, {"width": 4}, seed=0)

    class Broken(MergeBatchNorm):
        def apply(self, root_module):
            raise RuntimeError("broken")

    before = model.conv1.weight.clone()
    with (
        pytest.raises(RuntimeError, match="broken"),
        canonized(model, [MergeBatchNorm([("conv1", "bn1")]), Broken([])]),
    ):
        pass
    assert model.conv1.bias is None
    assert torch.equal(model.conv1.weight, before)


@pytest.mark.parametrize("name", ["small_cnn", "small_resnet", "resnet18"])
@pytest.mark.parametrize("seed", [0, 1])
def test_without_biases_twice_the_image_has_twice_the_logits(name, seed):
    model, x = bare(name, seed), images(seed, 2)
    torch.testing.assert_close(model(2 * x), 2 * model(x))
    whole = with_biases(name, seed)
    assert not torch.allclose(whole(2 * x), 2 * whole(x), rtol=0.01)


@pytest.mark.parametrize("name", ["attention_small_resnet", "small_efficientnet"])
def test_what_computes_the_factors_of_a_gate_keeps_its_biases(name):
    model = with_biases(name, 0)
    for key, value in without_biases(model).named_parameters():
        gate = key.startswith("attention.") or ".fc1." in key or ".fc2." in key
        if key.endswith("bias") and not gate:
            assert not value.any()
        else:
            assert torch.equal(value, model.get_parameter(key))

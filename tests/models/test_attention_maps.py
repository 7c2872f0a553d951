"""The attention of each layer, whatever way it is written in: matrices, their gradients, and the network's output."""

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import MaxVit, SwinTransformer, VisionTransformer

from lucidag.models.attention_maps import explicit_attention, watching_attention
from lucidag.models.small import small_cnn
from tests.models.vits import CLASSES, DEPTH, HEADS, TOKENS, WAYS, images, matrices, vit


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_way_of_writing_attention_gives_the_matrices_computed_by_hand(way: str, seed: int) -> None:
    model, x = vit(way, seed), images(seed)
    expected, plain = matrices(model, x), model(x)
    with watching_attention(model) as found:
        logits = model(x)
    torch.testing.assert_close(logits, plain, rtol=1e-6, atol=1e-6)
    assert len(found) == DEPTH
    for number, (each, truth) in enumerate(zip(found, expected, strict=True)):
        torch.testing.assert_close(each.by_head(each.weights, 2), truth, rtol=1e-5, atol=1e-6)
        assert truth.shape == (2, HEADS, TOKENS + 1, TOKENS + 1)
        assert each.modules[:3] == ("blocks", f"blocks.{number}", f"blocks.{number}.attention")
    assert all(float(each.std()) > 0.02 for each in expected)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "plain"])
def test_gradients_of_the_matrices_are_those_of_the_plain_way(way: str) -> None:
    found = {}
    for each in ("plain", way):
        model, x = vit(each, 2), images(2)
        with watching_attention(model) as attention:
            logits = model(x)
        gradients = torch.autograd.grad(logits[:, 1].sum(), [one.weights for one in attention])
        found[each] = [one.by_head(values, 2) for one, values in zip(attention, gradients, strict=True)]
    for one, other in zip(found["plain"], found[way], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
        assert float(one.abs().max()) > 1e-3


def test_gradients_are_those_of_finite_differences() -> None:
    model, x = vit("plain", 3).double(), images(3, 1).double()
    with watching_attention(model) as attention:
        logits = model(x)
    (gradient,) = torch.autograd.grad(logits[0, 0], attention[-1].weights)
    own = functional.softmax
    for place in ((0, 0, 0, 3), (0, 1, 0, 7), (0, 1, 4, 2)):
        changed = []
        for step in (1e-5, -1e-5):
            calls = []

            def moved(*args: object, at=place, step=step, calls=calls, **kwargs: object) -> torch.Tensor:
                output = own(*args, **kwargs)
                calls.append(1)
                if len(calls) == DEPTH:
                    output[at] += step
                return output

            functional.softmax = moved
            try:
                with torch.no_grad():
                    changed.append(float(model(x)[0, 0]))
            finally:
                functional.softmax = own
        assert (changed[0] - changed[1]) / 2e-5 == pytest.approx(float(gradient[place]), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_fast_paths_of_torch_are_seen_too_and_come_back(grad: bool, frozen: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.1)
    model = nn.Sequential(nn.TransformerEncoder(layer, 3), nn.Flatten(), nn.Linear(40, 2)).eval()
    model.requires_grad_(not frozen)
    x = torch.randn(2, 5, 8)
    with torch.set_grad_enabled(grad):
        plain = model(x)
        with watching_attention(model) as found:
            logits = model(x)
    assert len(found) == 3
    torch.testing.assert_close(logits, plain, rtol=1e-5, atol=1e-6)
    for each in found:
        torch.testing.assert_close(each.weights.sum(-1), torch.ones(2, 2, 5))
    assert torch.backends.mha.get_fastpath_enabled()
    assert functional.scaled_dot_product_attention is torch._C._nn.scaled_dot_product_attention
    assert functional.softmax.__module__ == "torch.nn.functional"


def test_all_is_put_back_after_an_error() -> None:
    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.MultiheadAttention(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x, x, x[:, :1])[0]

    model = Failing().eval()
    with pytest.raises((RuntimeError, AssertionError)), watching_attention(model):
        model(torch.randn(3, 2, 8))
    assert functional.scaled_dot_product_attention is torch._C._nn.scaled_dot_product_attention
    assert torch.backends.mha.get_fastpath_enabled()
    assert not model.layer._forward_hooks


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("mask", ["none", "bool", "float"])
@pytest.mark.parametrize(("heads", "groups"), [(2, 2), (4, 2)])
def test_the_explicit_form_is_the_fused_one(causal: bool, mask: str, heads: int, groups: int) -> None:
    if causal and mask != "none":
        return  # torch takes one of them
    draw = torch.Generator().manual_seed(0)
    q = torch.randn(2, heads, 5, 4, generator=draw)
    k, v = torch.randn(2, 2, groups, 6, 4, generator=draw)
    words = {"is_causal": causal, "enable_gqa": heads != groups}
    if mask != "none":
        values = torch.randn(5, 6, generator=draw)
        words["attn_mask"] = values if mask == "float" else values > -0.5
    for scale in (None, 0.7):
        expected = functional.scaled_dot_product_attention(q, k, v, scale=scale, **words)
        torch.testing.assert_close(explicit_attention(q, k, v, scale=scale, **words), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "layers", "shape"),
    [
        (lambda: VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=3), 2, (1, 2, 17, 17)),
        (lambda: timm.create_model("vit_tiny_patch16_224", img_size=32, patch_size=8, depth=2), 2, (1, 3, 17, 17)),
        (lambda: timm.create_model("beit_base_patch16_224", img_size=32, patch_size=8, depth=1), 1, (1, 12, 17, 17)),
        (lambda: SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3), 2, (16, 2, 4, 4)),
        (lambda: MaxVit((32, 32), 8, 4, [8], [1], 4, 0.0, num_classes=3), 2, (1, 4, 2, 16, 16)),
        (lambda: small_cnn(CLASSES, width=4, depth=2), 0, ()),
    ],
)
def test_published_networks(build: object, layers: int, shape: tuple[int, ...]) -> None:
    model, x = build().eval(), torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        plain = model(x)
        with watching_attention(model) as found:
            logits = model(x)
    torch.testing.assert_close(logits, plain, rtol=1e-4, atol=1e-5)
    assert len(found) == layers
    for each in found[:1]:
        assert tuple(each.weights.shape) == shape
        torch.testing.assert_close(each.weights.sum(-1), torch.ones(shape[:-1]))


def test_a_softmax_that_mixes_nothing_is_no_attention() -> None:
    class Gated(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x.flatten(2).softmax(-1).reshape(x.shape) * x).mean((2, 3)).softmax(1) @ torch.eye(3)

    with watching_attention(Gated()) as found:
        Gated()(torch.randn(2, 3, 4, 4))
    assert found == []

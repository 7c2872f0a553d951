"""Residual networks with channel attention, and EfficientNets with ReLU: what they compute, and weights that fit."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import EfficientNet_B0_Weights, ResNet18_Weights

from lucidag.explain.cam.layers import default_layer
from lucidag.ground.errors import InputError
from lucidag.models import weights
from lucidag.models.attention import ChannelAttention
from lucidag.models.build import build
from lucidag.models.describe import describe
from lucidag.models.head import linear_head
from lucidag.models.weights import load_checkpoint, load_weights, save_checkpoint

ATTENTION = "lucidag.models.attention:"
EFFICIENT = "lucidag.models.efficientnet:"


def noisy(attention: ChannelAttention, seed: int) -> ChannelAttention:
    """Give the attention weights that are not those of its start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in attention.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
    return attention


@pytest.mark.parametrize(("seed", "channels", "side", "hidden"), [(0, 5, 2, 3), (1, 8, 3, 4), (2, 4, 2, 1)])
def test_the_attention_is_that_of_the_formula(seed, channels, side, hidden):
    attention = noisy(ChannelAttention(side, hidden), seed)
    maps = torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(seed))
    p = {name: value.detach().numpy().astype(np.float64) for name, value in attention.named_parameters()}
    for image, found, out in zip(maps.numpy(), attention.weights(maps), attention(maps), strict=True):
        scores = []
        for channel in image:
            h = channel.reshape(-1)
            gate = 1 / (1 + np.exp(-(p["gate.weight"] @ h + p["gate.bias"])))
            scores.append((p["score.weight"] @ (np.tanh(p["value.weight"] @ h + p["value.bias"]) * gate))[0])
        expected = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-5)
        np.testing.assert_allclose(out.detach(), image * channels * expected[:, None, None], rtol=1e-4)
    assert attention.weights(maps).std() > 0.01  # else nothing was tested


def test_the_weights_of_a_image_do_not_depend_on_the_others_and_follow_the_channels():
    attention = noisy(ChannelAttention(2, 4), 3)
    maps = torch.rand(3, 6, 2, 2)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(attention.weights(maps)[1:2], attention.weights(maps[1:2]))
    torch.testing.assert_close(attention.weights(maps[:, order]), attention.weights(maps)[:, order])


@pytest.mark.parametrize("size", [32, 64, 70])
def test_any_size_of_image_and_maps_of_the_right_side_are_seen_as_they_are(size):
    model = build(ATTENTION + "attention_small_resnet", 3, {"width": 4, "side": 4}, seed=0).eval()
    assert model(torch.randn(2, 3, size, size)).shape == (2, 3)
    maps = torch.rand(1, 16, 4, 4)
    torch.testing.assert_close(model.attention.resize(maps), maps)


@pytest.mark.parametrize(
    ("name", "plain", "options"),
    [
        ("attention_small_resnet", "lucidag.models.small:small_resnet", {"width": 4}),
        ("attention_resnet18", "resnet18", {}),
        ("attention_resnet50", "resnet50", {}),
    ],
)
def test_before_training_it_is_the_network_without_attention_whose_weights_fit(tmp_path, name, plain, options):
    """And the attention keeps what it starts with."""
    base = build(plain, 3, options, seed=1).eval()
    torch.save(base.state_dict(), tmp_path / "plain.pth")
    model = build(ATTENTION + name, 3, options, seed=2).eval()
    start = {key: value.clone() for key, value in model.attention.state_dict().items()}
    load_weights(model, str(tmp_path / "plain.pth"), head="fc")
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model(images), base(images), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(value, start[key]) for key, value in model.attention.state_dict().items())
    assert linear_head(model, images) == "fc"
    assert default_layer(describe(model, images)).name == "attention"
    noisy(model.attention, 0)
    assert not torch.allclose(model(images), base(images), rtol=1e-2)


def test_a_new_head_and_a_missing_attention_together(tmp_path):
    torch.save(build("resnet18", 10, {}, 0).state_dict(), tmp_path / "plain.pth")
    model, fresh = (build(ATTENTION + "attention_resnet18", 2, {}, seed=4) for _ in range(2))
    load_weights(model, str(tmp_path / "plain.pth"), head="fc", new_head=True)
    assert torch.equal(model.fc.weight, fresh.fc.weight)
    assert not torch.equal(model.conv1.weight, fresh.conv1.weight)


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (("attention.gate.weight",), "missing: attention.gate.weight$"),
        (("attention.", "layer4.0.conv1.weight"), "missing: layer4.0.conv1.weight$"),
        (("layer1.",), "missing: layer1.* and 7 more$"),
    ],
)
def test_half_an_attention_or_a_missing_block_is_refused(tmp_path, left_out, words):
    model = build(ATTENTION + "attention_small_resnet", 3, {"width": 4}, seed=0)
    state = {key: value for key, value in model.state_dict().items() if not key.startswith(left_out)}
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(InputError) as caught:
        load_weights(model, str(tmp_path / "part.pth"), head="fc")
    assert re.search(words, str(caught.value))


def test_a_whole_attention_is_loaded_and_one_of_another_side_refused(tmp_path):
    model = build(ATTENTION + "attention_small_resnet", 3, {"width": 4, "side": 4}, seed=0)
    noisy(model.attention, 1)
    torch.save(model.state_dict(), tmp_path / "whole.pth")
    other = build(ATTENTION + "attention_small_resnet", 3, {"width": 4, "side": 4}, seed=5)
    load_weights(other, str(tmp_path / "whole.pth"), head="fc")
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in other.state_dict().items())
    with pytest.raises(InputError, match=r"of another shape: attention\.value\.weight"):
        load_weights(build(ATTENTION + "attention_small_resnet", 3, {"width": 4}, 0), str(tmp_path / "whole.pth"), "fc")


def test_a_checkpoint_must_have_the_attention_and_a_plain_network_takes_no_foreign_tensor(tmp_path):
    options = {"width": 4}
    plain = build("lucidag.models.small:small_resnet", 3, options, seed=0)
    model = build(ATTENTION + "attention_small_resnet", 3, options, seed=0)
    save_checkpoint(tmp_path / "plain.safetensors", plain, {})
    with pytest.raises(InputError, match=r"missing: attention\."):
        load_checkpoint(tmp_path / "plain.safetensors", model)
    torch.save(model.state_dict(), tmp_path / "attention.pth")
    with pytest.raises(InputError, match=r"unexpected: attention\."):
        load_weights(plain, str(tmp_path / "attention.pth"), head="fc")


@pytest.mark.parametrize(
    ("name", "base", "entry"),
    [
        (ATTENTION + "attention_resnet18", "resnet18", ResNet18_Weights.IMAGENET1K_V1),
        (EFFICIENT + "efficientnet_b0_relu", "efficientnet_b0", EfficientNet_B0_Weights.IMAGENET1K_V1),
    ],
)
def test_published_weights_by_name_are_those_of_the_network_without_additions(monkeypatch, tmp_path, name, base, entry):
    state = build(base, 1000, {}, seed=0).state_dict()
    asked = []

    def serve(address):
        asked.append(address)
        torch.save(state, tmp_path / "published.pth")
        return tmp_path / "published.pth"

    monkeypatch.setattr(weights, "fetched", serve)
    model = build(name, 1000, {}, seed=1)
    load_weights(model, "IMAGENET1K_V1", architecture=name)
    assert asked == [entry.url]
    assert all(torch.equal(model.state_dict()[key], value) for key, value in state.items())


@pytest.mark.parametrize(
    ("architecture", "options", "head", "units"),
    [
        (EFFICIENT + "efficientnet_b0_relu", {}, "classifier.1", 1280),
        (EFFICIENT + "small_efficientnet_relu", {}, "classifier.1", 128),
        (EFFICIENT + "small_efficientnet_relu", {"width": 8, "expand": 2, "dropout": 0.3}, "classifier.1", 64),
    ],
)
def test_an_efficientnet_has_relu_wherever_it_had_silu_and_nothing_else_changes(architecture, options, head, units):
    model = build(architecture, 4, options, seed=0)
    kinds = [type(module).__name__ for module in model.modules()]
    assert "SiLU" not in kinds
    assert linear_head(model, torch.randn(2, 3, 64, 64)) == head
    assert model.get_submodule(head).weight.shape == (4, units)
    if "b0" in architecture:
        theirs = build("efficientnet_b0", 4, {}, seed=0)
        swapped = ["ReLU" if kind == "SiLU" else kind for kind in (type(m).__name__ for m in theirs.modules())]
        assert kinds == swapped
        assert {k: v.shape for k, v in model.state_dict().items()} == {
            k: v.shape for k, v in theirs.state_dict().items()
        }


@pytest.mark.parametrize(("size", "side"), [(64, 8), (32, 4)])
def test_maps_of_the_small_efficientnet_still_say_where(size, side):
    model = build(EFFICIENT + "small_efficientnet_relu", 2, {"width": 8}, seed=0).eval()
    assert model.features(torch.randn(1, 3, size, size)).shape[2:] == (side, side)


@pytest.mark.parametrize("name", ["attention_small_resnet", "small_efficientnet_relu"])
def test_they_learn(name):
    """Bright images from dark ones, in a few steps."""
    where = ATTENTION if "attention" in name else EFFICIENT
    options = {"width": 8, **({"side": 4} if "attention" in name else {})}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(where + name, 2, options, seed=0).train()
        images, labels = torch.randn(32, 3, 32, 32), torch.arange(32) % 2
        images += labels[:, None, None, None]
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        losses = []
        for _ in range(12):
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]
    if "attention" in name:
        assert model.attention.score.weight.abs().max() > 0
        assert model.attention.value.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("architecture", "options", "words"),
    [
        (ATTENTION + "attention_small_resnet", {"side": 0}, "side and hidden must each be at least 1"),
        (ATTENTION + "attention_resnet18", {"hidden": 0}, "side and hidden"),
        (EFFICIENT + "small_efficientnet_relu", {"width": 12}, "width must be a multiple of 8"),
        (EFFICIENT + "small_efficientnet_relu", {"expand": 0}, "expand at least 1"),
    ],
)
def test_wrong_options_are_one_sentence(architecture, options, words):
    with pytest.raises(InputError, match=words):
        build(architecture, 2, options, seed=0)

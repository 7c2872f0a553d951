"""The small residual network: torchvision's names, maps that still say where, and an exact class activation map."""

import pytest
import torch
from torch import nn
from torch.fx import symbolic_trace
from torch.nn.functional import batch_norm, conv2d
from torchvision.models.resnet import BasicBlock, ResNet

from lucidag.ground.errors import InputError
from lucidag.models import small
from lucidag.models.build import build
from lucidag.models.head import linear_head

SMALL = "lucidag.models.small:small_resnet"


@pytest.mark.parametrize(("channels", "width", "blocks"), [(3, 4, (1, 1, 1, 1)), (1, 6, (2, 1, 3, 2))])
def test_modules_are_named_as_torchvision_names_them(channels, width, blocks):
    ours = build(SMALL, 5, {"channels": channels, "width": width, "blocks": list(blocks)}, seed=0)
    theirs = ResNet(BasicBlock, list(blocks), num_classes=5)
    # layer4 keeps the shape here, so its first block needs no 1 x 1 convolution
    expected = {name for name in theirs.state_dict() if not name.startswith("layer4.0.downsample")}
    assert set(ours.state_dict()) == expected
    assert linear_head(ours, torch.randn(2, channels, 16, 16)) == "fc"
    assert ours.fc.weight.shape == (5, 4 * width)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("channels", "stride"), [(6, 1), (4, 1), (4, 2)])
def test_its_block_is_torchvisions_number_by_number_and_step_by_step(channels, stride, seed):
    def made(block: type[nn.Module]) -> nn.Module:
        torch.manual_seed(seed)
        shortcut = None if channels == 6 else nn.Sequential(nn.Conv2d(channels, 6, 1, stride), nn.BatchNorm2d(6))
        return block(channels, 6, stride, shortcut)

    ours, theirs = made(small.BasicBlock), made(BasicBlock)
    x = torch.randn(5, channels, 9, 9)
    for _ in ("training", "eval"):  # and its means and variances with it
        assert torch.equal(ours(x), theirs(x))
        assert all(torch.equal(one, two) for one, two in zip(ours.parameters(), theirs.parameters(), strict=True))
        ours.eval(), theirs.eval()
    steps = [[(node.op, str(node.target)) for node in symbolic_trace(each).graph.nodes] for each in (ours, theirs)]
    assert steps[0] == steps[1]
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize(("size", "side"), [(64, 8), (32, 4), (70, 9)])
def test_the_logits_are_the_class_activation_maps_mean(size, side):
    model = build(SMALL, 6, {"width": 5}, seed=1).eval()
    seen = []
    handle = model.layer4.register_forward_hook(lambda *call: seen.append(call[2].detach()))
    images = torch.randn(3, 3, size, size)
    logits = model(images)
    handle.remove()
    (maps,) = seen
    assert maps.shape == (3, 20, side, side)
    assert maps.min() >= 0
    activation = torch.einsum("ck,nkhw->nchw", model.fc.weight, maps)
    torch.testing.assert_close(logits, activation.mean((2, 3)) + model.fc.bias)


def test_it_is_what_its_layers_say():
    model = build(SMALL, 3, {"width": 3, "blocks": [1, 2, 1, 1]}, seed=2)
    model(torch.randn(16, 3, 24, 24))  # so that the means and variances are not those of the start
    weights = model.eval().state_dict()

    def normed(maps: torch.Tensor, name: str) -> torch.Tensor:
        return batch_norm(
            maps, *(weights[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))
        )

    def block(maps: torch.Tensor, name: str, stride: int) -> torch.Tensor:
        inner = normed(conv2d(maps, weights[f"{name}.conv1.weight"], stride=stride, padding=1), f"{name}.bn1").relu()
        inner = normed(conv2d(inner, weights[f"{name}.conv2.weight"], padding=1), f"{name}.bn2")
        if f"{name}.downsample.0.weight" in weights:
            maps = normed(conv2d(maps, weights[f"{name}.downsample.0.weight"], stride=stride), f"{name}.downsample.1")
        return (inner + maps).relu()

    images = torch.randn(4, 3, 24, 24)
    maps = normed(conv2d(images, weights["conv1.weight"], stride=2, padding=1), "bn1").relu()
    for name, stride in (("layer1.0", 1), ("layer2.0", 2), ("layer2.1", 1), ("layer3.0", 2), ("layer4.0", 1)):
        maps = block(maps, name, stride)
    torch.testing.assert_close(model(images), maps.mean((2, 3)) @ weights["fc.weight"].T + weights["fc.bias"])


def test_dropout_is_that_of_the_penultimate_units():
    model = build(SMALL, 2, {"width": 4, "dropout": 1.0}, seed=0)
    images = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(model.train()(images), model.fc.bias.expand(2, 2))
    assert not torch.allclose(model.eval()(images), model.fc.bias.expand(2, 2))
    assert sum(isinstance(module, nn.Dropout) for module in model.modules()) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blocks": [1, 1, 1]}, "blocks must be 4 numbers"),
        ({"blocks": [1, 0, 1, 1]}, "at least 1"),
        ({"width": 0}, "at least 1"),
        ({"dropout": 1.5}, "dropout"),
        ({"depth": 2}, "depth"),
    ],
)
def test_wrong_options_are_one_sentence(options, words):
    with pytest.raises(InputError, match=words):
        build(SMALL, 2, options, seed=0)

import pytest
import torch
from torch import nn

from lucidag.explain.cam.layers import check_layer, default_layer, run_recorded
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from tests.cam.networks import image, network

FAMILIES = [
    ("resnet18", 64, {}, "layer4"),
    ("vgg11", 64, {}, "features.19"),
    ("vgg11_bn", 64, {}, "features.27"),
    ("densenet121", 64, {}, "features"),
    ("mobilenet_v2", 64, {}, "features"),
    ("efficientnet_b0", 64, {}, "features"),
    ("googlenet", 96, {}, "inception5b"),
    ("inception_v3", 128, {}, "Mixed_7c"),
    ("convnext_tiny", 64, {}, "features"),
    ("shufflenet_v2_x0_5", 64, {}, "conv5"),
    ("squeezenet1_1", 64, {}, "classifier.2"),
    ("alexnet", 96, {}, "features.11"),
    ("swin_t", 64, {}, "permute"),
    ("lucidag.models.small:small_cnn", 32, {}, "blocks"),
]


@pytest.mark.parametrize(("architecture", "size", "options", "layer"), FAMILIES)
def test_the_layer_of_each_family(architecture, size, options, layer):
    # Shapes only, no numbers.
    with torch.device("meta"):
        model = build(architecture, 5, options, seed=0)
        example = torch.empty(1, 3, size, size)
    assert default_layer(model, example) == layer
    check_layer(model, example, layer)
    assert all(module.training for module in model.modules())


def test_the_layer_before_positions_are_lost():
    # At 32 px the last block of a ResNet is 1 x 1; layer3 is 2 x 2.
    with torch.device("meta"):
        assert default_layer(build("resnet18", 5, {}, 0), torch.empty(1, 3, 32, 32)) == "layer3"


def test_networks_without_maps_say_so():
    with torch.device("meta"):
        vit = build("vit_b_16", 5, {"image_size": 64}, 0)
        with pytest.raises(InputError, match=r"goes on with tokens.*'conv_proj'.*name the layer"):
            default_layer(vit, torch.empty(1, 3, 64, 64))
        mlp = build("lucidag.models.small:small_mlp", 5, {"inputs": 192}, 0)
        with pytest.raises(InputError, match="no layer gives maps"):
            default_layer(mlp, torch.empty(1, 3, 8, 8))
        with pytest.raises(InputError, match=r"layer 'fc' gives a tensor of shape \(1, 5\).*no layer of this network"):
            check_layer(mlp, torch.empty(1, 3, 8, 8), "fc")


class Extra(nn.Module):
    """A layer that no pass runs, one that gives two tensors, a ReLU that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.unused, self.halves, self.relu = nn.Conv2d(3, 3, 1), Halves(), nn.ReLU()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        first, second = self.halves(self.relu(self.relu(x)))
        return self.fc(self.conv(first + second).mean((2, 3)))


class Halves(nn.Module):
    def forward(self, x):
        return x / 2, x / 2


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("unused", r"layer 'unused' is not called in a forward pass.*layers that will do: conv$"),
        ("relu", r"layer 'relu' is called 2 times in a forward pass; it must be called once"),
        ("halves", r"layer 'halves' gives tuple; it must give N x K x H x W"),
        ("fc", r"layer 'fc' gives a tensor of shape \(1, 2\)"),
        ("con", r"layer 'con' does not exist \(did you mean 'conv'\?\)"),
    ],
)
def test_layers_that_will_not_do(layer, message):
    with pytest.raises(InputError, match=message):
        check_layer(Extra(), torch.rand(1, 3, 8, 8), layer)


def test_a_long_list_of_layers_is_cut():
    model = network("resnet18")
    with pytest.raises(InputError, match=r"'layer4.9' does not exist.*layer4.1.bn1, .*layer4 and \d+ before these$"):
        check_layer(model, image("resnet18"), "layer4.9")
    with pytest.raises(InputError, match=r"'avgpool' gives a tensor of shape \(1, 512, 1, 1\)"):
        check_layer(model, image("resnet18"), "avgpool")


def test_hooks_are_gone_even_after_a_failure():
    model = network("small_cnn")
    with pytest.raises(RuntimeError):
        run_recorded(model, torch.rand(1, 2, 32, 32))
    run_recorded(model, image("small_cnn"))
    assert not any(module._forward_hooks for module in model.modules())

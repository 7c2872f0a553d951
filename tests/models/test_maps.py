"""The layers that are looked at where none are named: they exist, whatever the network."""

import pytest
import torch
from torch import nn

from lucidag.models.build import build
from lucidag.models.describe import describe
from lucidag.models.head import linear_head
from lucidag.models.maps import own_layers

NETWORKS = [
    ("resnet18", 64, {}, ["layer2", "layer3", "layer4", "fc"]),
    # The last block of small images has maps of one pixel, and units all the same.
    ("resnet18", 32, {}, ["layer2", "layer3", "layer4", "fc"]),
    ("resnext50_32x4d", 64, {}, ["layer2", "layer3", "layer4", "fc"]),
    ("lucidag.models.small:small_resnet", 64, {"width": 4}, ["layer2", "layer3", "layer4", "fc"]),
    # What is added to a published network is none of its blocks, but its units are those in front of the last layer.
    ("lucidag.models.attention:attention_resnet18", 64, {}, ["layer2", "layer3", "layer4", "attention", "fc"]),
    ("vgg11", 64, {}, ["features.9", "features.14", "features.19", "classifier.4", "classifier.6"]),
    ("vgg11_bn", 64, {}, ["features.13", "features.20", "features.27", "classifier.4", "classifier.6"]),
    ("alexnet", 96, {}, ["features.1", "features.4", "features.11", "classifier.5", "classifier.6"]),
    ("efficientnet_b0", 64, {}, ["features.3", "features.5", "features", "classifier.1"]),
    ("mobilenet_v2", 64, {}, ["features.6", "features.13", "features", "classifier.1"]),
    ("densenet121", 64, {}, ["features.denseblock2", "features.denseblock3", "features", "relu", "classifier"]),
    ("googlenet", 96, {}, ["inception4e", "inception5a", "inception5b", "fc"]),
    ("shufflenet_v2_x0_5", 64, {}, ["stage3", "stage4", "conv5", "fc"]),
    ("squeezenet1_1", 64, {}, ["features.4", "features.7", "classifier.0", "classifier.1"]),
    ("lucidag.models.small:small_cnn", 32, {"width": 4}, ["blocks.block1.relu", "blocks.block2.relu", "blocks", "fc"]),
    ("lucidag.models.small:small_mlp", 8, {"inputs": 192, "hidden": [8, 9]}, ["relu2", "fc"]),
    ("swin_t", 64, {}, ["features.3", "features.5", "permute", "head"]),  # units in the last axis, but of "permute"
    (
        "vit_b_16",
        64,
        {"image_size": 64},
        [*(f"encoder.layers.encoder_layer_{n}" for n in (9, 10, 11)), "getitem", "heads.head"],
    ),
]


@pytest.mark.parametrize(("architecture", "size", "options", "layers"), NETWORKS)
def test_every_network_has_layers_of_its_own(architecture, size, options, layers):
    with torch.device("meta"):  # shapes only
        model, example = build(architecture, 5, options, seed=0), torch.empty(1, 3, size, size)
        head = layers[-1] if isinstance(model.get_submodule(layers[-1]), nn.Linear | nn.Conv2d) else None
        found, block = own_layers(describe(model, example), head, getattr(model, "additions", ()))
    assert found == layers
    before = () if head is None else ("attention", "classifier.4", "classifier.5", "relu", "getitem", head)
    blocks = [layer for layer in layers if layer not in before]
    if architecture == "vit_b_16":  # of whose last block only the class token is read
        blocks.pop()
    assert block == (blocks[-1] if blocks else None)
    assert all(module.training for module in model.modules())


POOL = nn.AdaptiveAvgPool2d(1)


class Written(nn.Module):
    """A small network as people write them: functions in place of modules, a pooling, a head of two layers."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.pool = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)
        self.fc1, self.fc2 = nn.Linear(400, 20), nn.Linear(20, 4)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


class Wrapped(nn.Module):
    """A published network inside one's own, with a head that is no linear layer."""

    def __init__(self):
        super().__init__()
        self.backbone = build("resnet18", 6, {}, 0)
        self.scale = nn.Parameter(torch.full((6,), 2.0))

    def forward(self, x):
        return self.backbone(x) * self.scale


@pytest.mark.parametrize(
    ("model", "layers"),
    [
        (Written(), ["conv1", "conv2", "relu_2", "fc2"]),
        (Wrapped(), ["backbone.layer2", "backbone.layer3", "backbone.layer4"]),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)),
            ["1", "4"],
        ),
        # Nothing but a head.
        (nn.Sequential(nn.Flatten(), nn.Linear(3072, 2)), ["1"]),
    ],
)
def test_networks_of_ones_own(model, layers):
    example = torch.rand(2, 3, 32, 32)
    head = linear_head(model, example)
    known = describe(model, example)
    assert own_layers(known, head)[0] == layers
    assert set(layers) <= {*known.modules, *(layer.step for layer in known.steps)}

"""The layers whose units are in front of the last layer, held against what that layer takes."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.models.build import build
from lucidag.models.describe import describe
from lucidag.models.head import linear_head
from lucidag.models.penultimate import penultimate_layers
from lucidag.models.recorder import recording
from lucidag.models.steps import watching_steps


class Functions(nn.Module):
    """Ends as asked, from maps that a function makes."""

    def __init__(self, end, features=6):
        super().__init__()
        self.conv, self.bn, self.relu = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)
        self.fc, self.end = nn.Linear(features, 3), end

    def forward(self, x):
        return self.fc(self.end(self.relu(self.bn(self.relu(self.conv(x))))))


POOL = nn.AdaptiveAvgPool2d(1)
CASES = {
    "mean": (lambda: Functions(lambda x: x.mean((2, 3))), ["relu_1", "mean"]),
    "pooled, flat, dropout": (
        lambda: Functions(
            lambda x: functional.dropout(functional.adaptive_avg_pool2d(x, 1).flatten(1), training=False)
        ),
        ["relu_1", "adaptive_avg_pool2d", "flatten", "dropout"],
    ),
    "maximum": (lambda: Functions(lambda x: functional.adaptive_max_pool2d(x, 1).flatten(1)), ["adaptive_max_pool2d"]),
    "every place a unit": (lambda: Functions(lambda x: x.flatten(1), 6 * 64), ["flatten"]),
    "one place": (lambda: Functions(lambda x: x[:, :, 0, 0]), ["getitem"]),
    "channels last": (
        lambda: Functions(lambda x: x.permute(0, 2, 3, 1).mean((1, 2))),
        ["relu_1", "permute", "mean"],
    ),
    "two": (lambda: Functions(lambda x: torch.cat([x, 2 * x], 1).mean((2, 3)), 12), ["cat", "mean"]),
    "resnet18": (lambda: build("resnet18", 3, {}, 0), ["layer4", "avgpool", "flatten"]),
    "vgg11": (lambda: build("vgg11", 3, {}, 0), ["classifier.4", "classifier.5"]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_their_averages_are_what_the_last_layer_takes(case, seed):
    torch.manual_seed(seed)
    make, names = CASES[case]
    model = make().eval()
    x = torch.rand(2, 3, *((32, 32) if case in ("resnet18", "vgg11") else (8, 8)))
    head = linear_head(model, x)
    layers = describe(model, x)
    found = penultimate_layers(layers, head)
    assert [layer.name for layer in found][: len(names)] == names
    kept = {}

    def see(place, output):
        kept[place] = output.detach().clone()

    with torch.no_grad(), recording(model, [head], before=True) as calls, watching_steps(model, x, see):
        model(x)
    (wanted,) = calls[0].inputs
    for layer in found:
        maps = layer.units_first(kept[layer.place])
        pooled = maps.flatten(2).mean(2) if maps.ndim == 4 else maps
        torch.testing.assert_close(pooled, wanted, rtol=1e-5, atol=1e-6)


def test_without_a_last_layer_there_are_none():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert penultimate_layers(describe(model, torch.rand(1, 3, 8, 8)), None) == []

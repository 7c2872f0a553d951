from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.explain.cam.layers import TAKES, default_layer, find_layer
from lucidag.explain.methods.cam import CamExplainer
from lucidag.explain.methods.registry import CAM
from lucidag.explain.methods.registry import FAMILIES as METHODS
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.describe import describe
from lucidag.models.layers import find_layer as find
from tests.cam.networks import Branching, cams, image, network
from tests.models.token_twins import Twin

FAMILIES = [
    ("resnet18", 64, {}, "layer4"),
    ("vgg11", 64, {}, "features.19"),
    ("vgg11_bn", 64, {}, "features.27"),
    ("densenet121", 64, {}, "relu"),
    ("mobilenet_v2", 64, {}, "features"),
    ("efficientnet_b0", 64, {}, "features"),
    ("googlenet", 96, {}, "inception5b"),
    ("inception_v3", 128, {}, "Mixed_7c"),
    ("convnext_tiny", 64, {}, "features"),
    ("shufflenet_v2_x0_5", 64, {}, "conv5"),
    ("squeezenet1_1", 64, {}, "classifier.2"),
    ("alexnet", 96, {}, "features.11"),
    ("swin_t", 64, {}, "permute"),
    ("vit_b_16", 64, {"image_size": 64}, "encoder.layers.encoder_layer_10"),
    ("lucidag.models.small:small_cnn", 32, {}, "blocks"),
]


@pytest.mark.parametrize(("architecture", "size", "options", "layer"), FAMILIES)
def test_the_layer_of_each_family(architecture, size, options, layer):
    # Shapes only, no numbers.
    with torch.device("meta"):
        model = build(architecture, 5, options, seed=0)
        example = torch.empty(1, 3, size, size)
    assert default_layer(describe(model, example)).name == layer
    find_layer(describe(model, example), layer)
    assert all(module.training for module in model.modules())


def test_the_layer_before_positions_are_lost():
    # At 32 px the last block of a ResNet is 1 x 1; layer3 is 2 x 2.
    with torch.device("meta"):
        assert default_layer(describe(build("resnet18", 5, {}, 0), torch.empty(1, 3, 32, 32))).name == "layer3"


def test_networks_without_maps_say_so():
    with torch.device("meta"):
        columns = Twin("columns", 0)
        with pytest.raises(InputError, match=r"goes on with tokens.*'embed'.*name the layer"):
            default_layer(describe(columns, torch.empty(1, 3, 12, 12)))
        mlp = build("lucidag.models.small:small_mlp", 5, {"inputs": 192}, 0)
        with pytest.raises(InputError, match="no layer gives maps"):
            default_layer(describe(mlp, torch.empty(1, 3, 8, 8)))
        with pytest.raises(InputError, match=r"layer 'fc' gives a tensor of shape \(1, 5\).*no layer of this network"):
            find_layer(describe(mlp, torch.empty(1, 3, 8, 8)), "fc")


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
        ("unused", r"layer 'unused' is not called in a forward pass.*layers that will do: relu_0, relu_1, add, conv$"),
        ("relu", r"layer 'relu' is called 2 times in a forward pass; it must be called once"),
        ("halves", r"layer 'halves' gives no tensor that depends on the image; it must give N x K x H x W"),
        ("fc", r"layer 'fc' gives a tensor of shape \(1, 2\)"),
        ("con", r"layer 'con' does not exist \(did you mean 'conv'\?\)"),
    ],
)
def test_layers_that_will_not_do(layer, message):
    with pytest.raises(InputError, match=message):
        find_layer(describe(Extra(), torch.rand(1, 3, 8, 8)), layer)


def test_a_long_list_of_layers_is_cut():
    model = network("resnet18")
    with pytest.raises(InputError, match=r"'layer4.9' does not exist.*layer4.0, .*layer4 and \d+ before these$"):
        find_layer(describe(model, image("resnet18")), "layer4.9")
    with pytest.raises(InputError, match=r"'avgpool' gives a tensor of shape \(1, 128, 1, 1\)"):
        find_layer(describe(model, image("resnet18")), "avgpool")


def test_hooks_are_gone_even_after_a_failure():
    model = network("small_cnn")
    with pytest.raises(RuntimeError):
        default_layer(describe(model, torch.rand(1, 2, 32, 32)))
    default_layer(describe(model, image("small_cnn")))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Red(nn.Module):
    """Class 0 is 3 - 20 red, so that nothing in an image speaks for it; `relu` says how the ReLU is written."""

    def __init__(self, relu: str) -> None:
        super().__init__()
        self.conv, self.fc, self.kind = nn.Conv2d(3, 2, 1), nn.Linear(2, 2), relu
        self.relu = nn.ReLU()
        with torch.no_grad():
            self.conv.weight[:] = torch.tensor([[-20.0, 0, 0], [20, 0, 0]])[:, :, None, None]
            self.conv.bias[:] = torch.tensor([-3.0, 0])
            self.fc.weight[:] = torch.tensor([[1.0, -1], [0, 0]])
            self.fc.bias[:] = torch.tensor([3.0, 0])

    def forward(self, x):
        maps = self.conv(self.relu(x) if self.kind == "shared" else x)
        if self.kind == "function":
            maps = functional.relu(maps)
        elif self.kind == "method":
            maps = maps.relu()
        elif self.kind == "in place":
            maps = functional.relu(maps, inplace=True)
        else:
            maps = self.relu(maps)
        return self.fc(maps.mean((2, 3)))


@pytest.mark.parametrize(
    ("relu", "layer"),
    [("function", "relu_1"), ("method", "relu_1"), ("in place", "relu_1"), ("shared", "relu_1"), ("module", "relu")],
)
def test_the_layer_stands_behind_its_activation(relu, layer):
    model, x = Red(relu), torch.rand(1, 3, 8, 8)
    x[:, 0, :2, :2] = 0  # a corner without red
    found = default_layer(describe(model, x))
    assert found.name == layer
    maps = CamExplainer(model, x, None, 4).explain(x, cams(["gradcam", "ablationcam", "layercam"]), 0).maps
    assert not any(each.any() for each in maps.values())


class Written(nn.Module):
    """A residual block whose sum and ReLUs are functions or modules; both compute the same."""

    def __init__(self, modules: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.fc, self.last, self.modules_ = nn.Linear(6, 3), nn.ReLU(), modules

    def forward(self, x):
        skip = functional.relu(self.first(x))
        total = skip + functional.max_pool2d(self.second(skip), 3, 1, 1)
        total = self.last(total) if self.modules_ else total.clamp(min=0)
        return self.fc(functional.adaptive_avg_pool2d(total, 1).flatten(1))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("traced", [True, False])
def test_a_function_as_layer_gives_the_maps_of_the_module(seed, traced):
    torch.manual_seed(seed)
    modules, x = Written(True), torch.rand(2, 3, 12, 12)
    functions = Written(False)
    functions.load_state_dict(modules.state_dict())
    found = [modules, functions] if traced else [Branching(modules), Branching(functions)]
    names = list(METHODS[CAM])
    one, other = (CamExplainer(model, x, None, 4) for model in found)
    assert (one.layer.removeprefix("inner."), other.layer.removeprefix("inner.")) == ("last", "clamp")
    for image_ in x.split(1):
        first, second = one.explain(image_, cams(names), 1).maps, other.explain(image_, cams(names), 1).maps
        assert any(each.any() for each in first.values())
        for name in names:
            assert first[name] == pytest.approx(second[name], abs=1e-5)


def test_a_layer_inside_a_branch_is_not_taken_by_itself():
    # At 32 px the last block of a ResNet-50 ends at 1 x 1, and its first convolutions are inside a branch.
    with torch.device("meta"):
        model, x = build("resnet50", 5, {}, 0), torch.empty(1, 3, 32, 32)
    assert default_layer(describe(model, x)).name == "layer3"
    assert find_layer(describe(model, x), "layer4.0.bn1").gives_maps()


class ChannelsLast(nn.Module):
    """A network whose maps are N x H x W x D, as a Swin of timm; `first`: the same function with units first."""

    def __init__(self, first: bool) -> None:
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.Linear(8, 3)
        self.mix, self.back, self.first = nn.Linear(8, 8), nn.Identity(), first

    def forward(self, x):
        maps = self.norm(self.conv(x).permute(0, 2, 3, 1))
        maps = functional.gelu(self.mix(maps)) + maps
        if self.first:
            return self.fc(functional.relu(maps.permute(0, 3, 1, 2)).mean((2, 3)))
        return self.fc(functional.relu(maps).mean((1, 2)))


def test_channels_last_is_told_from_maps_of_channels():
    model, x = ChannelsLast(first=False), torch.rand(1, 3, 32, 48)
    layers = describe(model, x)
    found = find_layer(layers, "norm")
    assert (found.kind, found.units, found.extent) == ("channels last", 8, (8, 12))
    assert default_layer(layers).name == "relu"
    output = torch.rand(found.shape)
    assert found.units_first(output).shape == (1, 8, 8, 12)
    assert torch.equal(found.as_given(found.units_first(output)), output)
    with torch.device("meta"):
        swin = describe(build("swin_t", 5, {}, 0), torch.empty(1, 3, 64, 64))
    assert [find_layer(swin, name).units for name in ("features.5", "features.7", "norm")] == [384, 768, 768]


@pytest.mark.parametrize(
    ("seed", "traced", "layer"),
    [(0, True, None), (1, True, "norm"), (2, True, "mix"), (3, False, None), (4, False, "mix")],
)
def test_channels_last_has_the_maps_of_the_same_function_with_channels_first(seed, traced, layer):
    torch.manual_seed(seed)
    last, x = ChannelsLast(first=False), torch.rand(2, 3, 32, 32)
    first = ChannelsLast(first=True)
    first.load_state_dict(last.state_dict())
    if not traced:
        first, last, layer = Branching(first), Branching(last), layer and f"inner.{layer}"
    names = list(METHODS[CAM])
    one, other = CamExplainer(first, x, layer, 4), CamExplainer(last, x, layer, 4)
    assert one.split.traced == other.split.traced == traced
    for each in x.split(1):
        found, expected = (ready.explain(each, cams(names), 1).maps for ready in (other, one))
        assert any(values.any() for values in expected.values())
        for name in names:
            assert found[name] == pytest.approx(expected[name], abs=1e-5)


class Odd(nn.Module):
    """A layer that gives the image, one beside the way to the logits, and one whose units nothing tells."""

    def __init__(self) -> None:
        super().__init__()
        self.same, self.beside, self.conv = nn.Identity(), nn.Conv2d(3, 2, 1), nn.Conv2d(3, 4, 3)
        self.odd, self.fc = nn.Identity(), nn.Linear(48, 2)

    def forward(self, x):
        self.beside(x)
        maps = self.conv(self.same(x))
        return self.fc(maps.flatten(1)[:, :48] + self.odd(x.flatten(1)[:, :48].reshape(-1, 4, 3, 4)).flatten(1))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("same", r"'same' gives the image as it is; layers that will do: conv$"),
        ("beside", r"'beside': no path leads from it to the logits; layers that will do: conv$"),
        ("odd", r"'odd' gives a tensor of shape \(1, 4, 3, 4\) \(which of its axes holds the units cannot be told"),
    ],
)
def test_odd_layers_are_refused(layer, message):
    with pytest.raises(InputError, match=message):
        find(describe(Odd(), torch.rand(1, 3, 8, 8)), layer, replace(TAKES, leads=True))

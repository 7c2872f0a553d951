"""The steps of a forward pass: their names, what leads to what, which every path goes through, where the units are."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import densenet121, get_model, resnet18, vgg11_bn
from torchvision.models.feature_extraction import get_graph_node_names

from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.layers import IMAGE
from lucidag.models.layout import channel_axis
from lucidag.models.steps import steps_of, watching_steps


def on_meta(build):
    with torch.device("meta"):
        return build().eval(), torch.empty(1, 3, 224, 224)


@pytest.mark.parametrize("build", [resnet18, densenet121, vgg11_bn])
def test_the_names_are_those_of_torchvision(build):
    model, x = on_meta(build)
    steps = steps_of(model, x)
    several = [name for name, places in steps.outputs.items() if len(places) > 1]
    mine = [step.name for step in steps.steps]
    for name in several:
        mine = [name if each == f"{name}_0" else each for each in mine]
    assert mine == get_graph_node_names(model)[1][1:]  # without the image


class Paths(nn.Module):
    """A sum of two branches, an unused part, a gate, an inner module that runs twice, a function that gives a pair."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.left, self.right = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.act, self.fc = nn.ReLU(), nn.Linear(4, 2)

    def forward(self, x):
        x = self.act(self.first(x))
        self.left(x).sum()  # goes nowhere
        maps = self.left(x) + self.right(x) * torch.ones(1)
        one, other = maps.chunk(2, 1)
        maps = self.act(torch.cat([one, other], 1))
        maps += 1
        return self.fc(functional.adaptive_avg_pool2d(maps, 1).flatten(1))


def test_steps_by_hand():
    steps = steps_of(model := Paths(), torch.rand(2, 3, 5, 5))
    names = [step.name for step in steps.steps]
    assert names == [
        *("first", "act_0", "left_0", "sum", "left_1", "right", "mul", "add", "chunk", "cat"),
        *("act_1", "add_1", "adaptive_avg_pool2d", "flatten", "fc"),
    ]
    sources = {
        step.name: [names[place] if place != IMAGE else "image" for place in step.sources] for step in steps.steps
    }
    assert sources["first"] == ["image"]
    assert sources["add"] == ["left_1", "mul"]
    assert sources["cat"] == ["chunk", "chunk"]
    assert sources["adaptive_avg_pool2d"] == ["add_1"]
    trunk = [names[place] for place in sorted(steps.trunk)]
    assert trunk == ["first", "act_0", "add", "chunk", "cat", "act_1", "add_1", "adaptive_avg_pool2d", "flatten", "fc"]
    assert {names[place] for place in range(len(names))} - {names[place] for place in steps.between} == {
        "left_0",
        "sum",
    }
    assert model.training
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in model.modules())


def brute_trunk(steps):
    """Find the steps without which no path is left, by taking out each of them in turn."""
    found = []
    for out in sorted(steps.between):
        reached = {IMAGE}
        for place, step in enumerate(steps.steps):
            if place != out and reached & set(step.sources):
                reached.add(place)
        if out == steps.logits or steps.logits not in reached:
            found.append(out)
    return found


NETWORKS = [
    "googlenet",
    "swin_t",
    "vit_b_32",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "efficientnet_b0",
    "convnext_tiny",
]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_trunk_is_what_no_path_avoids(name):
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    model, x = on_meta(lambda: get_model(name, weights=None, **options))
    steps = steps_of(model, x)
    assert sorted(steps.trunk) == brute_trunk(steps)


def test_what_a_step_gives_can_be_replaced():
    torch.manual_seed(0)
    model, x = Paths().eval(), torch.rand(3, 3, 5, 5)
    steps = steps_of(model, x)
    place = [step.name for step in steps.steps].index("add")
    maps = torch.rand(3, 4, 5, 5)
    with watching_steps(model, x, lambda at, _: maps.clone() if at == place else None):
        found = model(x)
    assert torch.allclose(found, model.fc((maps.relu() + 1).mean((2, 3))), atol=1e-6)
    assert not torch.allclose(found, model(x), atol=1e-3)


def axes(model, x):
    steps = steps_of(model, x)
    return {step.name: channel_axis(steps, place) for place, step in enumerate(steps.steps)}


class Mixer(nn.Module):
    """Tokens that are mixed among themselves: a linear layer over T, between two transpositions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.tokens, self.norm, self.fc = (
            nn.Conv2d(3, 6, 4, 4),
            nn.Linear(9, 9),
            nn.LayerNorm(6),
            nn.Linear(6, 2),
        )

    def forward(self, x):
        x = self.conv(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(x.transpose(1, 2)).transpose(1, 2)
        return self.fc(self.norm(x).mean(1))


class Cube(nn.Module):
    """Channels last, and as many channels as rows and columns: shapes cannot tell the axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.inner, self.norm, self.fc = (
            nn.Conv2d(3, 8, 4, 4),
            nn.Linear(8, 8),
            nn.LayerNorm(8),
            nn.Linear(8, 2),
        )

    def forward(self, x):
        x = functional.gelu(self.inner(self.conv(x).permute(0, 2, 3, 1)))
        return self.fc(self.norm(x).mean((1, 2)))


def test_axes_by_hand():
    assert axes(Cube(), torch.rand(1, 3, 32, 32)) == {
        **{"conv": 1, "permute": 3, "inner": 3, "gelu": 3, "norm": 3},
        **{"mean": 1, "fc": 1},
    }
    found = axes(Mixer(), torch.rand(1, 3, 12, 12))
    assert {found[name] for name in ("transpose", "transpose_2", "add", "norm")} == {2}
    assert found["flatten"] == 1
    model, x = on_meta(lambda: get_model("swin_t", weights=None))
    found = axes(model, x)
    assert {name: found[name] for name in ("features.0.0", "norm", "permute", "flatten")} == {
        **{"features.0.0": 1, "norm": 3, "permute": 1, "flatten": 1}
    }
    model, x = on_meta(lambda: get_model("vit_b_32", weights=None))
    assert axes(model, x)["encoder.ln"] == 2


def test_layers_are_named_after_the_outermost_module():
    model, x = on_meta(resnet18)
    found = {layer.name: layer for layer in describe(model, x).path}
    assert found["layer4"].trunk
    modules = dict(model.named_modules())
    assert found["layer4"].name in modules
    assert found["layer4"].gives_maps()
    assert not found["layer4.1.bn2"].trunk
    assert found["layer4.1.add"].name not in modules
    assert "layer4.1.relu_1" not in found


def test_an_output_without_the_image_is_refused():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones(len(x), 2)

    with pytest.raises(InputError, match="'Constant' does not depend on the image"):
        steps_of(Constant(), torch.rand(1, 3, 4, 4))


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


@torch.jit.script
def tripled(x: torch.Tensor) -> torch.Tensor:
    return 3 * x


class Hidden(nn.Module):
    """Runs what torch does not show."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*")
@pytest.mark.parametrize("function", [Double.apply, tripled])
def test_what_torch_does_not_show_is_a_step_of_its_module(function):
    model = nn.Sequential(nn.Conv2d(3, 4, 1), Hidden(function), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 25, 2))
    x = torch.rand(1, 3, 5, 5)
    steps = steps_of(model, x)
    assert [step.name for step in steps.steps] == ["0", "1", "2", "3", "4"]
    assert sorted(steps.trunk) == [0, 1, 2, 3, 4]
    assert channel_axis(steps, 1) == 1


class InPlace(nn.Module):
    """Changes its maps in place, and goes on with its own name for them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.hidden, self.fc = nn.Conv2d(3, 4, 1), Hidden(tripled), nn.Linear(4, 2)

    def forward(self, x):
        maps = self.hidden(self.conv(x))
        maps.sub_(1)
        functional.relu(maps, inplace=True)
        return self.fc(maps.mean((2, 3)))


@pytest.mark.filterwarnings("ignore:.*torch.jit.*")
@pytest.mark.parametrize(
    ("name", "rest"), [("hidden", lambda maps: (maps - 1).relu()), ("sub", lambda maps: maps.relu())]
)
def test_hidden_steps_and_those_in_place_can_be_replaced(name, rest):
    torch.manual_seed(0)
    model, x, maps = InPlace().eval(), torch.rand(3, 3, 5, 5), torch.randn(3, 4, 5, 5)
    place = [step.name for step in steps_of(model, x).steps].index(name)
    maps.requires_grad_()
    with watching_steps(model, x, lambda at, _: maps.clone() if at == place else None):
        found = model(x)
    truth = model.fc(rest(maps).mean((2, 3)))
    assert torch.allclose(found, truth, atol=1e-6)
    assert torch.allclose(*(torch.autograd.grad(each[:, 1].sum(), maps)[0] for each in (found, truth)), atol=1e-6)


class Written(nn.Module):
    """A view is taken, then its memory is changed by the name of what it is a view of, or by another view."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.first, self.second, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1), nn.Linear(4, 2)
        self.how = how

    def forward(self, x):
        kept = self.first(x)
        view, other = kept.flatten(2), self.second(kept.relu())
        if self.how == "base":
            kept.add_(other)
        elif self.how == "view":
            kept.view(-1, 4, 64).mul_(other.flatten(2))
        elif self.how == "apart":
            kept.clone().add_(other)
        return self.fc(view.mean(2))


@pytest.mark.parametrize(("how", "leads"), [("base", True), ("view", True), ("apart", False), ("not", False)])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_what_is_written_through_another_name_is_a_source(how, leads, device):
    layers = {
        layer.name: layer for layer in describe(Written(how).to(device), torch.rand(1, 3, 8, 8, device=device)).steps
    }
    assert layers["second"].leads == leads
    assert layers["first"].leads
    assert layers["first"].trunk
    model, x = Written(how), torch.rand(1, 3, 8, 8)
    gradient = torch.autograd.grad(model(x)[0, 0], model.second.weight, allow_unused=True)[0]
    assert (gradient is not None) == leads

"""Networks with a step that relevance has no rule for are refused, and the step is named."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.covered import check_covered
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from tests.relevance.bare import NETWORKS


@pytest.mark.parametrize(
    "architecture", [*NETWORKS, "vgg11_bn", "alexnet", "googlenet", "squeezenet1_0", "resnext50_32x4d"]
)
def test_networks_with_rules_for_all_steps(architecture):
    name, options = NETWORKS.get(architecture, (architecture, {}))
    check_covered(build(name, 3, options, seed=0))


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        ("efficientnet_b0", r"network 'EfficientNet': module 'features\.0\.2' \(SiLU\) has no rule"),
        ("mobilenet_v3_small", r"module 'features\.0\.2' \(Hardswish\) has no rule"),
        ("mobilenet_v2", r"module 'features\.3' \(InvertedResidual\) computes 'add', which has no rule"),
        ("densenet121", r"'features\.denseblock1\.denselayer1\.norm1' \(BatchNorm2d\) does not follow"),
        ("vit_b_16", r"network 'VisionTransformer': "),
        ("convnext_tiny", r"module 'features\.0\.1' \(LayerNorm2d\) has no rule"),
        ("inception_v3", r"module 'Mixed_5b' \(InceptionA\) computes 'avg_pool2d', which has no rule"),
    ],
)
def test_networks_of_torchvision_that_are_refused(architecture, words):
    with pytest.raises(InputError, match=words) as caught:
        composite_for("epsilon_plus_flat", build(architecture, 3, {}, seed=0))
    assert "efficientnet_b0_relu" in str(caught.value)  # what to do
    assert "\n" not in str(caught.value)


class Net(nn.Module):
    """Convolution, something, pooling, linear layer."""

    def __init__(self, middle):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.middle = middle
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(self.pool(self.middle(self.conv(x))).flatten(1))


class Doing(nn.Module):
    """Does something with what it gets."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


def doing(function, **parts):
    return Doing(function, inner=nn.Identity(), **parts)


ONE = nn.Conv2d(4, 4, 1)


@pytest.mark.parametrize(
    "middle",
    [
        nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.Dropout()),
        nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.BatchNorm2d(4), nn.ReLU6()),
        nn.AvgPool2d(2),
        nn.LeakyReLU(0.1),
        doing(lambda _, x: functional.relu(x)),
        doing(lambda _, x: x.view(x.size(0), 4, x.shape[2] * x.shape[3], 1)),
        doing(lambda m, x: m.relu(m.conv(m.relu(x))), relu=nn.ReLU(), conv=nn.Conv2d(4, 4, 1)),
        nn.Sequential(nn.Identity(), nn.Sequential()),
    ],
)
def test_steps_with_a_rule(middle):
    check_covered(Net(middle))


@pytest.mark.parametrize(
    ("middle", "words"),
    [
        (nn.GELU(), r"network 'Net': module 'middle' \(GELU\) has no rule"),
        (nn.SiLU(), r"module 'middle' \(SiLU\)"),
        (nn.Sigmoid(), r"module 'middle' \(Sigmoid\)"),
        (nn.Sequential(nn.ReLU(), nn.Softmax(1)), r"module 'middle\.1' \(Softmax\)"),
        (nn.GroupNorm(2, 4), r"module 'middle' \(GroupNorm\)"),
        (nn.BatchNorm2d(4, affine=False), r"module 'middle' \(BatchNorm2d\) does not follow"),
        (nn.Sequential(nn.ReLU(), nn.BatchNorm2d(4)), r"module 'middle\.1' \(BatchNorm2d\) does not follow"),
        (nn.Upsample(scale_factor=2), r"module 'middle' \(Upsample\)"),
        (doing(lambda _, x: x + x), r"module 'middle' \(Doing\) computes 'add'"),
        (doing(lambda _, x: x * 2), r"module 'middle' \(Doing\) computes 'mul'"),
        (doing(lambda _, x: x * torch.sigmoid(x)), r"module 'middle' \(Doing\) computes 'sigmoid'"),
        (doing(lambda _, x: x - x.mean((2, 3), keepdim=True)), r"computes '(sub|mean)'"),
        (doing(lambda _, x: functional.silu(x)), r"computes 'silu'"),
        (doing(lambda _, x: torch.stack([x, x]).sum(0)), r"computes '(stack|sum)'"),
        (doing(lambda _, x: x if x.sum() > 0 else -x), r"network 'Net' has code that torch\.fx cannot follow"),
        (doing(lambda m, x: m.conv(m.conv(x)), conv=ONE), r"module 'middle\.conv' \(Conv2d\) is called 2 times"),
        (Doing(lambda _, x: x), r"module 'middle' \(Doing\) has no rule"),
        (
            doing(lambda m, x: m.act(x) if x.sum() > 0 else x, act=nn.GELU()),
            r"network 'Net': module 'middle\.act' \(GELU\) has no rule",
        ),
    ],
)
def test_steps_without_a_rule(middle, words):
    with pytest.raises(InputError, match=words):
        check_covered(Net(middle))


class Late(nn.Module):
    """Its BatchNorm is defined behind a convolution, and called behind another."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.norm = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x):
        return self.two(self.norm(self.one(x))).flatten(1)


class Shared(nn.Module):
    """Its BatchNorm is merged, but something else takes the convolution's output too."""

    def __init__(self):
        super().__init__()
        self.one, self.norm, self.pool = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        maps = self.one(x)
        return torch.cat([self.norm(maps), maps], 1).flatten(1)


@pytest.mark.parametrize("kind", [Late, Shared])
def test_a_batchnorm_is_looked_for_where_it_is_called_not_where_it_is_defined(kind):
    with pytest.raises(InputError, match=r"module 'norm' \(BatchNorm2d\) does not follow"):
        check_covered(kind())


def test_the_network_is_left_as_it_was():
    model = build("densenet121", 2, {}, seed=0).train()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(InputError):
        check_covered(model)
    assert model.training
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())

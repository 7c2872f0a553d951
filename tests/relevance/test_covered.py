"""Networks with a step that relevance has no rule for are refused, and the step is named."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.explain.relevance.composites import COMPOSITES, composite_for
from lucidag.explain.relevance.covered import check_covered
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from tests.relevance.bare import NETWORKS

X = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
COVERED = [
    *("vgg11_bn", "alexnet", "squeezenet1_0", "resnext50_32x4d", "densenet121", "efficientnet_b0", "mnasnet0_5"),
    *("mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "regnet_x_400mf", "regnet_y_400mf"),
    *("convnext_tiny", "googlenet", "swin_t"),
]
SIZED = {"vit_b_16": ("vit_b_16", {"image_size": 64})}


@pytest.mark.parametrize("architecture", [*NETWORKS, *SIZED, *COVERED])
def test_networks_with_rules_for_all_steps(architecture):
    name, options = (NETWORKS | SIZED).get(architecture, (architecture, {}))
    check_covered(build(name, 3, options, seed=0), X)


@pytest.mark.parametrize("architecture", ["resnet18", "densenet121", "mobilenet_v2"])
def test_the_network_is_left_as_it_was(architecture):
    model = build(architecture, 2, {}, seed=0).train()
    model.get_parameter(next(name for name, _ in model.named_parameters())).requires_grad_(False)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    learning = [parameter.requires_grad for parameter in model.parameters()]
    check_covered(model, X)
    assert model.training
    assert "forward" not in vars(model)
    assert [parameter.requires_grad for parameter in model.parameters()] == learning
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


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
        nn.Sequential(nn.GELU(), nn.SiLU(), nn.Hardswish(), nn.ELU(), nn.Mish(), nn.Tanh(), nn.PReLU()),
        nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LayerNorm(64), nn.RMSNorm(64)),
        nn.BatchNorm2d(4, affine=False),
        nn.Sequential(nn.ReLU(), nn.BatchNorm2d(4)),
        nn.Upsample(scale_factor=2),
        doing(lambda _, x: functional.relu(x)),
        doing(lambda _, x: x.view(x.size(0), 4, x.shape[2] * x.shape[3], 1)),
        doing(lambda m, x: m.relu(m.conv(m.relu(x))), relu=nn.ReLU(), conv=nn.Conv2d(4, 4, 1)),
        doing(lambda _, x: x + x),
        doing(lambda _, x: x * 2),
        doing(lambda _, x: x * torch.sigmoid(x)),
        doing(lambda _, x: x - x.mean((2, 3), keepdim=True)),
        doing(lambda _, x: torch.stack([x, x]).sum(0)),
        doing(lambda _, x: x if x.sum() > 0 else -x),
        doing(lambda m, x: m.conv(m.conv(x)), conv=ONE),
        Doing(lambda _, x: x),
        nn.Sequential(nn.Identity(), nn.Sequential()),
        doing(lambda _, x: (x, x.exp())[0]),
    ],
)
def test_steps_with_a_rule(middle):
    check_covered(Net(middle), X)


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x**3

    @staticmethod
    def backward(ctx, slope):
        return slope


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = torch.jit.script(nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()))

    def forward(self, x):
        return self.part(x)


@pytest.mark.parametrize(
    ("middle", "words"),
    [
        (nn.Sigmoid(), r"network 'Net': module 'pool' \(AdaptiveAvgPool2d\)|its output is what 'sigmoid' gave"),
        (nn.Sequential(nn.ReLU(), nn.Softmax(1)), r"its output is what 'softmax' gave"),
        (nn.LogSigmoid(), r"network 'Net': module 'middle' \(LogSigmoid\) computes 'log_?sigmoid', which has no rule"),
        (nn.LocalResponseNorm(2), r"module 'middle' \(LocalResponseNorm\) computes 'local_response_norm'"),
        (nn.BatchNorm2d(4, track_running_stats=False), r"computes 'batch_norm' by the statistics of the batch"),
        (doing(lambda _, x: x * x), r"module 'middle' \(Doing\) computes 'mul' of several things that depend on"),
        (doing(lambda _, x: x**2), r"module 'middle' \(Doing\) computes 'pow'"),
        (doing(lambda _, x: 1 / x), r"computes '(rdiv|reciprocal)'"),
        (doing(lambda _, x: x + torch.sigmoid(x)), r"computes 'add' with what 'sigmoid' gave"),
        (doing(lambda _, x: torch.cat([x, x.softmax(1)])[:1]), r"computes 'cat' with what 'softmax' gave"),
        (doing(lambda _, x: x + x.detach()), r"computes 'add' with what 'detach' gave"),
        (doing(lambda _, x: x.detach()), r"its output is what 'detach' gave"),
        (doing(lambda _, x: functional.dropout(x)), r"computes 'dropout' at random, also in eval mode"),
        (doing(lambda _, x: x.sin_()), r"computes 'sin'"),
        (doing(lambda _, x: Cubed.apply(x)), r"made by code that torch does not show"),
        (Scripted(), r"its module 'middle\.part' is compiled"),
        (
            doing(lambda m, x: m.act(x) if x.sum() < 1e9 else x, act=nn.LogSigmoid()),
            r"network 'Net': module 'middle\.act' \(LogSigmoid\) computes",
        ),
    ],
)
def test_steps_without_a_rule(middle, words):
    with pytest.raises(InputError, match=words) as caught:
        check_covered(Net(middle), X)
    assert "leave this one out" in str(caught.value)  # what to do
    assert "\n" not in str(caught.value)


def test_the_first_of_several_steps_without_a_rule_is_named():
    middle = doing(lambda _, x: (x.cos() + 1).sin().cosh())
    with pytest.raises(InputError, match="computes 'cos',"):
        check_covered(Net(middle), X)


def test_attention_of_torch_is_covered():
    middle = doing(lambda m, x: m.attention(*[x[:, :, 0]] * 3)[0][..., None], attention=nn.MultiheadAttention(64, 1))
    for name in COMPOSITES:
        composite_for(name, Net(middle), X, X, X)


def test_a_compiled_network_is_refused():
    model = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    with pytest.raises(InputError, match=r"network .*: it is compiled"):
        check_covered(model, X)

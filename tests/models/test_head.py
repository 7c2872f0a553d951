import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.head import evaluating, linear_head
from lucidag.models.recorder import recording

# One small member of each of torchvision's families: the least side it takes, options, the layer's name.
FAMILIES = [
    ("alexnet", 64, {}, "classifier.6"),
    ("vgg11", 32, {}, "classifier.6"),
    ("resnet18", 32, {}, "fc"),
    ("resnext50_32x4d", 32, {}, "fc"),
    ("wide_resnet50_2", 32, {}, "fc"),
    ("densenet121", 32, {}, "classifier"),
    ("googlenet", 32, {}, "fc"),
    ("inception_v3", 75, {}, "fc"),
    ("mobilenet_v2", 32, {}, "classifier.1"),
    ("mobilenet_v3_small", 32, {}, "classifier.3"),
    ("mnasnet0_5", 32, {}, "classifier.1"),
    ("shufflenet_v2_x0_5", 32, {}, "fc"),
    ("efficientnet_b0", 32, {}, "classifier.1"),
    ("efficientnet_v2_s", 32, {}, "classifier.1"),
    ("regnet_y_400mf", 32, {}, "fc"),
    ("convnext_tiny", 32, {}, "classifier.2"),
    ("vit_b_16", 32, {"image_size": 32}, "heads.head"),
    ("swin_t", 32, {}, "head"),
    ("maxvit_t", 224, {}, "classifier.5"),
]


@pytest.mark.parametrize(("architecture", "size", "options", "layer"), FAMILIES)
def test_the_head_of_each_family(architecture, size, options, layer):
    model = build(architecture, 5, options, seed=0)
    example = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    assert linear_head(model, example) == layer
    module = model.get_submodule(layer)
    with evaluating(model), recording(model, [layer]) as calls, torch.inference_mode():
        logits = model(example)
    features = calls[-1].inputs[0].double()
    again = features @ module.weight.double().T + (0 if module.bias is None else module.bias.double())
    torch.testing.assert_close(again.float(), logits, rtol=1e-5, atol=1e-5)
    assert model.training


class Odd(nn.Module):
    """A network whose end is chosen by a word."""

    def __init__(self, end: str) -> None:
        super().__init__()
        self.end = end
        self.fc = nn.Linear(4, 3)
        self.extra = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> object:
        ends = {
            "plain": lambda: self.fc(x),
            "extra called later": lambda: (self.fc(x), self.extra(x))[0],
            "softmax": lambda: self.fc(x).softmax(1),
            "tuple": lambda: (self.fc(x), x),
            "three dimensions": lambda: self.fc(x[:, None]),
            "squeezed": lambda: self.fc(x[:, None])[:, 0],
        }
        return ends[self.end]()


@pytest.mark.parametrize(
    ("end", "expected"), [("plain", "fc"), ("extra called later", "fc"), ("softmax", None), ("squeezed", None)]
)
def test_only_a_layer_whose_output_is_the_output_counts(end, expected):
    assert linear_head(Odd(end), torch.randn(2, 4)) == expected


@pytest.mark.parametrize("end", ["tuple", "three dimensions"])
def test_an_output_that_is_no_logits_is_refused(end):
    with pytest.raises(InputError, match="must give N x classes logits"):
        linear_head(Odd(end), torch.randn(2, 4))


def test_no_hook_and_no_mode_stays_behind():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 3))
    model[0].eval()
    modes = [module.training for module in model.modules()]
    with pytest.raises(RuntimeError), recording(model, ["2"]):
        model(torch.randn(2, 5))
    with pytest.raises(RuntimeError):
        linear_head(model, torch.randn(2, 5))
    assert [module.training for module in model.modules()] == modes
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())


def test_dropout_before_the_layer_does_not_touch_the_features():
    model = nn.Sequential(nn.Dropout(0.9), nn.Linear(4, 3))
    example = torch.randn(5, 4)
    with evaluating(model), recording(model, ["1"]) as calls:
        model(example)
    assert torch.equal(calls[0].inputs[0], example)

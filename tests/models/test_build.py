import sys
import warnings

import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.build import build


def flat(model: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("architecture", ["resnet18", "lucidag.models.small:small_cnn"])
def test_the_seed_alone_decides_the_weights(architecture):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = flat(build(architecture, 3, {}, seed=5))
    torch.rand(7)
    second = flat(build(architecture, 3, {}, seed=5))
    assert torch.equal(first, second)
    assert not torch.equal(first, flat(build(architecture, 3, {}, seed=6)))
    torch.set_rng_state(before)
    build(architecture, 3, {}, seed=5)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_are_off_and_nothing_warns(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build(name, 4, {}, seed=0)
    assert model.train()(torch.randn(2, 3, 96, 96)).shape == (2, 4)


@pytest.mark.parametrize(
    ("architecture", "options", "words"),
    [
        ("resnet19", {}, "did you mean 'resnet1"),
        ("ResNet18", {}, "did you mean 'resnet18'"),
        ("fasterrcnn_resnet50_fpn", {}, "is not one of torchvision's"),
        ("resnet18", {"widht": 3}, "widht"),
        ("resnet18", {"num_classes": 3}, "'num_classes' is set by lucidag"),
        ("googlenet", {"aux_logits": True}, "'aux_logits' is set by lucidag"),
        ("no_such_module:net", {}, "module 'no_such_module' cannot be imported"),
        ("lucidag.models.small:small_cn", {}, "did you mean 'small_cnn'"),
        ("lucidag.models.small:small_cnn", {"depht": 2}, "depht"),
        ("lucidag.models.small:small_cnn", {"depth": 0}, "at least 1"),
        (":net", {}, "cannot be imported"),
        ("collections:OrderedDict", {}, "must give a torch.nn.Module"),
    ],
)
def test_a_wrong_architecture_is_one_sentence(architecture, options, words):
    with pytest.raises(InputError) as caught:
        build(architecture, 2, options, seed=0)
    assert words in str(caught.value)
    assert architecture in str(caught.value)


def test_a_factory_of_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "my_nets.py").write_text(
        "from torch import nn\ndef tiny(num_classes, hidden):\n"
        "    return nn.Sequential(nn.Flatten(), nn.LazyLinear(hidden), nn.Linear(hidden, num_classes))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    model = build("my_nets:tiny", 5, {"hidden": 3}, seed=0)
    assert model(torch.zeros(2, 1, 4, 4)).shape == (2, 5)
    sys.modules.pop("my_nets")


@pytest.mark.parametrize(("channels", "width", "depth"), [(1, 4, 1), (3, 5, 2), (1, 3, 3)])
def test_the_small_cnn_is_what_its_blocks_say(channels, width, depth):
    model = build(
        "lucidag.models.small:small_cnn", 6, {"channels": channels, "width": width, "depth": depth}, seed=1
    ).eval()
    images = torch.randn(2, channels, 12, 12)
    maps = model.blocks(images)
    assert maps.shape == (2, width * 2 ** (depth - 1), 12 // 2 ** (depth - 1), 12 // 2 ** (depth - 1))
    by_hand = maps.mean((2, 3)) @ model.fc.weight.T + model.fc.bias
    torch.testing.assert_close(model(images), by_hand)


def test_the_small_mlp_is_what_its_layers_say():
    model = build("lucidag.models.small:small_mlp", 3, {"inputs": 16, "hidden": [8, 5]}, seed=2).eval()
    images = torch.randn(4, 1, 4, 4)
    hidden = torch.relu(model.hidden1(images.flatten(1)))
    hidden = torch.relu(model.hidden2(hidden))
    assert hidden.shape == (4, 5)
    torch.testing.assert_close(model(images), model.fc(hidden))

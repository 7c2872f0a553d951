import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.explain.cam.layers import find_layer
from lucidag.explain.cam.split import Split, split
from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.fast import frozen
from lucidag.models.small import small_cnn
from tests.cam.networks import activations, image, network, seeded


def cut(model: nn.Module, layer: str, example: torch.Tensor) -> Split:
    ready = frozen(model)
    return split(ready, example, find_layer(describe(ready, example), layer))


def with_output(model: nn.Module, layer: str, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """Run the network on each image of a batch, with these outputs of the layer instead of its own."""
    handle = model.get_submodule(layer).register_forward_hook(lambda *_: output.clone())
    try:
        return model(x.expand(len(output), -1, -1, -1))
    finally:
        handle.remove()


def close(found: torch.Tensor, truth: torch.Tensor) -> None:
    torch.testing.assert_close(found, truth, rtol=1e-4, atol=1e-5 * float(truth.detach().abs().max()))


LAYERS = {
    "small_cnn": ["blocks", "blocks.block2.pool", "blocks.block1.conv"],
    "plain_cnn": ["0", "1", "2", "6", "7"],
    "resnet18": ["layer4", "layer4.1.bn2", "layer4.0.conv1", "layer3.0.downsample.0", "layer2.1.bn1", "conv1"],
    "bottleneck": ["layer4", "layer3.0.conv3", "layer3.0.bn2"],
    "mobilenet": ["features", "features.3", "features.3.conv.1.0"],
    "densenet": ["features", "features.denseblock2.denselayer1.conv1", "features.denseblock2", "features.conv0"],
    "shufflenet": ["conv5", "stage4.1.branch2.1", "stage3"],
}


@pytest.mark.parametrize(
    ("name", "layer", "seed"), seeded([(name, layer) for name in LAYERS for layer in LAYERS[name]])
)
def test_the_tail_is_the_rest_of_the_network(name, layer, seed):
    model, x = network(name, seed), image(name, seed)
    point = (made := cut(model, layer, image(name, 7, 2))).at(x)
    assert made.traced
    close(point.activations, activations(model, layer, x))
    close(point.tail(point.activations), model(x))
    changed = torch.cat([point.activations * factor for factor in (1.0, 0.3, -1.0)])
    before = changed.clone()
    close(point.tail(changed), with_output(model, layer, x, changed))
    assert torch.equal(changed, before)


@pytest.mark.parametrize("layer", ["layer4", "layer4.1.bn2", "layer3.0.conv1", "layer2"])
def test_gradients_through_the_tail(layer):
    model, x = network("resnet18", 1), image("resnet18", 1)
    leaf = activations(model, layer, x).requires_grad_(True)
    truth = torch.autograd.grad(with_output(model, layer, x, leaf)[0, 3], leaf)[0]
    point = cut(model, layer, x).at(x)
    mine = point.activations.requires_grad_(True)
    close(torch.autograd.grad(point.tail(mine)[0, 3], mine)[0], truth)


def test_layers_all_over_a_network_can_be_cut():
    model, x = network("densenet"), image("densenet")
    layers = [layer.name for layer in describe(model, x).path if layer.gives_maps()]
    assert len(layers) > 20
    assert {"relu", "features", "features.denseblock2.denselayer1"} <= set(layers)
    for layer in {*layers[::3], "relu", "features"}:
        point = (made := cut(model, layer, x)).at(x)
        assert made.traced
        close(point.tail(point.activations), model(x))


def test_only_what_stands_behind_the_layer_runs():
    x = image("resnet18")
    model = frozen(network("resnet18"))
    point = split(model, x, find_layer(describe(model, x), "layer3")).at(x)
    runs = []
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: runs.append(name))
    point.tail(point.activations)
    assert not any(name.startswith(("conv1", "layer1", "layer2", "layer3")) for name in runs)


def test_a_network_that_cannot_be_traced_runs_whole(capfd):
    model, x = network("branching", 2), image("branching", 2)
    plain, whole = cut(model.inner, "layer3", x), cut(model, "inner.layer3", x)
    assert plain.traced
    assert not whole.traced
    assert "'Branching' cannot be cut at 'inner.layer3'" in capfd.readouterr().err
    assert whole.head is None
    a, b = plain.at(x), whole.at(x)
    close(b.activations, a.activations)
    batch = torch.cat([a.activations, 0.2 * a.activations])
    close(b.tail(batch), a.tail(batch))
    leaf = a.activations.clone().requires_grad_(True)
    close(*(torch.autograd.grad(point.tail(leaf)[0, 0], leaf)[0] for point in (b, a)))
    assert torch.equal(leaf, a.activations)


class Sharing(nn.Module):
    """Changes in place what it has from before the layer: a graph does not show where the memory is the same."""

    def __init__(self, openly: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.fc, self.openly = nn.Linear(4, 2), openly

    def forward(self, x):
        kept = self.first(x)
        view, found = kept.flatten(2), self.second(kept.relu())
        kept.add_(found)
        return self.fc(view.mean(2) + found.mean((2, 3)) if self.openly else view.mean(2))


@pytest.mark.parametrize(("openly", "why"), [(True, "together miss its logits"), (False, "no way from the layer")])
def test_parts_that_miss_the_network_are_noticed(capfd, openly, why):
    torch.manual_seed(0)
    model, x = Sharing(openly), torch.rand(1, 3, 8, 8)
    made = cut(model, "second", x)
    assert not made.traced
    assert why in capfd.readouterr().err
    batch = torch.rand(2, 4, 8, 8)
    close(made.at(x).tail(batch), with_output(model, "second", x, batch))


def test_hooks_are_gone_even_after_a_failure():
    model = frozen(network("branching"))
    made = split(model, image("branching"), find_layer(describe(model, image("branching")), "inner.layer3"))
    point = made.at(image("branching", 1))
    with pytest.raises(RuntimeError):
        point.tail(torch.rand(1, 7, 4, 4))
    with pytest.raises(RuntimeError):
        made.at(torch.rand(1, 2, 64, 64))
    assert not any(module._forward_hooks for module in model.modules())


def test_maps_instead_of_logits_are_refused():
    with pytest.raises(InputError, match="'Sequential' must give N x classes logits"):
        cut(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), "0", torch.rand(1, 3, 8, 8))


class Ending(nn.Module):
    def __init__(self, end) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)
        self.pool, self.end = nn.AdaptiveAvgPool2d((1, 1)), end

    def forward(self, x):
        return self.end(self, self.conv(x))


POOLED = [
    lambda m, a: m.fc(m.pool(a).flatten(1)),
    lambda m, a: m.fc(torch.flatten(functional.adaptive_avg_pool2d(a, 1), 1)),
    lambda m, a: m.fc(a.mean([2, 3])),
    lambda m, a: m.fc(a.mean(dim=(-1, -2), keepdim=True).flatten(start_dim=1)),
    lambda m, a: m.fc(functional.dropout(torch.mean(a, (2, 3)), 0.5, m.training)),
]
OTHERS = [
    lambda m, a: m.fc(a.relu().mean([2, 3])),
    lambda m, a: m.fc(a.mean([2, 3]).relu()),
    lambda m, a: m.fc(a.mean([2, 3])).softmax(1),
    lambda m, a: m.fc(a.mean([2, 3])) * 2,
    lambda m, a: m.fc(a.amax([2, 3])),
    lambda m, a: m.fc(functional.adaptive_avg_pool2d(a, 2)[:, :, 0, 0]),
    lambda m, a: m.fc(a.mean([2, 3]) + a.mean([2, 3])),
    lambda m, a: m.fc(a.mean([1, 3])[:, :4]),
    lambda m, a: functional.linear(a.mean([2, 3]), m.fc.weight),
    lambda m, a: m.fc(m.fc(a.mean([2, 3])).repeat(1, 2)),
]


@pytest.mark.parametrize("end", POOLED)
def test_pooling_and_a_linear_layer_are_recognised(end):
    model = Ending(end)
    head = cut(model, "conv", torch.rand(1, 3, 8, 8)).head
    assert torch.equal(head.weight, model.fc.weight)


@pytest.mark.parametrize("end", OTHERS)
def test_nothing_else_is_taken_for_it(end):
    made = cut(Ending(end), "conv", torch.rand(1, 3, 8, 8))
    assert made.traced
    assert made.head is None


def test_the_head_of_whole_networks():
    places = {"small_cnn": "blocks", "resnet18": "layer4", "mobilenet": "features", "shufflenet": "conv5"}
    for name, layer in places.items():
        assert isinstance(cut(network(name), layer, image(name)).head, nn.Linear)
    assert cut(small_cnn(3), "blocks.block2", image("small_cnn")).head is None
    # DenseNet has a ReLU between its features and the pooling, VGG its positions in the linear layer.
    assert cut(network("densenet"), "features", image("densenet")).head is None
    assert cut(network("plain_cnn"), "6", image("plain_cnn")).head is None
    assert cut(network("resnet18"), "layer4.1.bn2", image("resnet18")).head is None

"""Conditional relevance against zennit-crp and against what must add up, beside what goes wrong without care."""

from dataclasses import dataclass
from functools import cache

import pytest
import torch
from torch import nn
from torchvision.models import resnet18
from zennit.composites import LayerMapComposite
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, Pass, WSquare, ZBox, ZPlus

from lucidag.data.images import decode
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.conditional import even_batch
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.explain.relevance.shared import SharedComposite
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from tests.relevance.residual import (
    DOWNSAMPLED,
    INSIDE,
    WHOLE,
    all_relevance,
    composite,
    conditional,
    image,
    library,
    network,
    rounding,
)

TARGET, PARTS = 2, 4


def apart(found, expected):
    """Give the greatest difference, in parts of the greatest value."""
    return float((found - expected).abs().max() / expected.abs().max())


def correlations(maps):
    """Give those of all pairs of maps."""
    matrix = torch.corrcoef(maps.flatten(1).double())
    return matrix[tuple(torch.triu_indices(len(maps), len(maps), 1))]


@dataclass(frozen=True)
class Case:
    """The maps of one unit, of parts that together are all units, of all units and of none, in three ways."""

    ours: torch.Tensor
    right: torch.Tensor  # zennit-crp with exclude_parallel
    wrong: torch.Tensor | None  # and without; there is nothing beside a whole block
    whole: torch.Tensor  # zennit alone, without a condition
    rounding: float

    def parts(self, maps):
        return maps[1 : 1 + PARTS]


# EfficientNet's block adds to the output of its last BatchNorm in place, and zennit-crp reads it afterwards. The
# BatchNorm is merged, so its units are those of the convolution.
THE_SAME = {"features.4.2.block.3.1": "features.4.2.block.3.0"}


@cache
def case(name, layer):
    model, x = network(name), image(name)
    units = layer_relevance(model, composite(model), x, [layer], [TARGET]).relevance[layer].shape[1]
    parts = [list(range(start, units, PARTS)) for start in range(PARTS)]
    selections = [[3], *parts, list(range(units)), []]
    return Case(
        conditional(model, composite(model), x, layer, selections, TARGET, batch_size=4).maps,
        library(model, x, THE_SAME.get(layer, layer), selections, TARGET),
        None if (name, layer) in WHOLE else library(model, x, layer, selections, TARGET, exclude_parallel=False),
        all_relevance(model, x, TARGET),
        rounding(name),
    )


LARGE = "resnet50"  # what it shows, the narrow bottleneck does too


def quick(cases):
    """Leave the large network to the long form of the suite."""
    return [pytest.param(*each, marks=pytest.mark.long if each[0] == LARGE else ()) for each in cases]


@pytest.mark.parametrize(("name", "layer"), quick(INSIDE + DOWNSAMPLED + WHOLE))
def test_maps_are_those_of_zennit_crp(name, layer):
    given = case(name, layer)
    assert apart(given.ours, given.right) < given.rounding


@pytest.mark.parametrize(("name", "layer"), quick(INSIDE + DOWNSAMPLED + WHOLE))
def test_no_unit_no_relevance(name, layer):
    assert not case(name, layer).ours[-1].any()


@pytest.mark.parametrize(("name", "layer"), quick(INSIDE + DOWNSAMPLED + WHOLE))
def test_parts_add_up(name, layer):
    given = case(name, layer)
    assert apart(given.parts(given.ours).sum(0), given.ours[-2]) < given.rounding


@pytest.mark.parametrize(("name", "layer"), quick(WHOLE))
def test_the_units_of_a_block_make_the_whole(name, layer):
    given = case(name, layer)
    assert apart(given.parts(given.ours).sum(0), given.whole) < given.rounding


@pytest.mark.parametrize(("name", "layer"), quick(INSIDE + DOWNSAMPLED))
def test_branch_and_what_is_beside_it_make_the_whole(name, layer):
    given = case(name, layer)
    beside = given.wrong[-1]
    assert apart(given.parts(given.ours).sum(0) + beside, given.whole) < given.rounding
    assert beside.abs().sum() > 0.05 * given.whole.abs().sum()


@pytest.mark.parametrize(("name", "layer"), quick(INSIDE + DOWNSAMPLED))
def test_wrong_variant_without_exclude_parallel(name, layer):
    """What flows beside the layer is in every map: it is left of no unit, and the parts have it once each."""
    given = case(name, layer)
    beside, parts = given.wrong[-1], given.parts(given.wrong)
    assert beside.abs().sum() > 0.05 * given.whole.abs().sum()
    assert apart(parts - beside, given.parts(given.ours)) < 2 * given.rounding
    assert apart(parts.sum(0), given.whole) > 0.1
    assert apart(parts.sum(0) - given.whole, (PARTS - 1) * beside) < given.rounding


@pytest.mark.parametrize("layer", ["layer2.1.conv1", "layer3.0.downsample.0", "layer4.0"])
def test_single_units_make_the_map_of_all(layer):
    model, x = network("small_resnet"), image()
    single = conditional(model, composite(model), x, layer, None, TARGET)
    assert single.selections == tuple((unit,) for unit in range(len(single.relevance)))
    assert apart(single.maps.sum(0), case("small_resnet", layer).ours[-2]) < 1e-8


@pytest.mark.parametrize("rules", ["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"])
@pytest.mark.parametrize("seed", [0, 1])
def test_maps_of_each_composite_are_those_of_zennit_crp(rules, seed):
    model, x = network("small_resnet", seed), image(seed=seed)
    found = conditional(model, composite(model, rules), x, "layer3.0.conv2", None, TARGET, batch_size=5)
    expected = library(model, x, "layer3.0.conv2", found.selections, TARGET, name=rules)
    assert len(found.maps) == 32
    assert apart(found.maps, expected) < 1e-8


def test_the_batch_size_changes_nothing():
    model, x = network("small_resnet"), image()
    maps = [conditional(model, composite(model), x, "layer2.1", None, TARGET, each).maps for each in (1, 3, 64)]
    assert apart(maps[1], maps[0]) < 1e-6
    assert apart(maps[2], maps[0]) < 1e-6


@pytest.mark.parametrize(
    ("name", "layer"),
    quick(
        [
            ("small_resnet", "layer3.0.conv2"),
            ("small_resnet", "layer2.1.conv1"),
            ("resnet18", "layer3.1.conv2"),
            ("bottleneck", "layer2.0.conv3"),
            ("resnet50", "layer2.0.conv3"),
            ("efficientnet", "features.3.1.block.1.0"),
            ("attention", "layer2.1.conv2"),
        ]
    ),
)
def test_maps_of_units_differ(name, layer):
    model, x = network(name), image(name)
    relevance = layer_relevance(model, composite(model), x, [layer], [TARGET]).relevance[layer][0]
    units = [[unit] for unit in relevance.flatten(1).abs().sum(1).topk(6).indices.tolist()]
    maps = conditional(model, composite(model), x, layer, units, TARGET).maps
    assert correlations(maps).max() < 0.99
    assert correlations(maps).median() < 0.9


@pytest.mark.shared_data
def test_the_published_case(shared_data):
    """ResNet-18 of ImageNet at layer4.1.conv2: with the skip in them, all maps are one."""
    model = resnet18().eval()
    model.load_state_dict(torch.load(shared_data / "weights" / "resnet18-imagenet.pth", weights_only=True))
    inputs = Inputs(112, 3, "crop", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    path = shared_data / "imagenet10" / "n02098286_West_Highland_white_terrier.JPEG"
    x, layer = inputs.normalise(inputs.prepare(decode(path))[None]), "layer4.1.conv2"
    relevance = layer_relevance(model, composite(model), x, [layer]).relevance[layer][0]
    units = [[int(unit)] for unit in relevance.abs().sum((1, 2)).nonzero()[::40]]
    found = conditional(model, composite(model), x, layer, units)
    right = library(model, x, layer, units, found.target)
    wrong = library(model, x, layer, units, found.target, exclude_parallel=False)
    assert apart(found.maps, right) < 1e-5
    assert correlations(wrong).mean() > 0.99
    assert abs(correlations(found.maps).mean()) < 0.3


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("name", "layer"),
    quick(
        [
            ("small_resnet", "layer3.0.conv2"),
            ("resnet18", "layer4.1.conv2"),
            ("bottleneck", "layer2.0.conv3"),
            ("resnet50", "layer2.0.conv3"),
            ("efficientnet_b0", "features.3.1.block.1.0"),
            ("attention", "layer4.1.bn1"),
        ]
    ),
)
def test_a_map_has_the_relevance_of_its_unit(name, layer, seed):
    model, x = network(name, seed, biases=False), image(name, seed)
    found = conditional(model, composite(model), x, layer, [[unit] for unit in range(0, 32, 3)], TARGET)
    # Of few units none may have positive weights for what is active: z+ then loses their relevance.
    assert apart(found.maps.sum((1, 2)), found.relevance.sum((1, 2))[:32:3]) < (
        3e-2 if name == "small_resnet" else 3e-3
    )


@pytest.mark.parametrize(
    "name", ["small_resnet", "resnet18", "bottleneck", pytest.param(LARGE, marks=pytest.mark.long), "efficientnet"]
)
def test_wrong_variant_without_canonizers(name):
    """The gradient of an addition gives both branches all of the relevance, so maps have more than their units."""
    layer = {"small_resnet": "layer3.0.conv2", "efficientnet": "features.3.1.block.1.0"}.get(name, "layer4.0.conv2")
    model, x = network(name, biases=False).double(), image(name).double()
    units = [[unit] for unit in range(8)]
    found = conditional(model, composite(model, canonizers=False), x, layer, units, TARGET)
    assert apart(found.maps.sum((1, 2)), found.relevance[:8].sum((1, 2))) > 0.3


@pytest.mark.parametrize(
    "name",
    [
        *("small_resnet", "resnet18", "bottleneck", "efficientnet", "attention"),
        pytest.param(LARGE, marks=pytest.mark.long),
    ],
)
def test_relevance_of_whole_layers_is_that_of_the_logit(name):
    model, x = network(name, biases=False), image(name, count=3)
    layers = [layer for other, layer in WHOLE if other == name]
    found = layer_relevance(model, composite(model), x, layers, [0, 3, 1])
    logits = found.logits[torch.arange(3), found.targets]
    assert torch.allclose(logits, model(x)[torch.arange(3), [0, 3, 1]], rtol=1e-3)
    for layer in layers:
        assert apart(found.relevance[layer].sum((1, 2, 3)), logits) < 1e-2


def test_relevance_of_a_branch_and_its_skip_is_that_of_their_block():
    model, x = network("resnet18", biases=False), image("resnet18", count=2)
    layers = ["layer4.0", "layer4.0.bn2", "layer4.0.downsample.1"]
    found = layer_relevance(model, composite(model), x, layers).relevance
    block, branch, skip = (found[layer].sum((1, 2, 3)) for layer in layers)
    assert apart(branch + skip, block) < 1e-4


def test_relevance_of_images_together_is_that_of_each():
    model, x = network("attention"), image("attention", count=3)
    layers = ["layer2.1.conv1", "layer4.1", "avgpool", "fc"]
    together = layer_relevance(model, composite(model), x, layers)
    assert together.targets.tolist() == model(x).argmax(1).tolist()
    for place in range(3):
        alone = layer_relevance(model, composite(model), x[place : place + 1], layers, together.targets[[place]])
        for layer in layers:
            assert apart(together.relevance[layer][place], alone.relevance[layer][0]) < 1e-4
            assert apart(together.activations[layer][place], alone.activations[layer][0]) < 1e-4


def test_a_module_that_runs_twice_is_refused():
    model, x = network("resnet18"), image("resnet18")
    with pytest.raises(InputError, match=r"layer 'layer4\.1\.relu' runs more than once in a pass"):
        conditional(model, composite(model), x, "layer4.1.relu", [[0]])


@pytest.mark.parametrize(
    ("layer", "selections", "target", "says"),
    [
        ("layer9", None, None, r"layer 'layer9' does not exist"),
        ("layer1.0", [[16]], None, r"layer 'layer1\.0' has units 0 to 7, not 16"),
        ("layer1.0", [[-1]], None, r"units 0 to 7, not -1"),
        ("layer1.0", None, 4, r"target 4: each image needs one class of 0 to 3"),
    ],
)
def test_what_does_not_exist_is_named(layer, selections, target, says):
    model = network("small_resnet")
    with pytest.raises(InputError, match=says):
        conditional(model, composite(model), image(), layer, selections, target)


def test_two_images_are_refused():
    model = network("small_resnet")
    with pytest.raises(InputError, match="one image at a time"):
        conditional(model, composite(model), image(count=2), "layer1.0")


def test_relevance_that_is_not_finite_is_named():
    model = network("small_resnet")
    nn.init.constant_(model.fc.bias, float("inf"))
    with pytest.raises(InputError, match=r"layer 'layer1\.0': its relevance is not finite"):
        conditional(model, composite(model), image(), "layer1.0")
    with pytest.raises(InputError, match=r"layer 'fc': its relevance is not finite"):
        layer_relevance(model, composite(model), image(), ["fc"])


def test_maps_that_are_not_finite_are_named():
    """Where only what is before the layer is at fault."""
    model, box = network("small_resnet"), torch.full((1, 3, 1, 1), float("inf"))
    rules = composite_for("epsilon_gamma_box", model, image(), -box, box)
    assert torch.isfinite(layer_relevance(model, rules, image(), ["layer1.0"]).relevance["layer1.0"]).all()
    with pytest.raises(InputError, match=r"layer 'layer1\.0': its relevance is not finite"):
        conditional(model, rules, image(), "layer1.0", [[0]])


class InPlace(nn.Module):
    """What follows its first layer works in place, and is no module that a rule could give a copy."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.fc = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3), nn.Linear(4 * 6 * 6, 3)

    def forward(self, x):
        return self.fc(self.two(self.one(x).relu_()).flatten(1))


def test_a_layer_is_kept_as_it_was_before_something_in_place():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = InPlace().double()
    x = image()[:, :, :10, :10]
    found = layer_relevance(model, composite(model, example=x), x, ["one"]).activations["one"]
    assert torch.equal(found, model.one(x).detach())
    maps = conditional(model, composite(model, example=x), x, "one")
    assert torch.equal(maps.activation, found[0])
    for layer in ("one", "two"):
        maps = conditional(model, composite(model, example=x), x, layer)
        assert apart(maps.maps, library(model, x, layer, maps.selections, maps.target, example=x)) < 1e-8


@pytest.mark.parametrize("layer", ["layer3.0.conv2", "relu7", "layer3.0.relu"])
def test_the_network_is_left_as_it_was(layer):
    model, x = network("small_resnet").train(), image()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    try:
        conditional(model, composite(model), x, layer, [[0]])
    except InputError:
        assert layer != "layer3.0.conv2"
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not any("canonizer_sum" in dict(module.named_children()) for module in model.modules())


class Odd(nn.Module):
    """Modules of many kinds, some of which have no transpose of their own here, and an activation in place.

    What goes into that is used again: under zennit's rules it is not changed.
    """

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(6, 12, 3, groups=3, dilation=2)
        self.same = nn.Conv2d(12, 8, 3, padding="same")
        self.around = nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular")
        self.wider = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.act = nn.ReLU(inplace=True)
        self.most = nn.MaxPool2d(2)
        self.mean = nn.AvgPool2d(2)
        self.flat = nn.Flatten()
        self.fc = nn.Linear(4 * 11 * 11, 5)

    def forward(self, x):
        x = self.first(x)
        x = self.grouped(torch.cat([self.act(x), x], 1))
        x = self.around(self.same(x) + 1)
        return self.fc(self.flat(self.mean(self.most(self.act(self.wider(x))))))


RULES = {
    "z_plus": ZPlus,
    "epsilon": lambda: Epsilon(0.1),
    "gamma": lambda: Gamma(0.3),
    "alpha_beta": lambda: AlphaBeta(2, 1),
    "flat": Flat,
    "w_square": WSquare,
    "box": lambda: ZBox(-4.0, 4.0),
    "norm": Norm,
}


@pytest.mark.parametrize("rule", RULES)
def test_shared_rules_are_zennits(rule):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Odd().eval().double()
    box = rule == "box"
    linear = (nn.Conv2d,) if box else (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    rules = LayerMapComposite([((nn.ReLU,), Pass()), ((nn.AvgPool2d,), Norm()), (linear, RULES[rule]())])
    x = image()[:, :, :52, :52]
    start = torch.randn(3, 5, generator=torch.Generator().manual_seed(2)).double()
    found = []
    for each in (rules, SharedComposite(rules)):
        leaf = x.repeat(3, 1, 1, 1).requires_grad_()
        with each.context(model):
            found.append([*torch.autograd.grad(model(leaf), leaf, start)])
    assert apart(found[1][0], found[0][0]) < 1e-9


def test_batches_are_of_nearly_equal_size():
    assert [even_batch(count, 8) for count in (0, 1, 8, 9, 17, 512)] == [1, 1, 8, 5, 6, 8]

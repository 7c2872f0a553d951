"""Relevance of pixels: against gradient times input, against what must add up, and what goes wrong without care."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock
from zennit.canonizers import Canonizer
from zennit.composites import LayerMapComposite
from zennit.rules import Epsilon
from zennit.types import Linear

from lucidag.explain.relevance.canonizers import MergeBatchNorm, canonizers
from lucidag.explain.relevance.composites import COMPOSITES, composite_for
from lucidag.explain.relevance.form import form_of
from lucidag.explain.relevance.forward import ByFunction
from lucidag.explain.relevance.functions import RULES, Rule
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.explain.relevance.lrp import Relevance, ending_of, lrp, refuse_exploded
from lucidag.ground.errors import InputError
from lucidag.models.attention import ChannelAttention
from lucidag.models.build import build
from lucidag.models.recorder import watching
from tests.relevance.bare import bare, gate_factors, images, with_biases

LOW, HIGH = torch.full((1, 3, 1, 1), -9.0), torch.full((1, 3, 1, 1), 9.0)


def composite(name, model):
    return composite_for(name, model, images(0).to(next(model.parameters())), LOW, HIGH)


def shares(model, x, which):
    """Give the sum of relevance in parts of the logit."""
    found = lrp(model, x, None, which)
    return found.totals / found.logits


# Rules and networks where each unit with relevance has contributions of the signs that its rule divides by.
@pytest.mark.parametrize(
    ("network", "name", "seeds"),
    [
        *(("small_cnn", name, (0, 1, 2)) for name in COMPOSITES),
        ("resnet18", "epsilon_plus_flat", (0,)),
        ("resnet18", "epsilon_alpha2_beta1", (0,)),
        ("resnet50", "epsilon_plus_flat", (0,)),
        ("resnet50", "epsilon_alpha2_beta1", (1,)),
        ("attention_resnet50", "epsilon_plus_flat", (0,)),
        ("attention_resnet50", "epsilon_alpha2_beta1", (1,)),
        ("efficientnet_b0", "epsilon_plus_flat", (0, 1)),
        *((network, "epsilon_gamma_box", (0,)) for network in ("small_resnet", "small_efficientnet", "small_fused")),
        *((network, "epsilon_gamma_box", (0,)) for network in ("resnet18", "attention_resnet50", "efficientnet_b0")),
    ],
)
def test_without_biases_the_pixels_have_the_logit(network, name, seeds):
    for seed in seeds:
        # In single precision, as they are used.
        model, x = bare(network, seed).float(), images(seed).float()
        np.testing.assert_allclose(shares(model, x, composite(name, model)), 1, atol=0.01)


def test_with_biases_they_do_not():
    model = with_biases("resnet18", 0).float()
    assert abs(shares(model, images(0).float(), composite("epsilon_plus_flat", model)) - 1).max() > 0.1


def lost(model, x, which):
    """Give what the z+ rule shares out to nobody: relevance of units without a positive contribution, by hand."""
    layers = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d) and ".fc" not in name]
    relevance = layer_relevance(model, which, x, layers).relevance
    inputs = {}
    handles = [
        model.get_submodule(name).register_forward_pre_hook(lambda _, given, name=name: inputs.update({name: given[0]}))
        for name in layers
    ]
    total = torch.zeros(len(x), dtype=x.dtype)
    with torch.no_grad(), which.context(model):
        model(x)
        for name in layers[1:]:  # the first has the flat rule
            conv, given = model.get_submodule(name), inputs[name]
            how = (None, conv.stride, conv.padding, conv.dilation, conv.groups)
            positive = nn.functional.conv2d(given.clamp(min=0), conv.weight.clamp(min=0), *how)
            positive += nn.functional.conv2d(given.clamp(max=0), conv.weight.clamp(max=0), *how)
            total += (relevance[name] * 1e-6 / (positive + 1e-6)).sum((1, 2, 3))
    for handle in handles:
        handle.remove()
    return total.numpy()


@pytest.mark.parametrize("network", ["small_resnet", "attention_small_resnet", "small_efficientnet"])
def test_what_small_networks_miss_is_what_the_z_plus_rule_loses(network):
    """They are so narrow that some units have no positive contribution."""
    missed = []
    for seed in range(3):
        model, x = bare(network, seed), images(seed, 2)
        which = composite("epsilon_plus_flat", model)
        found = lrp(model, x, None, which)
        np.testing.assert_allclose((found.totals + lost(model, x, which)) / found.logits, 1, atol=1e-4)
        missed += [*abs(found.totals / found.logits - 1)]
    assert 0.005 < max(missed) < 0.06


@pytest.mark.parametrize(
    ("weights", "name", "expected"),
    [
        ((1.0, 2.0), "epsilon_plus_flat", 1),
        ((1.0, 2.0), "epsilon_alpha2_beta1", 2),
        ((-1.0, 2.0), "epsilon_alpha2_beta1", 1),
        ((-1.0, -2.0), "epsilon_plus_flat", 0),
        ((-1.0, -2.0), "epsilon_alpha2_beta1", -1),
    ],
)
def test_where_the_rules_themselves_do_not_conserve(weights, name, expected):
    """A convolution without positive or without negative contributions, behind one that has both."""
    model = nn.Sequential(
        nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 1, 1, bias=False), nn.Flatten(), nn.Linear(1, 1)
    )
    with torch.no_grad():
        model[0].weight.copy_(torch.ones(2, 1, 1, 1))
        model[2].weight.copy_(torch.tensor(weights).view(1, 2, 1, 1))
        model[4].weight.fill_(1.0)
        model[4].bias.zero_()
    # The first convolution has only positive contributions: alpha-beta doubles there too.
    first = 2 if "alpha" in name else 1
    found = shares(model, torch.ones(1, 1, 1, 1), composite_for(name, model, torch.ones(1, 1, 1, 1)))
    np.testing.assert_allclose(found, first * expected, atol=1e-4)


PLAIN = Rule(lambda call: call.run(), takes_factors=True)  # autograd's gradient


def without(model, *names, name="epsilon_plus_flat"):
    """Give a composite that leaves some functions to autograd."""
    which = composite(name, model)
    (functions,) = (each for each in which.canonizers if isinstance(each, ByFunction))
    assert set(names) <= set(RULES)
    functions.rules = {**RULES, **dict.fromkeys(names, PLAIN)}
    return which


@pytest.mark.parametrize(
    ("network", "names"),
    [
        ("attention_small_resnet", ("softmax", "mul")),
        ("efficientnet_b0", ("sigmoid", "mul")),
        ("efficientnet_b0", ("add",)),
        ("small_fused", ("add",)),
        ("small_resnet", ("add",)),
        ("resnet18", ("add",)),
        ("resnet50", ("add",)),
    ],
)
def test_without_the_rule_relevance_is_not_conserved(network, names):
    model, x = bare(network, 0).float(), images(0).float()
    assert abs(shares(model, x, without(model, *names)) - 1).max() > 0.05


@pytest.mark.parametrize("network", ["attention_small_resnet", "efficientnet_b0"])
def test_without_the_rule_of_the_gate_relevance_is_not_conserved(network):
    """Its gradient multiplies relevance by the factors."""
    model, x = bare(network, 0).float(), images(0).float()
    assert abs(shares(model, x, without(model, "mul")) - 1).max() > 0.05


def test_batchnorm_must_be_merged():
    """Unmerged, its gradient multiplies relevance by its scale."""
    model, x = bare("resnet18", 0).float(), images(0).float()
    which = without(model, "batch_norm")
    which.canonizers = [each for each in which.canonizers if not isinstance(each, MergeBatchNorm)]
    assert abs(shares(model, x, which) - 1).max() > 0.05


def gradient_times_input(model, x, target):
    """By autograd alone, each gate's factors held at what they are for this image."""
    held = copy.deepcopy(model)
    for module in held.modules():
        factors = gate_factors(module)
        if factors is not None:
            hold(module, factors)
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(held(leaf)[:, target].sum(), leaf)
    return (slope * x).sum(1).numpy()


def hold(module, factors):
    module.forward = lambda maps: maps * factors(maps.detach()).detach()


@pytest.mark.parametrize(
    "network",
    ["small_cnn", "small_resnet", "attention_small_resnet", "small_efficientnet", "small_fused", "resnet18"],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_by_the_epsilon_rule_alone_it_is_gradient_times_input(network, seed):
    """As on any network of ReLU; so gates, sums and merging neither lose nor move relevance, with biases too."""
    model, x = with_biases(network, seed), images(seed, 2)
    which = LayerMapComposite([((Linear,), Epsilon(1e-15))], canonizers(form_of(model, x)))
    found = lrp(model, x, [1, 1], which, limit=np.inf).maps
    expected = gradient_times_input(model, x, 1)
    # zennit adds 1e-6 to each sum of two branches, which shows where that is near zero.
    assert np.linalg.norm(found - expected) < 1e-3 * np.linalg.norm(expected)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("hidden", [(), (7,), (9, 6)])
def test_linear_layers_have_the_epsilon_rule(seed, hidden):
    model = build("lucidag.models.small:small_mlp", 3, {"inputs": 2 * 5 * 5, "hidden": hidden}, seed).double()
    # Large, so that the 1e-6 of the rule is nothing beside the units.
    x = 1e3 * torch.rand(4, 2, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    targets = [0, 2, 1, 2]
    found = lrp(model, x, targets, composite_for("epsilon_alpha2_beta1", model, x))
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(leaf)[range(4), targets].sum(), leaf)
    expected = (slope * x).sum(1).numpy()
    np.testing.assert_allclose(found.maps, expected, atol=1e-5 * abs(expected).max())
    np.testing.assert_allclose(found.logits, model(x).detach().numpy()[range(4), targets], rtol=1e-6)
    np.testing.assert_allclose(found.totals, found.maps.sum((1, 2)), rtol=1e-4)


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ("attention_small_resnet", "epsilon_alpha2_beta1"),
        ("attention_small_resnet", "epsilon_plus_flat"),
        ("small_efficientnet", "epsilon_plus_flat"),
        ("small_cnn", "epsilon_gamma_box"),
    ],
)
def test_a_batch_gives_what_its_images_give(network, name):
    model, x = with_biases(network, 1), images(3, 5)
    which = composite(name, model)
    targets = [0, 3, 1, 2, 0]
    whole = lrp(model, x, targets, which)
    np.testing.assert_allclose(whole.logits, model(x).detach()[range(5), targets], rtol=1e-5)
    assert whole.maps.shape == (5, 64, 64)
    assert whole.maps.dtype == np.float32
    assert whole.maps.std() > 0
    parted = lrp(model, x, targets, which, batch_size=2)
    alone = [lrp(model, x[row : row + 1], targets[row : row + 1], which) for row in range(5)]
    for row, single in enumerate(alone):
        for other in (parted.maps[row], single.maps[0]):
            np.testing.assert_allclose(whole.maps[row], other, atol=1e-5 * abs(whole.maps[row]).max())
        np.testing.assert_allclose(whole.growth[row], single.growth[0], rtol=1e-4)


def hooks(model):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)


@pytest.mark.parametrize("network", ["small_resnet", "attention_small_resnet", "small_efficientnet"])
@pytest.mark.parametrize("targets", [None, [7]])
def test_the_network_is_left_as_it_was_even_after_an_error(network, targets):
    model = with_biases(network, 0).train()
    model.get_submodule(next(iter(dict(model.named_children())))).eval()
    before = copy.deepcopy(model)
    if targets is None:
        lrp(model, images(0), targets, composite("epsilon_gamma_box", model))
    else:
        with pytest.raises(InputError, match="0 to 3"):
            lrp(model, images(0), targets, composite("epsilon_gamma_box", model))
    assert [name for name, _ in model.named_modules()] == [name for name, _ in before.named_modules()]
    assert all(
        torch.equal(a, b) for a, b in zip(model.state_dict().values(), before.state_dict().values(), strict=True)
    )
    assert [m.training for m in model.modules()] == [m.training for m in before.modules()]
    assert [getattr(m, "eps", None) for m in model.modules()] == [getattr(m, "eps", None) for m in before.modules()]
    assert [name for name, _ in model.named_parameters()] == [name for name, _ in before.named_parameters()]
    assert all("forward" not in vars(m) for m in model.modules())
    assert hooks(model) == 0
    assert all(value.grad is None for value in model.parameters())


def test_relevance_that_explodes_is_found_and_named():
    model, x = bare("resnet50", 1).float(), images(1, 2).float()
    name = "epsilon_unsigned_gamma_box"
    found = lrp(model, x, None, composite(name, model))
    assert found.exploded.all()
    assert (found.growth > 1e4).all()
    with pytest.raises(InputError, match=rf"'{name}': the relevance of 'a', 'b' explodes \(it grows .*e\+"):
        refuse_exploded(found, name, ["a", "b"])
    for other in ("epsilon_plus_flat", "epsilon_gamma_box"):
        fine = lrp(model, x, None, composite(other, model))
        assert not fine.exploded.any()
        assert (fine.growth < 10).all()
        refuse_exploded(fine, other, ["a", "b"])


@pytest.mark.parametrize(
    ("composite", "images", "words"),
    [
        ("epsilon_gamma_box", (), r"^composite 'epsilon_gamma_box': the relevance explodes \(it grows 2e\+03 times"),
        (
            "epsilon_gamma_box",
            "abcdef",
            r"relevance of 'b', 'c', 'd' and 2 more explodes .*'epsilon_plus_flat' for this",
        ),
        ("epsilon_plus_flat", "abcdef", r"from the logit to the pixels\): leave this network out$"),
    ],
)
def test_the_sentence_about_an_explosion(composite, images, words):
    growth = np.array([1.0, 2e3, np.nan, np.inf, 1e9, 1e8])
    found = Relevance(np.zeros((6, 2, 2), np.float32), growth, growth.astype(np.float32), growth, ~(growth <= 100))
    with pytest.raises(InputError, match=words):
        refuse_exploded(found, composite, images)


def test_a_logit_near_zero_is_no_explosion():
    """It is compared with the parts that cancel in it, not with their sum."""
    model, x = bare("resnet18", 0), images(0)
    with torch.no_grad():
        logit = model(x)[0, 0]
        features = nn.Sequential(*list(model.children())[:-1], nn.Flatten())(x)[0]
        model.fc.weight[0] -= (logit - 1e-6) * features / features.square().sum()
    found = lrp(model, x, [0], composite("epsilon_plus_flat", model))
    assert abs(found.logits[0]) < 1e-5
    assert not found.exploded[0]


def test_one_image_of_several_that_explodes():
    model, x = bare("small_cnn", 0), images(0, 5)
    x[3, 0, 0, 0] = np.nan
    x[1] *= 1e-3
    found = lrp(model, x, [0] * 5, composite("epsilon_plus_flat", model))
    assert found.exploded.tolist() == [False, False, False, True, False]
    with pytest.raises(InputError, match="of 'p3' explodes"):
        refuse_exploded(found, "epsilon_plus_flat", [f"p{row}" for row in range(5)])


@pytest.mark.parametrize(
    ("targets", "words"),
    [([0], "1 targets for 2 images"), ([0, 4], "target 4: .* 0 to 3"), ([-1, 0], "target -1")],
)
def test_wrong_targets(targets, words):
    model = bare("small_cnn", 0)
    with pytest.raises(InputError, match=words):
        lrp(model, images(0, 2), targets, composite("epsilon_plus_flat", model))


def test_no_image():
    model = bare("small_cnn", 0)
    with pytest.raises(InputError, match="no image"):
        lrp(model, images(0, 2)[:0], [], composite("epsilon_plus_flat", model))


class OtherBlock(BasicBlock):
    """Bears torchvision's name, and adds twice the branch."""

    def forward(self, x):
        return torch.relu(x + 2 * self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))


def test_a_block_that_only_inherits_from_torchvisions_is_taken_for_what_it_computes():
    model = with_biases("small_resnet", 0)
    other = copy.deepcopy(model)
    model.layer4[0] = OtherBlock(32, 32).double().eval()
    other.layer4[0] = BasicBlock(32, 32).double().eval()
    other.layer4[0].load_state_dict(model.layer4[0].state_dict())
    with torch.no_grad():
        other.layer4[0].bn2.weight *= 2
    x = images(0, 2)
    torch.testing.assert_close(model(x), other(x))
    found, expected = (lrp(each, x, [0, 1], composite("epsilon_plus_flat", each)).maps for each in (model, other))
    np.testing.assert_allclose(found, expected, atol=1e-3 * abs(expected).max())


@pytest.mark.parametrize(
    ("name", "words"),
    [("epsilon_plus", "did you mean 'epsilon_plus_flat'"), ("epsilon_gamma_box", "least and greatest values")],
)
def test_a_composite_that_cannot_be_made(name, words):
    with pytest.raises(InputError, match=words):
        composite_for(name, bare("small_cnn", 0), images(0))


@pytest.mark.parametrize(("network", "layer"), [("attention_resnet50", "attention"), ("efficientnet_b0", "features.5")])
def test_units_of_a_layer_on_every_way_have_the_whole_relevance(network, layer):
    model, x = bare(network, 0).float(), images(0).float()
    which = composite("epsilon_plus_flat", model)
    units = layer_relevance(model, which, x, [layer]).relevance[layer]
    found = lrp(model, x, None, which)
    np.testing.assert_allclose(units.sum((1, 2, 3)), found.totals, rtol=0.01)
    assert isinstance(model.get_submodule(layer), ChannelAttention | nn.Sequential)


@pytest.mark.parametrize("network", ["small_cnn", "small_resnet"])
@pytest.mark.parametrize("name", ["epsilon_plus_flat", "epsilon_gamma_box"])
def test_an_end_looked_at_once_gives_the_same_relevance_and_spares_a_pass(network, name):
    model, x = build(f"lucidag.models.small:{network}", 3, {}, 0).eval(), images(1).float()
    rules = composite(name, model)
    ending = ending_of(model, x, [rules])
    passes = []
    with watching(model, lambda call: passes.append(call.name), [""]):
        anew = lrp(model, x, None, rules)
        first = len(passes)
        once = lrp(model, x, None, rules, ending=ending)
    assert (first, len(passes) - first) == (2, 1)
    for each in ("maps", "totals", "logits", "growth", "exploded"):
        np.testing.assert_array_equal(getattr(once, each), getattr(anew, each))


def test_an_end_is_not_given_for_a_form_with_another_function():
    model, x = bare("small_cnn", 0).float(), images(0).float()
    rules = composite("epsilon_plus_flat", model)

    class Doubled(Canonizer):
        def apply(self, root_module):
            self.hook = root_module.register_forward_hook(lambda module, inputs, output: 2 * output)
            return [self]

        def register(self):
            pass

        def copy(self):
            return self

        def remove(self):
            self.hook.remove()

    rules.canonizers = [*rules.canonizers, Doubled()]
    for asked in (lambda: ending_of(model, x, [rules]), lambda: lrp(model, x, None, rules)):
        with pytest.raises(InputError, match=r"in canonical form it gives other logits"):
            asked()

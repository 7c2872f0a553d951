"""Relevance through attention: against sums by hand, what must add up, and one network written in several ways."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torchvision.models import SwinTransformer, VisionTransformer

from lucidag.explain.relevance.attention import ATTN_LRP, CP_LRP, VARIANTS
from lucidag.explain.relevance.composites import COMPOSITES, composite_for, name_of
from lucidag.explain.relevance.covered import check_covered
from lucidag.explain.relevance.functions import Rule
from lucidag.explain.relevance.fused import FUSED
from lucidag.explain.relevance.lrp import lrp
from lucidag.explain.relevance.passing import evenly, through_softmax
from lucidag.ground.errors import InputError
from tests.models.vits import CLASSES, HEADS, PATCH, WAYS, WIDTH, images, vit
from tests.relevance.bare import bare, without_biases

BOTH = ("epsilon_plus_flat", "attn_lrp")
LOW, HIGH = torch.full((1, 3, 1, 1), -5.0).double(), torch.full((1, 3, 1, 1), 5.0).double()


def maps_of(model, x, name, targets=None):
    targets = [place % CLASSES for place in range(len(x))] if targets is None else targets
    return lrp(model, x, targets, composite_for(name, model, x, LOW, HIGH)).maps


# One network, however it is written.


@cache
def written_out(name, seed):
    return maps_of(vit("plain", seed).double(), images(seed).double(), name)


@pytest.mark.parametrize("way", WAYS[1:])
@pytest.mark.parametrize(("name", "seed"), [*((name, 0) for name in COMPOSITES), *((name, 1) for name in BOTH)])
def test_each_way_of_writing_attention_has_the_same_maps(name, seed, way):
    expected, found = written_out(name, seed), maps_of(vit(way, seed).double(), images(seed).double(), name)
    assert np.isfinite(expected).all()
    assert abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-5 * abs(expected).max(), rtol=0)


def test_the_two_ways_through_attention_differ():
    model, x = vit("fused").double(), images(0).double()
    one, other = (maps_of(model, x, name) for name in BOTH)
    assert np.linalg.norm(one - other) > 0.1 * np.linalg.norm(one)


# What must add up.


def nothing_added(model):
    """Leave no constant on the way from the image to the logits."""
    changed = without_biases(model.double())
    with torch.no_grad():
        for name, parameter in changed.named_parameters():
            if name.endswith(("in_proj_bias", "position", "relative_position_bias_table")):
                parameter.zero_()
    return changed.eval()


def transformer(way, depth, seed):
    return nothing_added(vit(way, seed, pool="mean", front=0, depth=depth))


def swin(seed):
    """Windows of 2 x 2 of 4 x 4 tokens, the second block's shifted, with a mask."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = SwinTransformer([4, 4], 8, [2, 2], [2, 2], [2, 2], num_classes=CLASSES)
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.5)
    return nothing_added(model)


NETWORKS = {
    "2 layers": (lambda seed: transformer("multihead", 2, seed), 12),
    "6 layers": (lambda seed: transformer("multihead", 6, seed), 12),
    "6 layers, by hand": (lambda seed: transformer("plain", 6, seed), 12),
    "windows": (swin, 16),
}


def square(seed, size, count=2):
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(40 + seed), dtype=torch.float64)


def of_softmaxes(composite):
    """Collect what each softmax gets and gives on, by images."""
    by_function, kept = composite.canonizers[-1], []
    plain = by_function.rules["softmax"]

    def apply(call):
        (x,), output = call.terms, plain.apply(call)
        if output.requires_grad:
            output.register_hook(lambda relevance: kept.append(relevance.flatten(1).sum(1)))
            x.register_hook(lambda relevance: kept.append(-relevance.flatten(1).sum(1)))
        return output

    by_function.rules = {**by_function.rules, "softmax": Rule(apply)}
    return kept


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_with_constant_weights_the_pixels_have_the_logit(network, seed, exact):
    build, size = NETWORKS[network]
    model, x = build(seed), square(seed, size)
    rules = composite_for("epsilon_plus_flat", model, x)
    kept = of_softmaxes(rules)
    found = lrp(model, x, [0, 1], rules)
    np.testing.assert_allclose(found.totals / found.logits, 1, atol=1e-6)
    assert not kept
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model(leaf)[[0, 1], [0, 1]].sum(), leaf)
    plain = (slope * x).sum((1, 2, 3)).numpy() / found.logits
    assert abs(plain - 1).max() > 0.05


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_what_keeps_divisors_from_zero_keeps_little(network, seed):
    build, size = NETWORKS[network]
    model, x = build(seed), square(seed, size)
    found = lrp(model, x, [0, 1], composite_for("epsilon_plus_flat", model, x))
    np.testing.assert_allclose(found.totals / found.logits, 1, atol=1e-3)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("network", NETWORKS)
def test_through_the_softmax_the_pixels_have_the_logit_but_for_what_it_keeps(network, seed, exact):
    build, size = NETWORKS[network]
    model, x = build(seed), square(seed, size, 1)
    rules = composite_for("attn_lrp", model, x)
    kept = of_softmaxes(rules)
    found = lrp(model, x, [1], rules)
    softmaxes = float(torch.stack([each.sum() for each in kept]).sum())
    assert (found.totals[0] + softmaxes) / found.logits[0] == pytest.approx(1, abs=1e-6)
    assert abs(softmaxes / found.logits[0]) > 1e-3  # Taylor's constant


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("which", ["small_cnn", "small_resnet", "small_efficientnet"])
def test_without_attention_its_way_makes_no_difference(which, seed):
    """Gates by a sigmoid count as constants in both; what is left are the gamma rules."""
    model, x = bare(which, seed), square(seed, 32)
    rules = composite_for("attn_lrp", model, x)
    found = lrp(model, x, [0, 1], rules)
    assert (found.totals / found.logits).tolist() == pytest.approx([1, 1], abs=0.01)
    rules.canonizers[-1].rules = VARIANTS[CP_LRP]
    assert np.array_equal(lrp(model, x, [0, 1], rules).maps, found.maps)


# By hand.


def test_a_softmax_of_two():
    """Shares 1/4 and 3/4, relevance 1 and 2: x (R - 3 s)."""
    x = torch.tensor([0.0, np.log(3)], dtype=torch.float64, requires_grad=True)
    output = through_softmax(x, lambda x: x.softmax(0), 0)
    torch.testing.assert_close(output, torch.tensor([0.25, 0.75]).double())
    (found,) = torch.autograd.grad(output, x, torch.tensor([1.0, 2.0]).double())
    torch.testing.assert_close(found, torch.tensor([0.0, -0.25 * np.log(3)], dtype=torch.float64))


def test_a_product_of_two():
    """1/4 of 2 and 3/4 of 4 are 7/2, whose relevance is 7: half of it to each side, 1 to 6."""
    shares, values = torch.tensor([[0.25, 0.75]]).double(), torch.tensor([[2.0], [4.0]]).double()
    terms = [shares.requires_grad_(), values.requires_grad_()]
    found = torch.autograd.grad(evenly(terms, torch.matmul), terms, torch.tensor([[7.0]]).double())
    torch.testing.assert_close(found[0], torch.tensor([[0.5, 3.0]]).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(found[1], torch.tensor([[0.5], [3.0]]).double(), atol=1e-5, rtol=0)


def test_a_square_has_all_relevance_of_itself():
    x = torch.tensor([2.0, -3.0]).double().requires_grad_()
    (found,) = torch.autograd.grad(evenly([x, x], torch.mul), x, torch.tensor([5.0, 7.0]).double())
    torch.testing.assert_close(found, torch.tensor([5.0, 7.0]).double(), atol=1e-5, rtol=0)


class TwoTokens(nn.Module):
    """One head over two pixels, each a token of one number; a logit a token."""

    def __init__(self, q, k, v):
        super().__init__()
        self.q, self.k, self.v = q, k, v

    def forward(self, x):
        tokens = x.flatten(1)[..., None]
        scores = (self.q * tokens) @ (self.k * tokens).transpose(1, 2)
        return (scores.softmax(-1) @ (self.v * tokens)).flatten(1)


def by_sums(x, q, k, v, target, through):
    """AttnLRP (or, not through the softmax, CP-LRP) with a loop for each sum."""
    scores = [[q * x[t] * k * x[s] for s in range(2)] for t in range(2)]
    shares = [[np.exp(one) / sum(np.exp(other) for other in row) for one in row] for row in scores]
    logit = sum(shares[target][s] * v * x[s] for s in range(2))
    part = [shares[target][s] * v * x[s] for s in range(2)]  # relevance is the logit
    pixels = [each / 2 if through else each for each in part]
    if through:
        own = [each / 2 for each in part]
        for s in range(2):
            score = scores[target][s] * (own[s] - shares[target][s] * sum(own))
            pixels[target] += score / 2
            pixels[s] += score / 2
    return logit, pixels


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", BOTH)
def test_one_head_and_two_tokens(name, seed):
    drawn = np.random.default_rng(seed)
    x, (q, k, v) = drawn.uniform(0.5, 2, 2), map(float, drawn.uniform(0.5, 1.5, 3))
    image, target = torch.from_numpy(x).reshape(1, 1, 1, 2), seed % 2
    found = lrp(TwoTokens(q, k, v), image, [target], composite_for(name, TwoTokens(q, k, v), image))
    logit, expected = by_sums(x, q, k, v, target, name == "attn_lrp")
    assert found.logits[0] == pytest.approx(logit, rel=1e-5)
    np.testing.assert_allclose(found.maps[0, 0], expected, atol=1e-4)


# Torch's own layer, taken apart.


class Parts(TorchFunctionMode):
    """Runs fused functions by their parts."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name not in FUSED:
            return func(*args, **(kwargs or {}))
        self.seen.append(name)
        return FUSED[name](*args, **(kwargs or {}))


def tokens(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


UPPER = torch.ones(5, 5, dtype=torch.bool).triu(1)
PADDED = torch.tensor([[False] * 5, [False, False, False, True, True], [False, True, False, False, False]])
LAYERS = {
    "plain": ({}, {}),
    "batch first": ({"batch_first": True}, {}),
    "without biases": ({"bias": False}, {}),
    "weights of each head": ({}, {"average_attn_weights": False}),
    "no weights": ({}, {"need_weights": False}),
    "a mask": ({}, {"attn_mask": UPPER}),
    "a mask of numbers": ({}, {"attn_mask": tokens(3, 5, 5)}),
    "a mask of each image and head": ({}, {"attn_mask": UPPER.expand(6, 5, 5)}),
    "causal": ({}, {"attn_mask": UPPER, "is_causal": True, "need_weights": False}),
    "causal, with weights": ({}, {"attn_mask": UPPER, "is_causal": True}),
    "padding": ({}, {"key_padding_mask": PADDED}),
    "padding of numbers": ({}, {"key_padding_mask": tokens(4, 3, 5)}),
    "padding and a mask": ({}, {"key_padding_mask": PADDED, "attn_mask": UPPER, "need_weights": False}),
    "constant keys": ({"add_bias_kv": True}, {}),
    "zeros": ({"add_zero_attn": True}, {"attn_mask": UPPER}),
    "constant keys and zeros": ({"add_bias_kv": True, "add_zero_attn": True}, {"key_padding_mask": PADDED}),
}


def layer(**how):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = nn.MultiheadAttention(WIDTH, HEADS, **how).double().eval()
        for parameter in made.parameters():
            nn.init.normal_(parameter, std=0.5)
    return made


def same_by_parts(attention, inputs, **given):
    expected = attention(*inputs, **given)
    with Parts() as parts:
        found = attention(*inputs, **given)
    assert parts.seen[0] == "multi_head_attention_forward"
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other)


@pytest.mark.parametrize("case", LAYERS)
def test_the_parts_of_a_layer_give_what_it_gives(case):
    how, given = LAYERS[case]
    shape = (3, 5, WIDTH) if how.get("batch_first") else (5, 3, WIDTH)
    x = tokens(1, *shape)
    same_by_parts(layer(**how), [x, x, x], **given)
    if "attn_mask" not in given:  # of keys and values of their own
        same_by_parts(layer(**how), [tokens(seed, *shape) for seed in (1, 2, 2)], **given)


def test_the_parts_of_a_layer_with_one_image_or_several_widths():
    x = tokens(1, 5, WIDTH)
    same_by_parts(layer(), [x, x, x])
    same_by_parts(layer(), [x, x, x], attn_mask=UPPER, key_padding_mask=PADDED[1], average_attn_weights=False)
    inputs = [tokens(1, 5, 3, WIDTH), tokens(2, 7, 3, 3), tokens(3, 7, 3, 4)]
    same_by_parts(layer(kdim=3, vdim=4), inputs)
    same_by_parts(layer(kdim=3, vdim=4, bias=False), inputs)


class Masked(nn.Module):
    """Attention over the patches of an image, of which some are masked for all others; the first is read."""

    def __init__(self, attend):
        super().__init__()
        self.embed, self.layer, self.attend = nn.Conv2d(3, WIDTH, PATCH, PATCH), layer(batch_first=True), attend
        self.head = nn.Linear(WIDTH, CLASSES)
        self.hidden = torch.tensor([False] * 5 + [True] * 4)

    def forward(self, x):
        return self.head(self.attend(self, self.embed(x).flatten(2).transpose(1, 2))[:, 0])


def spread(m, numbers=False):
    mask = m.hidden.expand(9, 9)
    return torch.zeros(9, 9).double().masked_fill(mask, -torch.inf) if numbers else mask


MASKS = {
    "padding": lambda m, x: m.layer(x, x, x, key_padding_mask=m.hidden.expand(len(x), -1))[0],
    "a mask": lambda m, x: m.layer(x, x, x, attn_mask=spread(m))[0],
    "fused": lambda m, x: functional.scaled_dot_product_attention(x, x, x, attn_mask=~spread(m)),
    "fused, numbers": lambda m, x: functional.scaled_dot_product_attention(x, x, x, spread(m, numbers=True)),
    "by hand": lambda m, x: (x @ x.mT).masked_fill(spread(m), -torch.inf).softmax(-1) @ x,
    "added": lambda m, x: (x @ x.mT + spread(m, numbers=True)).softmax(-1) @ x,
}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("mask", MASKS)
def test_what_is_masked_has_no_relevance(mask, name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Masked(MASKS[mask]).double()
    found = maps_of(model, images(0).double(), name)
    assert np.isfinite(found).all()
    assert abs(found[:, :4]).max() > 0
    assert not found[:, 8:].any()
    assert not found[:, 4:8, 8:].any()


# What is refused, by name.


def attended(m, x, **given):
    given = {"training": False, "dropout_p": 0.0, **given}
    how = (m.layer.in_proj_weight, m.layer.in_proj_bias, None, None, False, given.pop("dropout_p"))
    out = (m.layer.out_proj.weight, m.layer.out_proj.bias)
    return functional.multi_head_attention_forward(x, x, x, WIDTH, HEADS, *how, *out, **given)[0]


STATIC = tokens(0, 9 * HEADS, 1, WIDTH // HEADS)  # as torch sees it, one token of each of nine images
REFUSED = {
    "static keys": (lambda m, x: attended(m, x, static_k=STATIC), "with 'static_k'"),
    "static values": (lambda m, x: attended(m, x, static_v=STATIC), "with 'static_v'"),
    "a layer at random": (
        lambda m, x: attended(m, x, training=True, dropout_p=0.5),
        "'multi_head_attention_forward' at random",
    ),
    "at random": (
        lambda m, x: functional.scaled_dot_product_attention(x, x, x, dropout_p=0.5),
        "'scaled_dot_product_attention' at random",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("name", BOTH)
def test_attention_without_a_rule(case, name):
    attend, words = REFUSED[case]
    with pytest.raises(InputError, match=words) as caught:
        composite_for(name, Masked(attend).double(), images(0, 1).double())
    assert "leave this one out" in str(caught.value)


@pytest.mark.parametrize(
    ("attend", "words"),
    [
        (lambda m, x: (x @ x.mT).cos().softmax(-1) @ x, "computes 'cos'"),
        (lambda m, x: torch.cdist(x, x).softmax(-1) @ x, "computes 'cdist'"),
        (lambda m, x: x.clone().mul_(x.softmax(-1)), "computes 'mul' in place, of several things"),
        (lambda m, x: x / x.softmax(-1), "computes '(true)?div'"),
    ],
)
def test_the_way_through_the_softmax_needs_rules_for_the_scores(attend, words):
    with pytest.raises(InputError, match=words):
        check_covered(Masked(attend).double(), images(0, 1).double(), VARIANTS[ATTN_LRP])


@pytest.mark.parametrize("rules", VARIANTS)
def test_networks_of_torchvision_are_covered(rules):
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for model in (VisionTransformer(32, 16, 2, 2, 8, 16, num_classes=3), swin(0).float()):
        check_covered(model, x, VARIANTS[rules])


# Names, and functions that add a product.


@pytest.mark.parametrize("name", COMPOSITES)
def test_a_composite_keeps_its_name(name):
    assert COMPOSITES[name].attention in VARIANTS
    assert name_of(composite_for(name, vit().double(), images(0).double(), LOW, HIGH)) == name


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("added", "plain"),
    [
        (
            lambda m, x: torch.baddbmm(m.shift, x, x.mT).softmax(-1) @ x,
            lambda m, x: (x @ x.mT + m.shift).softmax(-1) @ x,
        ),
        (
            lambda m, x: m.shift.expand(len(x), 9, 9).baddbmm(x, x.mT, beta=0.5, alpha=0.25).softmax(-1) @ x,
            lambda m, x: (0.25 * (x @ x.mT) + 0.5 * m.shift).softmax(-1) @ x,
        ),
        (
            lambda m, x: torch.addmm(m.layer.out_proj.bias, x.flatten(0, 1), m.square).reshape(x.shape),
            lambda m, x: x @ m.square + m.layer.out_proj.bias,
        ),
    ],
)
def test_a_sum_with_a_product_has_the_maps_of_both(added, plain, name):
    found = []
    for attend in (added, plain):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model = Masked(attend).double()
        model.shift, model.square = tokens(5, 9, 9).abs(), tokens(6, WIDTH, WIDTH)
        found.append(maps_of(model, images(0).double(), name))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5 * abs(found[1]).max(), rtol=0)

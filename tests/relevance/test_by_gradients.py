"""Relevance in a transformer is the gradient times the input of a network that holds the right parts constant.

By the epsilon rule, a linear layer's relevance is its input times the gradient. So constant weights of attention
(CP-LRP) are softmaxes without a gradient, and AttnLRP is a half of the gradient on either side of a product.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional

from lucidag.explain.relevance.attention import ATTN_LRP, CP_LRP, VARIANTS
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.layers import layer_relevance
from tests.models.vits import HEADS, WIDTH, images, vit


def halved(x):
    return (x + x.detach()) / 2


def normed(norm, x):
    own = x - x.mean(-1, keepdim=True)
    deviation = (own.detach().square().mean(-1, keepdim=True) + norm.eps).sqrt()
    return own / deviation * norm.weight + norm.bias


def gated(x):
    return x * (functional.gelu(x) / x).detach()


def attended(layer, x, variant):
    """Attend by matrices of numbers, head by head."""
    q, k, v = functional.linear(x, layer.in_proj_weight, layer.in_proj_bias).chunk(3, -1)
    mixed = []
    for one, other, value in zip(q.chunk(HEADS, -1), k.chunk(HEADS, -1), v.chunk(HEADS, -1), strict=True):
        if variant == ATTN_LRP:
            scores = halved(one) @ halved(other).mT / (WIDTH / HEADS) ** 0.5
            mixed.append(halved(scores.softmax(-1)) @ halved(value))
        else:
            mixed.append((one @ other.mT / (WIDTH / HEADS) ** 0.5).softmax(-1).detach() @ value)
    return layer.out_proj(torch.cat(mixed, -1))


def by_gradient(model, x, targets, variant):
    """Return the relevance of the patches' embeddings: their values times the gradient of the logit."""
    embedded = model.embed(x).detach().requires_grad_()
    tokens = embedded.flatten(2).transpose(1, 2)
    tokens = torch.cat([model.extra.expand(len(x), -1, -1), tokens], 1) + model.position
    for block in model.blocks:
        tokens = tokens + attended(block.attention.layer, normed(block.norm1, tokens), variant)
        first, _, second = block.mlp
        tokens = tokens + second(gated(first(normed(block.norm2, tokens))))
    tokens = normed(model.norm, tokens)
    logits = model.head(tokens[:, 0] if model.pool == "class" else tokens[:, model.front :].mean(1))
    torch.testing.assert_close(logits, model(x))
    (slope,) = torch.autograd.grad(logits[range(len(x)), targets].sum(), embedded)
    return embedded.detach() * slope


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("pool", ["class", "mean"])
@pytest.mark.parametrize("way", ["fused", "multihead", "einsum"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_relevance_of_patches_is_theirs_times_the_gradient(variant, way, pool, seed, exact):
    model, x, targets = vit(way, seed, pool=pool).double(), images(seed).double(), [0, 2]
    rules = composite_for("epsilon_plus_flat", model, x)
    rules.canonizers[-1].rules = VARIANTS[variant]
    found = layer_relevance(model, rules, x, ["embed"], targets).relevance["embed"]
    expected = by_gradient(model, x, targets, variant).numpy()
    assert abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-8 * abs(expected).max(), rtol=0)


def test_the_two_ways_are_not_the_same():
    model, x = vit("fused").double(), images(0).double()
    one, other = (by_gradient(model, x, [0, 2], variant) for variant in (CP_LRP, ATTN_LRP))
    assert float((one - other).norm()) > 0.1 * float(one.norm())

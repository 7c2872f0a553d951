"""Explanations by relevance and attention, and their faithfulness."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import nn
from torchvision.models import VisionTransformer

from benchmarks.costs.growth import Growth
from lucidag.explain.faithfulness.measure import Image, measure
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.methods.explainer import single
from lucidag.explain.methods.registry import load
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.conditional import conditional_maps
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.explain.relevance.lrp import ending_of, lrp
from lucidag.models.small import small_cnn

RULES = "epsilon_plus_flat"
PATCH = 8


def of_relevance() -> Iterator[Growth]:
    """Give relevance of pixels and units, rollout, and infidelity."""
    yield Growth("LRP of a convolutional network", "images", 4, _lrp)
    yield Growth("CRP", "units", 16, _crp)
    yield Growth("LRP of a transformer", "tokens", 16, _transformer, factor=4)
    yield Growth("attention rollout", "tokens", 16, _rollout, factor=4)
    yield Growth("infidelity", "samples", 50, _infidelity)


def _network(width: int = 16) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return small_cnn(10, width=width).eval().requires_grad_(False)


def _images(count: int, height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(0))


def _lrp(images: int) -> Callable[[], object]:
    model, x = _network(), _images(images)
    rules = composite_for(RULES, model, x[:1])
    return partial(lrp, model, x, [0] * images, rules, ending=ending_of(model, x[:1], [rules]))


def _crp(units: int) -> Callable[[], object]:
    model, x, layer = _network(units // 2), _images(1), "blocks.block2"
    rules = composite_for(RULES, model, x)

    def work() -> None:
        behind = layer_relevance(model, rules, x, [layer], [0])
        conditional_maps(model, rules, x, layer, behind, [[unit] for unit in range(units)])

    return work


def _vit(tokens: int) -> tuple[nn.Module, torch.Tensor]:
    side = round(tokens**0.5) * PATCH
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VisionTransformer(side, PATCH, 4, 4, 128, 512, num_classes=10).eval()
        nn.init.normal_(model.heads.head.weight, std=0.02)
    return model, _images(1, side, side)


def _transformer(tokens: int) -> Callable[[], object]:
    model, x = _vit(tokens)
    rules = composite_for(RULES, model, x)
    return partial(lrp, model, x, [0], rules, ending=ending_of(model, x, [rules]))


def _rollout(tokens: int) -> Callable[[], object]:
    model, x = _vit(tokens)
    return partial(load("rollout")().maps, model, x, 0)


def _infidelity(samples: int) -> Callable[[], object]:
    model, x = _network(), _images(1)
    settings = FaithfulnessSettings(metrics=["infidelity"], infidelity_samples=samples)
    maps = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(1)).numpy()
    explainer = single("drawn", lambda _, __: maps)
    return partial(measure, model, [Image("image", x[0], 0)], lambda _: [explainer], (0.25,) * 3, settings)

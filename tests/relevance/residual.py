"""Networks with residual blocks, layers of them inside and behind blocks, and what zennit-crp says of them."""

from types import SimpleNamespace

import torch
from crp.attribution import CondAttribution
from torch import nn
from torchvision.models import resnet50
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.resnet import BasicBlock, Bottleneck

from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.conditional import BATCH, conditional_maps
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.models.attention import AttentionResNet
from lucidag.models.efficientnet import efficientnet_b0_relu, with_relu
from lucidag.models.small import small_resnet
from tests.narrow import Quarter

CLASSES = 4


class AttentionQuarter(AttentionResNet, Quarter):
    """A narrow ResNet with attention over its channels."""


def half_efficientnet():
    """EfficientNet-B0 with ReLU, half of its units, and fewer blocks of a kind."""
    stages = [
        *((1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 1), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3)),
        *((6, 5, 1, 80, 112, 1), (6, 5, 2, 112, 192, 2), (6, 3, 1, 192, 320, 1)),
    ]
    return with_relu(EfficientNet([MBConvConfig(*stage, width_mult=0.5) for stage in stages], 0.2, num_classes=CLASSES))


BUILDERS = {
    "small_resnet": lambda: small_resnet(CLASSES, width=8, blocks=(1, 2, 1, 1)),
    "resnet18": lambda: Quarter(BasicBlock, [2, 2, 2, 2], CLASSES),
    "bottleneck": lambda: Quarter(Bottleneck, [1, 2, 2, 1], CLASSES),
    "resnet50": lambda: resnet50(num_classes=CLASSES),
    "efficientnet": half_efficientnet,
    "efficientnet_b0": lambda: efficientnet_b0_relu(CLASSES),
    "attention": lambda: AttentionQuarter("resnet18", BasicBlock, (2, 2, 2, 2), CLASSES, 2, 8),
}

# Each has something that runs beside it in its block; in those of DOWNSAMPLED that is a convolution.
INSIDE = [
    ("small_resnet", "layer2.1.conv1"),
    ("resnet18", "layer4.1.conv2"),
    ("bottleneck", "layer3.1.conv2"),
    ("resnet50", "layer3.1.conv2"),
    ("efficientnet", "features.6.1.block.1.0"),
    ("efficientnet", "features.4.2.block.3.1"),
    ("attention", "layer4.1.conv1"),
]
DOWNSAMPLED = [
    ("small_resnet", "layer2.0.conv2"),
    ("small_resnet", "layer3.0.downsample.0"),
    ("resnet18", "layer4.0.conv2"),
    ("resnet18", "layer3.0.downsample.1"),
    ("bottleneck", "layer4.0.conv3"),
    ("resnet50", "layer4.0.conv3"),
    ("attention", "layer4.0.conv1"),
]
# Every path from the image to the logits goes through these.
WHOLE = [
    ("small_resnet", "layer2.0"),
    ("resnet18", "layer4.1"),
    ("bottleneck", "layer3.1"),
    ("resnet50", "layer3.1"),
    ("efficientnet", "features.6.1"),
    ("efficientnet", "features.8"),
    ("attention", "layer4.1"),
    ("attention", "attention"),
]


def network(name: str, seed: int = 0, biases: bool = True) -> nn.Module:
    """Build one whose BatchNorms have the statistics of images and scales of their own, as after training."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BUILDERS[name]()
        norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.2)
        if name == "attention":
            nn.init.normal_(model.attention.score.weight)
        with torch.no_grad():
            model.train()(image(name, 50 + seed, 4).float())
    if not biases:
        for module in model.modules():
            for what in ("bias", "running_mean"):
                if isinstance(getattr(module, what, None), torch.Tensor):
                    nn.init.zeros_(getattr(module, what))
    return model.eval().requires_grad_(False).to(dtype(name))


def image(name: str = "small_resnet", seed: int = 0, count: int = 1) -> torch.Tensor:
    drawn = torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(100 + seed))
    return drawn.to(dtype(name))


def dtype(name: str) -> torch.dtype:
    """The small network is in double precision: what is left of a difference there is no rounding."""
    return torch.float64 if name == "small_resnet" else torch.float32


def rounding(name: str) -> float:
    return 1e-8 if name == "small_resnet" else 3e-4


def composite(model, name="epsilon_plus_flat", canonizers=True, example=None):
    example = (image() if example is None else example).to(next(model.parameters()))
    chosen = composite_for(name, model, example, torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0))
    if not canonizers:
        chosen.canonizers = []
    return chosen


def all_relevance(model, x, target, **which):
    """Give the heat map without any condition, by zennit alone."""
    leaf = x.clone().requires_grad_()
    with composite(model, **which).context(model) as changed:
        logit = changed(leaf)[:, target]
        (found,) = torch.autograd.grad(logit, leaf, logit.detach())
    return found.sum(dim=1)[0]


def library(model, x, layer, selections, target, exclude_parallel=True, **which):
    """Give zennit-crp's conditional heat maps, one for each selection of channels."""
    conditions = [{layer: list(chosen), "y": [target]} for chosen in selections]
    parts = CondAttribution(model).generate(
        x.clone().requires_grad_(),
        conditions,
        composite(model, **which),
        batch_size=5,
        verbose=False,
        exclude_parallel=exclude_parallel,
    )
    return torch.cat([part.heatmap.clone() for part in parts])


def conditional(model, rules, x, layer, selections=None, target=None, batch_size=BATCH) -> SimpleNamespace:
    """Give the maps of selections of units (None: each on its own), and what is known of the layer that they are of."""
    behind = layer_relevance(model, rules, x, [layer], None if target is None else [target])
    maps = conditional_maps(model, rules, x, layer, behind, selections, batch_size)
    units = len(behind.relevance[layer][0])
    return SimpleNamespace(
        target=int(behind.targets[0]),
        activation=behind.activations[layer][0],
        relevance=behind.relevance[layer][0],
        selections=tuple((unit,) for unit in range(units)) if selections is None else selections,
        maps=maps,
    )
